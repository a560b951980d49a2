"""How far a build is: one line on a terminal, nothing elsewhere."""

from __future__ import annotations

import threading
from typing import Any, Callable, Dict, TypeVar

_TICK_S = 0.5
_left = threading.Event()
Result = TypeVar("Result")


def is_left_behind() -> bool:
    """Whether a build that was stopped still runs, in native code that does not look at `cancelled`.

    Python cannot end in order then: what the build has to say comes through threads that it has ended.
    """
    return _left.is_set()


class Progress:
    """What a build is at, and whether it is still wanted."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.phase = ""
        self.cancelled = False

    def text(self) -> str:
        """`building ssd: Timing tactics 3/12`."""
        return f"{self.title}: {self.phase}" if self.phase else self.title

    def while_running(self, work: Callable[[], Result]) -> Result:
        """Run `work` in a thread, with one line on the terminal; its result or its error.

        Ctrl-C is raised here at once: a native call would hold it back until its end. Work that
        looks at `cancelled` stops as well.
        """
        from tqdm import tqdm  # takes a while to load, and few starts build anything

        outcome: Dict[str, Any] = {}
        done = threading.Event()

        def run() -> None:
            try:
                outcome["result"] = work()
            except BaseException as error:
                outcome["error"] = error
            finally:
                done.set()

        threading.Thread(target=run, name="build", daemon=True).start()
        bar = tqdm(total=None, bar_format="{desc} {elapsed}", leave=False, disable=None)
        try:
            while not done.wait(_TICK_S):
                bar.set_description_str(self.text())
        except BaseException:
            self.cancelled = True
            if not done.wait(2.0):
                _left.set()
            raise
        finally:
            bar.close()
        if "error" in outcome:
            raise outcome["error"]
        result: Result = outcome["result"]
        return result
