"""From one video to a corpus: the same engine over many videos, on one machine or on a cluster."""
