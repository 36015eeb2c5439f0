"""emolive: see inside an emotion-recognition network while it looks at faces."""

from emolive.core.threads import set_waiting

set_waiting()

__version__ = "0.1.0"
