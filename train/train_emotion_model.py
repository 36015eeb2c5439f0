#!/usr/bin/env python
"""The recipe that made the shipped weights: `emolive train` with the settings in settings.json beside this script.

    python train/train_emotion_model.py DATA --out runs/shipped
    torchrun --nproc-per-node 2 train/train_emotion_model.py DATA --out runs/shipped

DATA is what prepare_fer2013.py writes. All options of `emolive train` can be given and come first.
"""

import sys
from pathlib import Path

from emolive.commands.main import main

if __name__ == "__main__":
    sys.argv[1:] = ["train", "--settings", str(Path(__file__).parent / "settings.json"), *sys.argv[1:]]
    main()
