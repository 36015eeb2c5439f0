"""What the network sees in a face, and why: hooks, CAM methods, the engine."""
