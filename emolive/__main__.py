"""`python -m emolive` is the same as `emolive`."""

from emolive.cli import main

main()
