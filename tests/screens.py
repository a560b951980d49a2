"""A screen in memory with a window on it, and somebody who presses keys."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List

from places import ROOT
from splitdet.sinks.window import why_no_window
from waiting import PATIENCE_S, until, within

PROGRAMS = ("Xvfb", "xdotool", "openbox")
SIZE_PX = (1024, 600)


def why_no_screen() -> str:
    """Why there can be no window here; empty where there can."""
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        return "not installed: " + ", ".join(missing)
    before = os.environ.get("DISPLAY")
    os.environ["DISPLAY"] = ":0"  # there will be one
    try:
        return why_no_window()
    finally:
        os.environ.pop("DISPLAY")
        if before is not None:
            os.environ["DISPLAY"] = before


class Screen:
    """An X server and a window manager; a context manager."""

    def __enter__(self) -> Screen:
        ours, theirs = os.pipe()
        size = "{}x{}x24".format(*SIZE_PX)
        command = ["Xvfb", "-displayfd", str(theirs), "-screen", "0", size, "-nolisten", "tcp"]
        quiet: Dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._processes = [subprocess.Popen(command, pass_fds=[theirs], **quiet)]
        os.close(theirs)
        with os.fdopen(ours) as number:
            display = ":" + number.readline().strip()
        paths = [str(ROOT / "lib"), os.environ.get("PYTHONPATH", "")]
        python_path = os.pathsep.join(filter(None, paths))
        self.environment = {**os.environ, "DISPLAY": display, "PYTHONPATH": python_path}
        self.environment.pop("WAYLAND_DISPLAY", None)
        self._processes.append(subprocess.Popen(["openbox"], env=self.environment, **quiet))
        until(lambda: self.xdotool("get_num_desktops") not in ("", "0"))  # the window manager is there
        return self

    def __exit__(self, *unused: object) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()

    def xdotool(self, *words: str) -> str:
        """What the program prints."""
        done = subprocess.run(
            ["xdotool", *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return done.stdout.strip()


class Watched:
    """A run in a window; a context manager.

    Args:
        folder: where it works.
        words: for `window_run.py`.
    """

    def __init__(self, screen: Screen, folder: Path, *words: str) -> None:
        self._screen = screen
        self._folder = folder
        command = [sys.executable, str(Path(__file__).with_name("window_run.py")), *words]
        self.process = subprocess.Popen(
            command,
            cwd=str(folder),
            env=screen.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Watched:
        try:
            self.window = until(
                lambda: self._screen.xdotool("search", "--onlyvisible", "--name", "seeing")
            )
            until(lambda: self._screen.xdotool("getactivewindow") == self.window)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused: object) -> None:
        self.process.kill()
        self.process.communicate()

    def press(self, key: str) -> None:
        """Press a key, by its name in X."""
        self._screen.xdotool("key", key)

    def press_until(self, key: str, done: Callable[[], bool]) -> None:
        """Press a key, again where that did not do it: of two keys at once OpenCV sees the second only.

        Args:
            done: takes a screenshot, so that the key has been seen by then, or missed.
        """

        def pressed() -> bool:
            self.press(key)
            return done()

        until(pressed)

    def shots(self) -> List[Path]:
        """Screenshots that were saved, oldest first."""
        paths = (self._folder / "screenshots").glob("*.png")
        whole = (path for path in paths if path.read_bytes()[-8:-4] == b"IEND")
        return sorted(whole, key=lambda path: path.stat().st_mtime_ns)

    def shoot(self) -> Path:
        """Press s; the screenshot."""
        before = len(self.shots())

        def saved() -> Any:
            self.press("s")  # again where there was nothing to be seen yet
            return within(0.5, lambda: len(self.shots()) > before)

        until(saved)
        return self.shots()[-1]

    def size_px(self) -> List[int]:
        """Width and height of the window."""
        shape = self._screen.xdotool("getwindowgeometry", "--shell", self.window).splitlines()
        values = dict(line.split("=") for line in shape)
        return [int(values["WIDTH"]), int(values["HEIGHT"])]

    def ends_with(self) -> int:
        """Its exit code, once it has ended."""
        self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode
