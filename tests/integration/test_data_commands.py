"""`splitdet data` as people use it: from one format to another, smaller, divided, counted, shown."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import List, Set

import numpy as np
import pytest

from commands import call
from damage import edit_json
from datasets import BOXES, encoded, pixels, read, record, records, run, tree, write
from places import ROOT
from splitdet.data.formats import FORMATS
from splitdet.data.label_map import LABEL_MAP
from splitdet.data.records import Box, ImageBytes, Record
from splitdet.errors import EXIT_OK, EXIT_SKIPPED, DataError, ExtraError


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("target", FORMATS)
def test_boxes_keep_their_place_from_any_format_to_any_other(
    tmp_path: Path, source: str, target: str
) -> None:
    folder = write(tmp_path / "in", source, records(2))
    before = tree(folder)
    assert run("convert", folder, tmp_path / "out", "--to", target) == EXIT_OK
    assert tree(folder) == before
    found, findings = read(tmp_path / "out")
    assert not findings.counts
    for one, expected in zip(found, records(2)):
        assert one.image.read() == expected.image.read()
        for box, other in zip(one.boxes, expected.boxes):
            assert box.label == other.label
            np.testing.assert_allclose(box.edges, other.edges, atol=0.011)


def test_classes_are_kept_renamed_and_numbered_anew(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", "voc", [*records(2), record(2, BOXES[:1])])
    words = ("--keep", "sea turtle", "--rename", "sea turtle=turtle", "--to", "coco")
    assert run("convert", folder, tmp_path / "out", *words) == EXIT_OK
    found, _ = read(tmp_path / "out")
    assert [[box.label for box in one.boxes] for one in found] == [["turtle"], ["turtle"]]
    content = json.loads((tmp_path / "out/annotations/instances.json").read_text())
    assert [(one["id"], one["name"]) for one in content["categories"]] == [(1, "turtle")]


def test_edges_are_rounded_where_that_is_wanted(tmp_path: Path) -> None:
    thin = Box("cat", 10.2, 12.5, 10.4, 36.6)
    folder = write(tmp_path / "in", "coco", [record(0, [*BOXES, thin])])
    assert run("convert", folder, tmp_path / "out", "--to", "voc", "--whole-pixels") == EXIT_OK
    text = (tmp_path / "out/Annotations/p0.xml").read_text()
    edges = re.findall(r"<[xy]m..>(.*?)<", text)
    assert all(edge.isdecimal() for edge in edges)
    assert edges[-4:] == ["10", "12", "11", "37"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_edges_that_cannot_be_rounded_cost_their_box_only(tmp_path: Path, value: float) -> None:
    folder = write(tmp_path / "in", "coco", records(2))
    edit_json(lambda content: content["annotations"][0].update(bbox=[value, 1, 2, 3]))(folder)
    words = ("--to", "kitti", "--whole-pixels")
    assert run("convert", folder, tmp_path / "out", *words) == EXIT_SKIPPED
    found, _ = read(tmp_path / "out")
    assert [len(one.boxes) for one in found] == [len(BOXES) - 1, len(BOXES)]


@pytest.mark.parametrize("target", FORMATS)
def test_a_class_name_with_half_a_surrogate_pair_can_be_written(tmp_path: Path, target: str) -> None:
    folder = write(tmp_path / "in", "coco", records(2))
    (folder / LABEL_MAP).unlink()
    edit_json(lambda content: content["categories"][0].update(name="cat \ud83d"))(folder)
    assert run("convert", folder, tmp_path / "out", "--to", target) == EXIT_OK
    found, findings = read(tmp_path / "out", target)
    assert not findings.counts
    assert [box.label for box in found[0].boxes] == ["cat ?", "sea turtle"]


def test_a_trial_converts_a_few_and_estimates_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "in", "voc", records(20))
    assert run("convert", folder, tmp_path / "out", "--to", "tfrecord", "--limit", 5) == EXIT_OK
    found, _ = read(tmp_path / "out")
    assert [one.name for one in found] == ["p0.jpg", "p12.jpg", "p16.jpg", "p2.jpg", "p6.jpg"]
    output = capsys.readouterr().out
    written = sum(path.stat().st_size for path in (tmp_path / "out").glob("*.record-*"))
    assert "tried 5 of 20 pictures" in output
    about = re.search(r"about ([\d.]+) kB", output)
    assert about is not None
    assert float(about.group(1)) * 1000 == pytest.approx(4 * written, rel=0.01)


def test_pictures_become_smaller_with_their_boxes_and_keep_their_format(tmp_path: Path) -> None:
    large = ImageBytes(encoded(pixels(0, 960, 640)))
    boxes = tuple(box.scaled(10, 10) for box in BOXES)
    content = [replace(record(0, boxes), image=large, width_px=960, height_px=640), record(1)]
    folder = write(tmp_path / "in", "voc", content)
    assert run("shrink", folder, tmp_path / "out", "--longest", 96) == EXIT_OK
    found, _ = read(tmp_path / "out", "voc")
    assert [(one.width_px, one.height_px) for one in found] == [(96, 64), (96, 64)]
    np.testing.assert_allclose(found[0].boxes[1].edges, BOXES[1].edges, atol=0.01)
    assert found[1].image.read() == content[1].image.read()
    assert found[0].image.read() != large.data


@pytest.mark.parametrize(("word", "size"), [("48", (48, 48)), ("50x30", (50, 30))])
def test_pictures_get_a_size_that_gives_up_their_shape(tmp_path: Path, word: str, size: object) -> None:
    folder = write(tmp_path / "in", "voc", records(1))
    assert run("shrink", folder, tmp_path / "out", "--size", word, "--to", "coco") == EXIT_OK
    ((one,), _) = read(tmp_path / "out")
    assert (one.width_px, one.height_px) == size


def names(folder: Path, part: str) -> Set[str]:
    return {one.name for one in read(folder)[0] if one.part == part}


def test_a_split_loses_nothing_repeats_itself_and_keeps_copies_together(tmp_path: Path) -> None:
    content: List[Record] = records(30)
    copies = [replace(one, name="copy_" + one.name) for one in content[:10]]
    folder = write(tmp_path / "in", "voc", [*content, *copies])
    words = ("--parts", "train=0.6,val=0.2,test=0.2", "--seed", 3)
    for name in ("one", "two"):
        assert run("split", folder, tmp_path / name, *words) == EXIT_OK
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    parts = [names(tmp_path / "one", part) for part in ("train", "val", "test")]
    assert sum(map(len, parts)) == 40
    for number in range(10):
        assert sum({f"p{number}.jpg", f"copy_p{number}.jpg"} <= part for part in parts) == 1
    assert abs(len(parts[0]) - 24) <= 2


def test_only_one_part_may_be_divided(tmp_path: Path) -> None:
    content = [record(seed, part="train" if seed < 20 else "test") for seed in range(24)]
    folder = write(tmp_path / "in", "voc", content)
    words = ("--of", "train", "--parts", "train=0.8,val=0.2")
    assert run("split", folder, tmp_path / "out", *words) == EXIT_OK
    assert names(tmp_path / "out", "test") == names(folder, "test")
    assert len(names(tmp_path / "out", "val")) == 4
    assert len(names(tmp_path / "out", "train")) == 16


def test_frames_of_a_video_stay_together(tmp_path: Path) -> None:
    content = [record(seed, name=f"clip{seed % 6}_{seed:03d}.jpg") for seed in range(24)]
    folder = write(tmp_path / "in", "voc", content)
    words = ("--parts", "train=0.5,test=0.5", "--group", r"^(clip\d+)_")
    assert run("split", folder, tmp_path / "out", *words) == EXIT_OK
    clips = [{name[:5] for name in names(tmp_path / "out", part)} for part in ("train", "test")]
    assert not clips[0] & clips[1]
    assert [len(one) for one in clips] == [3, 3]


def test_stats_write_a_table_a_chart_and_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "in", "voc", records(3))
    chart, figures = tmp_path / "chart.png", tmp_path / "stats.json"
    assert run("stats", folder, "--chart", chart, "--json", figures) == EXIT_OK
    assert "  Image count:  3\n  Bounding box count:  6\n" in capsys.readouterr().out
    assert chart.is_file()
    assert json.loads(figures.read_text())["all"]["boxes"] == 6


def test_a_page_is_written_for_a_record_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", "tfrecord", records(3))
    (path,) = folder.glob("*.record-*")
    assert run("view", path, tmp_path / "page.html") == EXIT_OK
    assert (tmp_path / "page.html").read_text().count("<figure") == 3


@pytest.mark.parametrize(
    "words",
    [
        ("convert", "in", "in/out", "--to", "coco"),
        ("convert", "in", "in", "--to", "coco"),
        ("shrink", "in", "full", "--longest", "50"),
        ("split", "in", "in/out"),
        ("check", "in", "--fix", "in/fixed"),
        ("check", "in", "--fix", "full"),
    ],
)
def test_nothing_is_written_over_or_into_the_dataset(
    tmp_path: Path, words: List[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "in", "voc", records(1))
    write(tmp_path / "full", "voc", records(1))
    monkeypatch.chdir(tmp_path)
    before = tree(tmp_path)
    with pytest.raises(DataError):
        run(*words)
    assert tree(tmp_path) == before


def test_a_picture_that_cannot_be_read_costs_only_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "in", "voc", records(3))
    (folder / "JPEGImages/p1.jpg").write_bytes(b"rubbish")
    assert run("convert", folder, tmp_path / "out", "--to", "coco") == EXIT_SKIPPED
    assert [one.name for one in read(tmp_path / "out")[0]] == ["p0.jpg", "p2.jpg"]
    assert "p1.jpg: begins with 'rubbish'" in capsys.readouterr().out


def test_a_dataset_without_any_good_picture_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", "voc", records(1))
    (folder / "JPEGImages/p0.jpg").write_bytes(b"rubbish")
    with pytest.raises(DataError, match="no picture could be written"):
        run("convert", folder, tmp_path / "out", "--to", "coco")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("package", ["PIL", "defusedxml"])
def test_a_package_that_is_missing_is_named_with_its_command(
    tmp_path: Path, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "in", "voc", records(1))
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        ExtraError, match=rf"{package}\S* is not installed: pip install 'splitdet\[train\]'"
    ):
        run("check", folder)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["check", "in", "--tiny", "2"], r"--tiny 2\.0: expects a share of the picture's side, 0 to 1"),
        (
            ["convert", "in", "out", "--keep", "cet"],
            r"cet: no such class in this .*; did you mean cat\?",
        ),
        (["split", "in", "out", "--parts", "a=1"], r"--parts a=1: expects shares of train, val, test"),
        (["split", "in", "out", "--of", "dev"], r"--of dev: expects train, val, test"),
        (["split", "in", "out", "--of", "test"], r"in: nothing to divide in test"),
    ],
)
def test_a_wrong_option_is_refused(
    tmp_path: Path, words: List[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "in", "voc", records(1))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=message):
        run(*words)
    assert not (tmp_path / "out").exists()


def test_wrong_input_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = call("data", "check", "none", folder=tmp_path)
    assert (done.returncode, done.stderr) == (2, "error: none: no such file or folder\n")


def test_no_tensorflow_is_loaded(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", "tfrecord", records(1))
    code = (
        "import sys; from splitdet.cli.main import dispatch; "
        f"dispatch(['data', 'check', {str(folder)!r}]); sys.exit('tensorflow' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "lib")}
    assert subprocess.call([sys.executable, "-c", code], env=environment) == 0
