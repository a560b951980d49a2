"""Findings as text for people and as JSON for programs."""

from __future__ import annotations

from typing import Any, Dict, List

from splitdet.data.findings import Findings, Severity

EXAMPLES = 3


def as_text(findings: Findings, examples: int = EXAMPLES, with_repairs: bool = False) -> str:
    """What was found, worst first, with the first few of each kind.

    Args:
        with_repairs: also tell what the fixed copy does about it.
    """
    lines: List[str] = []
    for severity in Severity:
        kinds = findings.of(severity)
        if kinds:
            lines.append(_counted(findings.total(severity), severity.value))
        for kind in kinds:
            count, kept = findings.counts[kind], findings.kept[kind]
            repair = f" ({kind.repair})" if with_repairs else ""
            lines.append(f"  {count:>6}  {kind.title}{repair}")
            lines += [f"          {finding}" for finding in kept[:examples]]
            if count > examples:
                lines.append(f"          and {count - examples} more")
    return "\n".join(lines)


def summary(findings: Findings) -> str:
    """How many of each severity, in a few words."""
    counts = [(findings.total(severity), severity.value) for severity in Severity]
    return ", ".join(_counted(*pair) for pair in counts if pair[0]) or "nothing wrong"


def as_json(findings: Findings) -> Dict[str, Any]:
    """Everything that was kept, by kind."""
    return {
        kind.name.lower(): {
            "severity": kind.severity.value,
            "title": kind.title,
            "repair": kind.repair,
            "count": count,
            "found": [{"where": one.where, "what": one.what} for one in findings.kept[kind]],
        }
        for kind, count in findings.counts.items()
    }


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" + ("s" if count != 1 else "")
