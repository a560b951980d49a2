"""The colours of GStreamer's test picture."""

# SMPTE's bars at full strength, from the left; BGR
BARS = [
    (255, 255, 255),
    (0, 255, 255),
    (255, 255, 0),
    (0, 255, 0),
    (255, 0, 255),
    (0, 0, 255),
    (255, 0, 0),
]
