"""The shipped weights, installed as the package `emolive_model` so that they travel with emolive."""
