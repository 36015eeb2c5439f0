"""What `emolive bench` measures: the real loop against the bare cost of its network, in the same run."""
