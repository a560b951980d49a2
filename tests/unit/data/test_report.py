"""Findings as text and JSON."""

from __future__ import annotations

from splitdet.data.findings import MOST_KEPT, Findings, Kind
from splitdet.data.report import as_json, as_text, summary


def some() -> Findings:
    findings = Findings()
    findings.add(Kind.TINY_BOX, "b.jpg: box 1", "0.5x3 of 96x64")
    for number in range(5):
        findings.add(Kind.INVERTED_BOX, f"a.jpg: box {number}", "x 40 to 10, y 12 to 36")
    return findings


def test_the_worst_comes_first_with_a_few_examples() -> None:
    assert as_text(some(), with_repairs=True) == (
        "5 errors\n"
        "       5  box with edges the wrong way round (edges swapped)\n"
        "          a.jpg: box 0: x 40 to 10, y 12 to 36\n"
        "          a.jpg: box 1: x 40 to 10, y 12 to 36\n"
        "          a.jpg: box 2: x 40 to 10, y 12 to 36\n"
        "          and 2 more\n"
        "1 warning\n"
        "       1  box that is tiny (kept)\n"
        "          b.jpg: box 1: 0.5x3 of 96x64"
    )


def test_a_summary_counts_what_there_is() -> None:
    assert summary(some()) == "5 errors, 1 warning"
    assert summary(Findings()) == "nothing wrong"


def test_programs_get_all_of_it() -> None:
    content = as_json(some())["inverted_box"]
    assert (content["count"], content["severity"]) == (5, "error")
    assert content["found"][4] == {"where": "a.jpg: box 4", "what": "x 40 to 10, y 12 to 36"}


def test_very_many_of_a_kind_are_counted_but_not_kept() -> None:
    findings = Findings()
    for number in range(MOST_KEPT + 5):
        findings.add(Kind.TINY_BOX, str(number))
    assert findings.counts[Kind.TINY_BOX] == MOST_KEPT + 5
    assert len(findings.kept[Kind.TINY_BOX]) == MOST_KEPT
