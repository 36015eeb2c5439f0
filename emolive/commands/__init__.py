"""The commands of emolive, one file a group. They parse and wire; what is heavy is imported when it is called."""
