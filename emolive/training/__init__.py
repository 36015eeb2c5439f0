"""Training and measuring emotion networks."""
