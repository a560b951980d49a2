"""TensorRT's own word on how far a build is."""

from __future__ import annotations

from typing import Any, Dict, Optional

from splitdet.engines.progress import Progress


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
