"""What the whole of a dataset would take, after a few of its pictures."""

from __future__ import annotations

import shutil
from pathlib import Path

from splitdet.data.dataset import Dataset
from splitdet.data.transfer import Transferred

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def estimate(dataset: Dataset, tried: int, done: Transferred, target: Path) -> str:
    """Disk and time that all pictures would take, in a few lines.

    Both grow with the number of pictures; those that were tried are spread over all of them.

    Args:
        tried: of how many places of the dataset.
        target: where it is written, for the space that is left there.
    """
    times = len(dataset) / max(1, min(tried, len(dataset)))
    needed = int(done.bytes_written * times)
    free = shutil.disk_usage(str(target.resolve().parent)).free
    lines = [
        f"tried {min(tried, len(dataset))} of {len(dataset)} pictures: "
        f"{size(done.bytes_written)} in {duration(done.wall_s)}",
        f"all of them: about {size(needed)} in {duration(done.wall_s * times)}; {size(free)} are free",
    ]
    if needed > free:
        lines.append("that does not fit; make them smaller (splitdet data shrink) or write elsewhere")
    return "\n".join(lines)


def size(count: float) -> str:
    """Bytes in the unit that reads best, in steps of 1000."""
    unit = 0
    while count >= 1000 and unit < len(_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.3g} {_UNITS[unit]}" if count < 1000 else f"{count:.0f} {_UNITS[unit]}"


def duration(seconds: float) -> str:
    """Seconds, minutes or hours."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.2g} s"
