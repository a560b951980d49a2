"""`splitdet run` in a window, with a detector that always finds the same.

python window_run.py KIND [ARGUMENT ..], where KIND is `file`, which waits while it is paused,
`late`, the same but its first frame comes when there is a file `go` here, or `camera`, which waits for
nobody.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Optional

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import splitdet.run
from fakes import FakeDetector, takes
from results import FOUND
from splitdet.cli.main import main
from splitdet.sources.synthetic import SyntheticSource
from splitdet.types import Batch, Frame


class SeeingDetector(FakeDetector):
    """Finds the same in every frame, as far as it scores enough."""

    def suppress(self, batch: Batch) -> None:
        """Third step."""
        super().suppress(batch)
        batch.results = [FOUND.top(self.threshold.score, 10) for _ in batch.frames]


class LateSource(SyntheticSource):
    """A file that is long in coming: until there is one of name `go` in this folder."""

    def read(self) -> Optional[Frame]:
        """See `Source.read`."""
        while not (Path("go").exists() or self._closed.wait(0.02)):
            pass
        return super().read()

    def interrupt(self) -> None:
        """See `Source.interrupt`."""
        self._closed.set()


def _main(kind: str) -> None:
    make_source = LateSource if kind == "late" else SyntheticSource
    source = make_source(100_000, live=kind == "camera")
    splitdet.run.open_source = lambda *unused: source
    splitdet.run.Detector.from_config = lambda config: SeeingDetector({"cpu": takes(20)}, config)
    main(["run", "synthetic:1", "window", "--model", "seeing", *sys.argv[2:]])


if __name__ == "__main__":
    _main(sys.argv[1])
