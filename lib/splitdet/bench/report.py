"""Figures as tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

Record = Mapping[str, Any]
"""A row of `measure.as_records`."""

_CASE: Sequence[Tuple[str, Callable[[Record], str]]] = (
    ("model", lambda case: Path(case["model"]).name),
    ("engine", lambda case: str(case["engine"])),
    ("split", lambda case: "split" if case["split"] else "not split"),
    ("size", lambda case: str(case["size"])),
    ("display", lambda case: str(case["display"])),
    ("settings", lambda case: " ".join(f"{key}={value}" for key, value in case["settings"].items())),
)
_ALWAYS = ("engine", "split", "size")


def as_table(records: Sequence[Record]) -> str:
    """All rows as Markdown, aligned; what is the same in all of them is left out, but for the axes."""
    names = case_words([record["case"] for record in records])
    head = [*names[0], "FPS", "median", "std", "min", "max", "to not split"]
    head += ["p50 ms", "p95 ms", "p99 ms", "CPU %", "memory MB", "GPU %", "power W"]
    rows = [[*name.values(), *_figures(record)] for name, record in zip(names, records)]
    known = [
        column
        for column in range(len(head))
        if column < len(names[0]) or any(row[column] != "-" for row in rows)
    ]
    lines = aligned(
        [head[column] for column in known], [[row[column] for column in known] for row in rows]
    )
    notes = sorted({_note(record) for record in records} - {""})
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def _note(record: Record) -> str:
    """Why a case could not run, or what `auto` took; empty where the row tells all."""
    if record["reason"]:
        return str(record["reason"])
    return "auto: {engine}".format(**record) if record["case"]["engine"] == "auto" else ""


def case_words(cases: Sequence[Record]) -> List[Dict[str, str]]:
    """What tells each case from the others, under its heading."""
    words = [{head: show(case) for head, show in _CASE} for case in cases]
    kept = [head for head, _ in _CASE if head in _ALWAYS or len({word[head] for word in words}) > 1]
    return [{head: word[head] for head in kept} for word in words]


def _figures(record: Record) -> List[str]:
    if record["reason"]:
        return ["-"] * 13
    fps, latency, usage = record["fps"], record["latency_ms"], record["usage"]
    power = usage.get("power_w", {})
    return [
        *(number(fps[name], 1) for name in ("mean", "median", "std", "min", "max")),
        number(record["ratio"], 2),
        *(number(latency[name], 1) for name in ("p50", "p95", "p99")),
        number(usage.get("cpu_percent"), 0),
        number(usage.get("memory_mb"), 0),
        number(usage.get("gpu_percent"), 0),
        ", ".join(f"{meter} {watts:.1f}" for meter, watts in power.items()) or "-",
    ]


def number(value: Any, places: int) -> str:
    """With so many places; a dash where there is none."""
    return "-" if value is None else f"{value:.{places}f}"


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> List[str]:
    """The lines of a Markdown table that can be read as it is."""
    table = [list(head), *[list(row) for row in rows]]
    widths = [max(3, *(len(row[column]) for row in table)) for column in range(len(head))]
    table.insert(1, ["-" * width for width in widths])
    return [
        "| {} |".format(" | ".join(cell.ljust(width) for cell, width in zip(row, widths)))
        for row in table
    ]


def about(content: Mapping[str, Any]) -> str:
    """The machine, and how it was measured, in two lines."""
    machine, plan = content["machine"], content["plan"]
    on = ", ".join([machine["board"] or machine["cpu"], *machine["gpus"]])
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    pace = f"{plan['rate']:g} frames a second" if plan["rate"] else "as fast as they are taken"
    return (
        f"{on}, {machine['cores']} cores; Python {machine['python']}, {packages}; "
        f"splitdet {machine['splitdet']} {machine['commit']}; {machine['date']}\n"
        f"{plan['rounds']} rounds in turn of {plan['seconds']:g} s after {plan['warm_up_s']:g} s of "
        f"warm-up; frames from {plan['input']}, {pace}"
    )


def as_markdown(content: Mapping[str, Any]) -> str:
    """A page of its own."""
    parts = [as_table(content["rows"]), about(content), "    " + content["machine"]["command"]]
    return "\n\n".join(parts)
