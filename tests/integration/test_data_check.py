"""Every kind of broken dataset is told and mended, and costs nothing but what is broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

import pytest

from broken_datasets import CASES, Case, make
from datasets import read, records, run, tree, write
from splitdet.data.findings import Kind, Severity
from splitdet.errors import EXIT_OK, EXIT_SKIPPED

STAYS = [kind for kind in Kind if kind.repair.startswith("kept")]
"""What a fixed copy still has, as nothing but a person can mend it."""


def check(folder: Path, *words: object) -> Dict[str, Any]:
    """The report of `splitdet data check`, as JSON; its exit code must fit."""
    report = folder.with_name(folder.name + ".json")
    code = run("check", folder, "--report", report, *words)
    content: Dict[str, Any] = json.loads(report.read_text())
    severities = {one["severity"] for one in content["findings"].values()}
    assert code == (EXIT_SKIPPED if Severity.ERROR.value in severities else EXIT_OK)
    return content


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_is_broken_is_told_and_the_rest_is_kept(case: Case, tmp_path: Path) -> None:
    folder = make(case, tmp_path / "broken")
    before = tree(folder)
    name = case.kind.name.lower()
    found = check(folder, "--from", case.format, "--fix", tmp_path / "fixed")["findings"]
    assert name in found
    assert tree(folder) == before
    fixed, findings = read(tmp_path / "fixed", case.format)
    assert len(fixed) == case.survivors
    assert not findings.counts
    again = check(tmp_path / "fixed", "--from", case.format)["findings"]
    assert (name in again) == (case.kind in STAYS)
    assert not [one for one in again.values() if one["severity"] == "error" and name not in again]


def test_every_kind_of_finding_has_a_dataset_that_shows_it() -> None:
    assert {case.kind for case in CASES} == set(Kind)
    assert len(CASES) > 30


@pytest.mark.parametrize("name", ["voc", "coco", "yolo", "kitti", "openimages", "tfrecord"])
def test_a_good_dataset_has_nothing_worse_than_few_boxes(tmp_path: Path, name: str) -> None:
    found = check(write(tmp_path / "good", name, records()))["findings"]
    assert set(found) == {"rare_class"}


def test_ten_things_wrong_at_once_are_all_told(tmp_path: Path) -> None:
    cases = [case for case in CASES if case.format == "voc" and not case.content][:10]
    for number, case in enumerate(cases):
        make(case, tmp_path / "set" / f"x{number}")
    for extra in (tmp_path / "set").rglob("label_map.pbtxt"):
        extra.unlink()
    found = check(tmp_path / "set", "--from", "voc")["findings"]
    assert {case.kind.name.lower() for case in cases} <= set(found)
