"""Reading the files that others have written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, List, Optional, Tuple

from splitdet.data.places import is_there
from splitdet.errors import DataError
from splitdet.rle import Rle, is_rle


def read_text(path: Path) -> str:
    """A text file.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: not a text file in UTF-8") from None


def read_json(text: str, where: str) -> Any:
    """JSON; DataError where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not readable as JSON ({error})") from None


def objects_in(content: Any, key: str, where: str) -> List[Any]:
    """The list of objects that an object has under `key`.

    Raises:
        DataError: there is none, or something else is in it.
    """
    values = content.get(key) if isinstance(content, dict) else None
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise DataError(f"{where}: expects a list of objects under {key!r}")
    return values


def numbers_of(value: Any, count: int) -> Optional[List[float]]:
    """So many finite numbers; None where it is something else."""
    if not isinstance(value, (list, tuple)) or len(value) != count:
        return None
    if any(isinstance(one, bool) or not isinstance(one, (int, float)) for one in value):
        return None
    try:
        numbers = [float(one) for one in value]
    except OverflowError:  # a whole number of hundreds of digits
        return None
    return numbers if all(abs(one) < float("inf") for one in numbers) else None


def run_lengths(value: Any, size: Tuple[int, int], where: str) -> Optional[Rle]:
    """The run lengths of a mask; None where it is something else.

    Args:
        size: width and height of its picture, pixels; 0 where they are not known.

    Raises:
        DataError: they are for a picture of another size.
    """
    if not is_rle(value):
        return None
    height, width = value["size"]
    if all(size) and (width, height) != size:
        raise DataError("{}: a mask for {}x{} in a picture of {}x{}".format(where, width, height, *size))
    runs: Rle = value
    return runs


def find_folder(candidates: List[Path], name: str) -> Path:
    """The first folder in which a file of that name lies; the first one where none has it."""
    return next((folder for folder in candidates if is_there(folder / name)), candidates[0])
