"""`python -m emolive` is the same as `emolive`."""

from emolive.commands.main import main

main()
