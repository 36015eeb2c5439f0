"""The still-image page, and what it shares with the notebook."""
