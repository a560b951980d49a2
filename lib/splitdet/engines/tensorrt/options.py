"""What an engine is built for."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Dict, Optional, Tuple

from splitdet.engines.pictures import NEEDED
from splitdet.errors import EngineError

PRECISIONS = ("fp32", "fp16", "int8")


@dataclass(frozen=True)
class BuildOptions:
    """Settings of one engine.

    Raises:
        EngineError: they contradict one another.
    """

    precision: str = "fp32"
    """`fp32`, `fp16` or `int8`. fp32 is exact: TF32 is off."""
    batch: int = 1
    """Most frames that go through together."""
    fixed: bool = False
    """Whether the engine always computes `batch` frames, as the network says; else 1 to `batch`."""
    workspace_mb: int = 0
    """Memory that one layer may use for itself, in MiB; 0: as much as there is."""
    dla_core: Optional[int] = None
    """The DLA that runs what it can. Not run on hardware."""
    calibration: str = ""
    """Folder of pictures that INT8 finds its ranges with; a few hundred of the kind to be seen."""
    level: Optional[int] = None
    """How long to search for fast kernels, 0 to 5; None: TensorRT's own choice. Since 8.6."""
    target: Optional[Tuple[int, int]] = None
    """Compute capability to build for; None: that of the GPU here. TensorRT for RTX only."""

    @property
    def smaller_batches(self) -> bool:
        """Whether the engine takes 1 to `batch` frames. A DLA takes one shape only."""
        return self.batch > 1 and not self.fixed and self.dla_core is None

    @property
    def result(self) -> Dict[str, Any]:
        """What decides which engine this is, by name; the rest says how it is built, and for what."""
        how = ("workspace_mb", "level", "fixed", "target")
        found = {name: value for name, value in asdict(self).items() if name not in how}
        return {**found, "smaller_batches": self.smaller_batches}

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise EngineError(
                f"engine tensorrt has no precision {self.precision}; it has {', '.join(PRECISIONS)}"
            )
        if self.batch < 1:
            raise EngineError(f"a batch of {self.batch}: expects at least 1")
        if self.workspace_mb < 0:
            raise EngineError(f"a workspace of {self.workspace_mb} MiB: expects at least 0")
        if self.level is not None and not 0 <= self.level <= 5:
            raise EngineError(f"optimization level {self.level}: expects 0 to 5")
        if self.dla_core is not None and self.precision == "fp32":
            raise EngineError("a DLA computes fp16 and int8 only; set precision fp16 or int8")
        if self.precision == "int8" and not self.calibration:
            raise EngineError(NEEDED)
        if self.calibration and self.precision != "int8":
            raise EngineError(f"--calibration is for precision int8, not {self.precision}")
