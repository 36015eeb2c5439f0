"""What is imported later is not loaded, and is the real thing once it is called."""

import subprocess
import sys

import pytest


def said(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_a_function_of_what_is_loaded_later_is_the_real_one_when_called():
    code = (
        "import sys; from emolive.core.imports import later\n"
        "with later('xml.sax.saxutils'):\n"
        "    from xml.sax.saxutils import escape\n"
        "    import xml.sax.saxutils as tools\n"
        "print('xml.sax' in sys.modules, escape('<'), tools.unescape('&lt;'), 'xml.sax' in sys.modules)\n"
        "import xml.sax.saxutils; print(xml.sax.saxutils is not tools, xml.sax.saxutils.escape('>'))"
    )
    assert said(code) == "False &lt; < True\nTrue &gt;"


def test_what_is_loaded_already_is_left_alone():
    code = (
        "import sys, json.decoder; from emolive.core.imports import later\n"
        "with later('json.decoder'):\n"
        "    from json.decoder import JSONDecoder\n"
        "print(JSONDecoder is json.decoder.JSONDecoder, sys.modules['json'] is json)"
    )
    assert said(code) == "True True"


@pytest.mark.ci
def test_a_network_is_loaded_without_the_compiler_and_faces_are_found_without_plots():
    code = (
        "import sys; from emolive.networks.checkpoint import load; load();"
        "from emolive.faces.native import load_mediapipe; load_mediapipe();"
        "names = ['torch._dynamo', 'matplotlib']; print([name for name in names if name in sys.modules]);"
        "import torch, matplotlib.pyplot as plt;"
        "print(torch.compile(lambda x: x + 1, backend='eager')(torch.ones(1)).item(), plt.figure)"
    )
    assert said(code).startswith("[]\n2.0 <function figure")
