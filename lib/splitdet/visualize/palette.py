"""A colour for every class: always the same, and to be seen on light and on dark."""

from __future__ import annotations

import colorsys
from functools import lru_cache
from typing import Tuple

Colour = Tuple[int, int, int]
"""BGR, each 0..255."""
LUMINANCE = 0.18
"""Of every colour: the contrast to white, 1.05 / (L + 0.05), and to black, (L + 0.05) / 0.05, are then
equal, 4.6 to 1; text needs 4.5 to 1 (WCAG 2.1, success criterion 1.4.3)."""
_GOLDEN = 0.618033988749895  # steps of the golden ratio keep neighbouring ids far apart in hue
_SATURATIONS = (0.95, 0.6)


@lru_cache(maxsize=None)
def colour(class_id: int) -> Colour:
    """The colour of a class; white text can be read on it."""
    hue = (0.1 + class_id * _GOLDEN) % 1.0
    saturation = _SATURATIONS[class_id // 45 % 2]  # past 45 ids hues come close; then they look paler
    low, high = 0.0, 1.0
    for _ in range(16):  # the luminance rises with the lightness
        lightness = (low + high) / 2
        red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
        if luminance(red, green, blue) < LUMINANCE:
            low = lightness
        else:
            high = lightness
    return round(255 * blue), round(255 * green), round(255 * red)


def luminance(red: float, green: float, blue: float) -> float:
    """Relative luminance of a colour of sRGB, as WCAG 2.1 defines it.

    Args:
        red, green, blue: each 0..1.
    """
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in (red, green, blue)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
