"""From a scene to pictures, and from keys and clicks to settings."""
