"""`splitdet run` in a window, with a detector that always finds the same.

python window_run.py KIND [ARGUMENT ..], where KIND is `file`, which waits while it is paused, or
`camera`, which does not.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import splitdet.run
from fakes import FakeDetector, takes
from results import FOUND
from splitdet.cli.main import main
from splitdet.sources.synthetic import SyntheticSource
from splitdet.types import Batch


class SeeingDetector(FakeDetector):
    """Finds the same in every frame, as far as it scores enough."""

    def suppress(self, batch: Batch) -> None:
        """Third step."""
        super().suppress(batch)
        batch.results = [FOUND.top(self.threshold.score, 10) for _ in batch.frames]


def _main(kind: str) -> None:
    source = SyntheticSource(100_000, live=kind == "camera")
    splitdet.run.open_source = lambda *unused: source
    splitdet.run.Detector.from_config = lambda config: SeeingDetector({"cpu": takes(20)}, config)
    main(["run", "synthetic:1", "window", "--model", "seeing", *sys.argv[2:]])


if __name__ == "__main__":
    _main(sys.argv[1])
