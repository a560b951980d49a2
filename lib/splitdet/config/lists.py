"""Keys of config.yml that hold a list: from what a user wrote to a tuple."""

from __future__ import annotations

from typing import Any, Tuple, Union

CPU = "cpu"
_MOST_GPUS = 1024


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
