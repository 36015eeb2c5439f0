"""emolive: see inside an emotion-recognition network while it looks at faces."""

__version__ = "0.1.0"
