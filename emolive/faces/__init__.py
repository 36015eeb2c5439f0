"""From a frame to faces: detect, track, crop."""
