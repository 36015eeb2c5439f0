"""What the network sees in a face, and why: hooks, CAM methods, one pass for all maps that are asked for."""
