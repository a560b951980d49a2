"""Keys of config.yml that hold a list: from what a user wrote to a tuple."""

from __future__ import annotations

from typing import Any, Tuple, Union

CPU = "cpu"
_MOST_GPUS = 1024
Point = Tuple[float, float]
_LEAST_AREA = 1e-9  # of a triangle, as a share of the frame; less is a line


def as_classes(value: Any) -> Tuple[Union[int, str], ...]:
    """Names and ids of classes: a list, or one line with commas in it, which a shell leaves alone.

    Raises:
        ValueError: something else.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        value = [name.strip() for name in value.split(",")]
    elif isinstance(value, int) and not isinstance(value, bool):
        value = [value]
    if not isinstance(value, (list, tuple)):
        raise ValueError
    for name in value:
        if isinstance(name, bool) or not isinstance(name, (int, str)) or name == "":
            raise ValueError
    return tuple(value)


def as_devices(value: Any) -> Tuple[Union[int, str], ...]:
    """Numbers of GPUs and `cpu`: a list, or one line with commas in it, which a shell leaves alone.

    Raises:
        ValueError: something else.
    """
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        value = value.split(",")
    elif not isinstance(value, (list, tuple)):
        value = [value]
    return tuple(_as_device(device) for device in value)


def _as_device(device: Any) -> Union[int, str]:
    if isinstance(device, str):
        device = device.strip().lower()
        if device == CPU:
            return CPU
        device = int(device)
    if isinstance(device, bool) or not isinstance(device, int) or not 0 <= device < _MOST_GPUS:
        raise ValueError
    return device


def as_inputs(value: Any) -> Tuple[Union[int, str], ...]:
    """Numbers of cameras, files, addresses and pipelines: a list.

    Raises:
        ValueError: something else.
    """
    if not isinstance(value, (list, tuple)):
        raise ValueError
    for one in value:
        if isinstance(one, bool) or not isinstance(one, (int, str)):
            raise ValueError
    return tuple(value)


def as_polygon(value: Any) -> Tuple[Point, ...]:
    """Corners as [x, y], each 0..1; none at all, or three and more that are not on one line.

    Raises:
        ValueError: something else.
    """
    corners = []
    for corner in value or ():
        x, y = (float(number) for number in corner)
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError
        corners.append((x, y))
    if corners and not any(_area(corners[0], *pair) > _LEAST_AREA for pair in zip(corners, corners[1:])):
        raise ValueError
    return tuple(corners)


def _area(a: Point, b: Point, c: Point) -> float:
    """Of a triangle."""
    return abs((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])) / 2
