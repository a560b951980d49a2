"""Where a dataset must be right as it is: what is wrong ends the command."""

from __future__ import annotations

from pathlib import Path

from splitdet.data.findings import Findings, Severity
from splitdet.errors import DataError


def refuse_errors(findings: Findings, path: Path) -> None:
    """Raise DataError where there is an error among the findings: one line with what mends it.

    Args:
        path: the dataset.
    """
    for kind in findings.of(Severity.ERROR):
        others = findings.counts[kind] - 1
        more = f", and {others} more" if others else ""
        raise DataError(
            f"{path}: {kind.title} ({findings.kept[kind][0]}{more}); "
            f"'splitdet data check {path} --fix FOLDER' writes a copy without what is wrong"
        )
