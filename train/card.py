"""The figures of the model card, written from model/report.json between two marks in model/README.md."""

from __future__ import annotations

import json
import sys
from pathlib import Path

BEGIN, END = "<!-- figures: written by train/measure.py -->", "<!-- end of figures -->"
CROPS = {"none": "single crop", "flip": "with the mirrored crop", "tencrop": "ten crops"}


def percent(value: float) -> str:
    """A fraction as per cent with two digits."""
    return f"{100 * value:.2f} %"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a Markdown table."""
    return ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]


def figures(report: dict) -> str:
    """The card's section of figures, from the report and nothing else."""
    checkpoint, speed = report["checkpoint"], report["speed"]
    lines = [
        f"`emotion_resnet18.safetensors`: {checkpoint['bytes']} bytes, sha256 `{checkpoint['sha256']}`.",
        f"Faces are seen at {checkpoint['input_size']}×{checkpoint['input_size']} pixels; `layer4` gives a map of "
        f"{speed['grid'][0]}×{speed['grid'][1]}. One face takes {speed['ms']:.1f} ms, preparation included "
        f"({speed['threads']} threads of a 2-core x86-64 CPU, float32).",
        f"Logits are divided by {checkpoint['temperature']:.3f}, fitted on PublicTest.",
        "",
    ]
    rows = [
        [name, CROPS[tta], str(r["n"]), percent(r["accuracy"]), percent(r["macro_f1"]), percent(r["ece"]),
         f"{percent(r['ferplus_accuracy'])} of {r['ferplus_n']}"]
        for name, split in (("PublicTest (chosen on)", "validation"), ("PrivateTest", "test"))
        for tta, r in report[split].items()
    ]  # fmt: skip
    head = ["pictures", "looked at", "n", "accuracy", "macro F1", "calibration error", "FER+ majority"]
    lines += [*table(head, rows), "", "Recall on each class, PrivateTest:", ""]
    labels = report["test"]["none"]["labels"]
    recalls = [[CROPS[tta], *(percent(r["recall"][label]) for label in labels)] for tta, r in report["test"].items()]
    lines += [*table(["", *labels], recalls), ""]
    lines += ["Found again by each detector in a larger picture (pictures of PrivateTest, enlarged and pasted):", ""]
    rows = []
    for kind, p in report["pasted"].items():
        margin = f"{checkpoint['crop_margin'][kind]:g}"
        accuracy = [percent(p[name]) for name in ("found", "accuracy_crops", f"accuracy_at_{margin}")]
        rows.append([kind, margin, *accuracy, f"{p['margin']:.2f}", f"{100 * p['dy']:+.0f} %"])
    head = ["detector", "margin used", "found", "accuracy on these pictures themselves", "through the detector",
            "picture width / box width, median", "box centre below the picture's, median"]  # fmt: skip
    lines += [*table(head, rows), ""]
    for kind, seen in report["photos"].items():
        wrong = [f"{label} seen as {guess}" for label, guess in seen.items() if label != guess]
        right = len(seen) - len(wrong)
        lines.append(f"- The {len(seen)} photographs through `{kind}`: {right} right"
                     + (f" ({', '.join(wrong)})." if wrong else "."))  # fmt: skip
    return "\n".join(lines)


def write_card(path: Path, report: dict) -> None:
    """Put the figures between the marks in the card."""
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    path.write_text(f"{before}{BEGIN}\n\n{figures(report)}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    model = Path(__file__).resolve().parent.parent / "model"
    sys.exit(write_card(model / "README.md", json.loads((model / "report.json").read_text(encoding="utf-8"))))
