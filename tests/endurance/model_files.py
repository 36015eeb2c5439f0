"""Model files that were damaged, or that carry a program which would leave a file behind if it were run."""

import builtins
import io
import json
import os
import pathlib
import pickle
import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from mutate import cut, damaged

ODD = (0, -1, 3, 2**31, 2**63, 10**30, 1e308, "", "F16", "I64", "x" * 5000, None, True, [], {}, [[[]]], [1] * 99)
"""What is put where something else belongs."""


def safetensors(data: bytes, seed: int) -> bytes:
    """A `.safetensors` file that was cut, whose length or header has other bytes, or whose facts are nonsense."""
    size = int.from_bytes(data[:8], "little")
    kind, rng = seed % 4, np.random.default_rng(seed)
    if kind == 0:
        return cut(data, seed)
    if kind == 1:
        return damaged(data, seed, 0, 8)
    if kind == 2:
        return damaged(data, seed, 8, 8 + size)
    header = json.loads(data[8 : 8 + size])
    if rng.integers(2):
        facts = json.loads(header["__metadata__"]["emolive"])
        facts[str(rng.choice(list(facts)))] = _odd(rng)
        header["__metadata__"]["emolive"] = json.dumps(facts)
    else:
        tensor = header[str(rng.choice([name for name in header if name != "__metadata__"]))]
        tensor[str(rng.choice(list(tensor)))] = _odd(rng)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def pickled(data: bytes, seed: int) -> bytes:
    """A `.pt` file that was cut, or whose pickle, or whose directory of the ZIP, has other bytes."""
    pickle_at = data.index(b"data.pkl")
    stream = pickle_at, data.index(b"PK\3\4", pickle_at)
    directory = data.index(b"PK\1\2", len(data) - 30_000), len(data)
    begin, end = stream if seed % 3 == 1 else directory
    return cut(data, seed) if seed % 3 == 0 else damaged(data, seed, begin, end)


def saved(state: dict[str, torch.Tensor]) -> bytes:
    """A state dict as a `.pt` file."""
    out = io.BytesIO()
    torch.save(state, out)
    return out.getvalue()


def _odd(rng: np.random.Generator) -> Any:
    return ODD[rng.integers(len(ODD))]


class Calls:
    """Is pickled as the call of a function; unpickling it is calling it."""

    def __init__(self, function: Callable, *words: object) -> None:
        self._call = function, words

    def __reduce__(self) -> tuple:
        return self._call


def programs(mark: pathlib.Path) -> list[Calls]:
    """Programs that would make the file `mark`."""
    text = f"open({str(mark)!r}, 'w')"
    return [
        Calls(os.system, f"touch {mark}"),
        Calls(builtins.exec, text),
        Calls(builtins.eval, text),
        Calls(open, str(mark), "w"),
        Calls(subprocess.call, ["touch", str(mark)]),
        Calls(pathlib.Path.touch, mark),
        Calls(torch.save, {}, str(mark)),
        Calls(np.savetxt, str(mark), np.zeros(1)),
    ]


def with_program(mark: pathlib.Path, state: dict[str, torch.Tensor], seed: int) -> bytes:
    """A file with a program in it: as ZIP, in torch's old format or as a bare pickle; every second one damaged too."""
    found, rng, out = programs(mark), np.random.default_rng(seed), io.BytesIO()
    program = found[seed % len(found)]
    content = ({"a": program}, program, {**state, "fc.bias": program}, {"state_dict": {**state, "x": [program]}})
    chosen, form = content[rng.integers(4)], rng.integers(3)
    if form == 2:
        pickle.dump(chosen, out, int(rng.integers(6)))
    else:
        torch.save(chosen, out, _use_new_zipfile_serialization=not form)
    return damaged(out.getvalue(), seed) if rng.integers(2) else out.getvalue()
