"""Whatever questions an explanation: masks, curves, random weights, agreement."""
