"""The shipped weights, installed as the package `emolive.weights` so that they travel with emolive."""
