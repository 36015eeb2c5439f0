"""Sheets and pages for `emolive explain` and `emolive plot`."""
