"""What the report of tests/reports is made of."""

HOSTILE = '<script>alert("x")&amp;.png'
"""A file name that would run in a page which does not escape it."""

METHODS, LAYERS = ("gradcam", "cam", "activation", "guided"), ("layer3", "layer4")
