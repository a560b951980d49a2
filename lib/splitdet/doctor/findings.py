"""What a check found, and how it is told."""

from __future__ import annotations

import textwrap
from typing import Any, Dict, List, NamedTuple, Sequence

OK, NOTE, PROBLEM = "ok", "note", "problem"


class Finding(NamedTuple):
    """One thing that was looked at."""

    what: str
    """One or two words."""
    state: str
    """`ok`; `note`: something does without it; `problem`: nothing runs without it."""
    text: str
    fix: str = ""
    """What to do about it, as a command where one does it; empty where nothing need be done."""

    def as_json(self) -> Dict[str, Any]:
        """The same as a JSON object."""
        return dict(self._asdict())


def table(findings: Sequence[Finding]) -> str:
    """Findings for people: one line each, and the fix below."""
    width = max(len(finding.what) for finding in findings)
    lines: List[str] = []
    for finding in findings:
        head = f"{finding.state:<8} {finding.what:<{width}}  "
        lines += textwrap.wrap(head + finding.text, 100, subsequent_indent=" " * len(head))
        if finding.fix:
            lines.append(" " * len(head) + "-> " + finding.fix)  # in one piece, to be copied
    return "\n".join(lines)
