"""How far a build is: one line on a terminal, nothing elsewhere."""

from __future__ import annotations

import threading
from typing import Any, Callable, Dict, Optional, TypeVar

from tqdm import tqdm

_TICK_S = 0.5
Result = TypeVar("Result")


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

        Ctrl-C is raised here at once: a native call would hold it back until its end. Where TensorRT
        can be told, it stops as well.
        """
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
            done.wait(2.0)
            raise
        finally:
            bar.close()
        if "error" in outcome:
            raise outcome["error"]
        result: Result = outcome["result"]
        return result


def make_monitor(trt: Any, progress: Progress) -> Optional[Any]:
    """Reports TensorRT's phases to `progress`; None for versions before 10, which report none."""
    if not hasattr(trt, "IProgressMonitor"):
        return None

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        """Called from the thread that builds."""

        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._steps: Dict[str, int] = {}

        def phase_start(self, phase_name: str, parent_phase: Optional[str], num_steps: int) -> None:
            """A phase begins."""
            self._steps[phase_name] = num_steps
            progress.phase = phase_name

        def step_complete(self, phase_name: str, step: int) -> bool:
            """A step is done; False stops the build."""
            progress.phase = f"{phase_name} {step + 1}/{self._steps.get(phase_name, step + 1)}"
            return not progress.cancelled

        def phase_finish(self, phase_name: str) -> None:
            """A phase is over."""
            self._steps.pop(phase_name, None)

    return Monitor()
