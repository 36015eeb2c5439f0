"""What every room knows: the values that travel, the options, errors, files. It imports nothing of emolive's own."""
