"""Runs in fer's own environment: reads frames from standard input, writes how long `detect_emotions` took over each.

A frame is its height and width as two little-endian 32-bit numbers, then its BGR bytes; an answer is a line of JSON,
{"ms": …, "faces": …}. The first line, before any frame, gives the versions of its packages. Ends when its input does.
"""

import json
import os
import struct
import sys
import time
from importlib.metadata import version

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # whatever a library prints must not look like an answer

import numpy as np  # noqa: E402
import tensorflow  # noqa: E402
from fer.fer import FER  # noqa: E402


def main() -> None:
    """Answer until the input ends."""
    detector = FER()
    versions = {"fer": version("fer"), "tensorflow": tensorflow.__version__}
    print(json.dumps(versions), file=answers, flush=True)
    while header := sys.stdin.buffer.read(8):
        height, width = struct.unpack("<II", header)
        frame = np.frombuffer(sys.stdin.buffer.read(height * width * 3), np.uint8).reshape(height, width, 3)
        began = time.perf_counter()
        faces = detector.detect_emotions(frame)
        ms = (time.perf_counter() - began) * 1e3
        print(json.dumps({"ms": ms, "faces": len(faces)}), file=answers, flush=True)


if __name__ == "__main__":
    main()
