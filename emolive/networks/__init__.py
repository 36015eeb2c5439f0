"""From a checkpoint to a network: its weights, its labels, what it wants its crops to look like."""
