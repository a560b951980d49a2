"""Two results side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

from splitdet.bench.case import Case
from splitdet.bench.report import aligned, case_words, number
from splitdet.errors import SourceError

SCHEMA = 1


def read_result(path: str) -> Dict[str, Any]:
    """A file of `splitdet bench --json`.

    Raises:
        SourceError: no such file, or another one.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        is_bench = content["schema"] == SCHEMA and content["kind"] == "bench"
        if is_bench and isinstance(content["rows"], list):
            for row in content["rows"]:
                _check_row(row)
            return dict(content)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise SourceError(f"{path}: not a file that 'splitdet bench --json' wrote")


def _check_row(row: Mapping[str, Any]) -> None:
    """Use all that a comparison needs of a row, so that what is missing or of another kind raises."""
    hash(_key(row))
    case_words([row["case"]])
    if not row["reason"]:
        std = row["fps"]["std"]
        sum([row["fps"]["mean"], row["latency_ms"]["p95"], 0.0 if std is None else std])


def compare(first: Mapping[str, Any], second: Mapping[str, Any]) -> str:
    """The rows that both results have, with the ratio of the second to the first, and a verdict.

    Raises:
        SourceError: they have no row in common.
    """
    found = {_key(row): row for row in second["rows"] if not row["reason"]}
    pairs = [
        (row, found[_key(row)]) for row in first["rows"] if not row["reason"] and _key(row) in found
    ]
    if not pairs:
        raise SourceError("the two results have no case in common that ran in both")
    names = case_words([row["case"] for row, _ in pairs])
    head = [*names[0], "FPS", "then", "ratio", "p95 ms", "then", "ratio", "verdict"]
    rows = [[*name.values(), *_cells(one, two)] for name, (one, two) in zip(names, pairs)]
    lines = aligned(head, rows)
    left_out = len(first["rows"]) + len(second["rows"]) - 2 * len(pairs)
    if left_out:
        lines += ["", f"{left_out} rows are in one of them only, or did not run"]
    return "\n".join(lines)


def _cells(one: Mapping[str, Any], two: Mapping[str, Any]) -> List[str]:
    rates = (one["fps"]["mean"], two["fps"]["mean"])
    tails = (one["latency_ms"]["p95"], two["latency_ms"]["p95"])
    return [
        *(number(rate, 1) for rate in rates),
        number(rates[1] / rates[0], 3) if rates[0] else "-",
        *(number(tail, 1) for tail in tails),
        number(tails[1] / tails[0], 3) if tails[0] else "-",
        verdict(one["fps"], two["fps"]),
    ]


def verdict(one: Mapping[str, Any], two: Mapping[str, Any]) -> str:
    """Whether two rates differ by more than the noise: the sum of both standard deviations."""
    noise = _noise(one, two)
    if noise is None:
        return "noise not known: one round only"
    change = two["mean"] - one["mean"]
    if abs(change) <= noise:
        return "within the noise"
    return "faster" if change > 0 else "slower"


def _noise(one: Mapping[str, Any], two: Mapping[str, Any]) -> Optional[float]:
    if one["std"] is None or two["std"] is None:
        return None
    return float(one["std"] + two["std"])


def _key(row: Mapping[str, Any]) -> Tuple[Any, ...]:
    """The case, but for the folder that its model is in."""
    case = Case(**row["case"])
    return (Path(case.model).name, *case.key()[1:])
