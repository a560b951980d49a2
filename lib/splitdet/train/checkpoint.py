"""All that a run needs to go on where it was, in one file of numpy arrays."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Dict, List

import numpy as np

from splitdet.errors import TrainError
from splitdet.files import written_whole
from splitdet.train.weights import Arrays

LAST, BEST = "last.npz", "best.npz"
_NOT_ONE = (
    *(ValueError, KeyError, TypeError, AttributeError, EOFError, NotImplementedError),
    zipfile.BadZipFile,
)
"""What numpy and zipfile raise on files that hold something else, or less."""
_WEIGHT, _OPTIMIZER, _META = "weight:", "optimizer:", "meta"


@dataclass
class Progress:
    """How far a run has come."""

    epoch: int = 0
    """Epochs that are done."""
    best_ap50: float = -1.0
    best_epoch: int = 0
    evaluations_since_best: int = 0
    history: List[Dict[str, float]] = field(default_factory=list)
    """For each epoch its number, its loss and, where it was evaluated, its AP50."""


@dataclass
class Checkpoint:
    """A run at the end of an epoch."""

    weights: Arrays
    optimizer: List[np.ndarray]
    """Its variables, in its own order."""
    progress: Progress
    classes: List[str]
    settings: Dict[str, Any]


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint; the file appears whole or not at all."""
    meta = {
        "progress": asdict(checkpoint.progress),
        "classes": checkpoint.classes,
        "settings": checkpoint.settings,
    }
    arrays = {_WEIGHT + name: array for name, array in checkpoint.weights.items()}
    arrays[_META] = np.array(json.dumps(meta))
    arrays.update({f"{_OPTIMIZER}{i:04d}": array for i, array in enumerate(checkpoint.optimizer)})
    save: Any = np.savez  # its keywords are the names of arrays
    with written_whole(path) as file:
        save(file, **arrays)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        TrainError: it is not there, or cut off.
    """
    try:
        with np.load(str(path), allow_pickle=False) as file:
            meta = json.loads(str(file[_META]))
            names = sorted(file.files)
            return Checkpoint(
                {name[len(_WEIGHT) :]: file[name] for name in names if name.startswith(_WEIGHT)},
                [file[name] for name in names if name.startswith(_OPTIMIZER)],
                Progress(**meta["progress"]),
                list(meta["classes"]),
                dict(meta["settings"]),
            )
    except OSError as error:
        raise TrainError(f"{path}: {error.strerror or 'not a checkpoint'}") from None
    except _NOT_ONE:
        raise TrainError(f"{path}: not a checkpoint of splitdet train, or cut off") from None
