"""A Jetson's model, power mode and clocks. Not run on hardware: read from files as they are documented.

Commands that set something are printed, never run.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import List, Tuple

from splitdet.doctor.findings import NOTE, OK, Finding
from splitdet.jetson import ARGUS_SINCE, Jetson, find_jetson, text_of

UNTRIED = "(not run on hardware)"
_MODE = re.compile(r"<\s*POWER_MODEL\s+ID=(\d+)\s+NAME=(\S+)\s*>")


def check_board(root: Path = Path("/")) -> List[Finding]:
    """Everything about a Jetson; nothing on another machine."""
    jetson = find_jetson(root)
    if jetson is None:
        return []
    system = "L4T {}.{}".format(*jetson.l4t) if jetson.l4t else "its system is not known"
    found = [Finding("Jetson", OK, f"{jetson.model}, {system} {UNTRIED}")]
    return found + _power_mode(root) + _clocks(root, jetson)


def _power_mode(root: Path) -> List[Finding]:
    """The mode of nvpmodel, and how to get the fastest."""
    modes = {int(number): name for number, name in _MODE.findall(text_of(root / "etc/nvpmodel.conf"))}
    current = re.search(r"pmode:(\d+)", text_of(root / "var/lib/nvpmodel/status"))
    if not modes or current is None:
        fix = "sudo nvpmodel -q  # tells it; -m 0 sets the first of them"
        return [Finding("Power mode", NOTE, f"not known {UNTRIED}", fix)]
    number = int(current.group(1))
    name = modes.get(number, "unknown")
    text = f"{number} ({name}) {UNTRIED}"
    # the mode without limits is called MAXN, or MAXN_ and more; where there is none, the first counts
    fastest = min(modes, key=lambda mode: (not modes[mode].startswith("MAXN"), mode))
    if fastest == number:
        return [Finding("Power mode", OK, text)]
    fix = f"sudo nvpmodel -m {fastest}  # {modes[fastest]}: faster, and needs more power"
    return [Finding("Power mode", NOTE, text, fix)]


def _clocks(root: Path, jetson: Jetson) -> List[Finding]:
    """Whether the cores run at their highest clock, as jetson_clocks sets them."""
    folders = sorted((root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq"))
    if not folders:
        return []
    now = [_frequencies(folder) for folder in folders]
    text = f"{now[0][0] / 1e6:.2f} of {now[0][1] / 1e6:.2f} GHz at least, on {len(now)} cores {UNTRIED}"
    if all(lowest == highest for lowest, highest in now):
        return [Finding("Clocks", OK, text)]
    is_old = jetson.l4t is not None and jetson.l4t < ARGUS_SINCE
    command = "sudo ~/jetson_clocks.sh" if is_old else "sudo jetson_clocks"
    fix = f"{command}  # until the next start: no pauses while clocks rise"
    return [Finding("Clocks", NOTE, text, fix)]


def _frequencies(folder: Path) -> Tuple[int, int]:
    """The lowest clock that is allowed, and the highest there is; kHz."""
    lowest = text_of(folder / "scaling_min_freq") or "0"
    highest = text_of(folder / "cpuinfo_max_freq") or "0"
    return int(lowest), int(highest)
