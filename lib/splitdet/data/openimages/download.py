"""Fetching the pictures of a plan, many at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import List, Tuple

from tqdm import tqdm

from splitdet.data.openimages.plan import planned_rows
from splitdet.data.openimages.source import Fetcher, Source
from splitdet.data.parallel import ordered_map
from splitdet.data.pictures import Problem, inspect
from splitdet.errors import DataError
from splitdet.files import write_whole

WORKERS = 10


@dataclass(frozen=True)
class Downloaded:
    """What came of it."""

    there: int
    """Pictures that had been there before."""
    fetched: int
    problems: List[str]
    """Why each of the others is missing."""


def download(folder: Path, source: Source, fetcher: Fetcher, workers: int = WORKERS) -> Downloaded:
    """Fetch every picture of the plan in `folder` that is not there; a later run goes on with the rest.

    Args:
        workers: pictures to be fetched at once.

    Raises:
        DataError: there is no plan.
    """
    wanted: List[Tuple[str, Path]] = []
    there = 0
    for part, rows in planned_rows(folder):
        (folder / part).mkdir(exist_ok=True)
        for image in rows:
            target = folder / part / (image + ".jpg")
            if target.is_file():
                there += 1
            else:
                wanted.append((source.pictures.format(part=part, image=image), target))

    def fetch(one: Tuple[str, Path]) -> str:
        """What went wrong with a picture, or nothing."""
        address, target = one
        try:
            data = fetcher.bytes(address)
        except DataError as error:
            return str(error)
        look, _ = inspect(data)
        if isinstance(look, Problem):
            return f"{address}: {look.kind.title}: {look.what}"
        write_whole(target, data)
        return ""

    results = ordered_map(fetch, wanted, workers)
    shown = tqdm(
        results, total=len(wanted), desc="fetching", unit=" pictures", disable=None, leave=False
    )
    problems = [problem for problem in shown if problem]
    return Downloaded(there, len(wanted) - len(problems), problems)
