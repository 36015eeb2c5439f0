"""Where frames come from and where they go: sources, recorder, data files."""
