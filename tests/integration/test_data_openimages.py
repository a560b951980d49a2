"""From names of classes to a dataset, by a server on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple, Type

import pytest

from datasets import encoded, pixels, read, run
from splitdet.errors import EXIT_OK, EXIT_SKIPPED, DataError
from web import Files, serving

HEADER = (
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,"
    "IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside"
)
CLASSES = "/m/01,Zebra\n/m/02,Sea turtle\n/m/03,Whale\n"
# picture, class, is a depiction
ROWS = {
    "train": [
        ("a1", "01", 0),
        ("a1", "02", 0),
        ("a2", "02", 0),
        ("a3", "03", 0),
        ("a4", "01", 1),
        ("a5", "01", 0),
    ],
    "validation": [("b1", "01", 0), ("../evil", "01", 0)],
    "test": [("c1", "02", 0), ("c1", "02", 0), ("c2", "03", 0)],
}
Server = Tuple[str, Path, Type[Files]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A small Open Images: address, folder, handler."""

    class Handler(Files):
        """For this test alone."""

    root = tmp_path / "served"
    for number, (part, rows) in enumerate(ROWS.items()):
        (root / part).mkdir(parents=True)
        lines = [f"{one},x,/m/{label},1,.25,.75,.25,.75,0,0,0,{drawn},0" for one, label, drawn in rows]
        (root / f"{part}-annotations-bbox.csv").write_text("\n".join([HEADER, *lines]) + "\n")
        for index, (one, _, _) in enumerate(rows):
            (root / part / f"{one}.jpg").write_bytes(encoded(pixels(100 * number + index)))
    (root / "class-descriptions-boxable.csv").write_text(CLASSES)
    with serving(root, Handler) as address:
        yield address, root, Handler


def fetch(server: Server, folder: Path, *words: object, classes: str = "zebra,Sea Turtle") -> int:
    return run("openimages", folder, "--classes", classes, "--mirror", server[0], *words)


def pictures(folder: Path) -> List[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))


def test_pictures_and_boxes_of_the_classes_are_fetched(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(server, tmp_path / "set") == EXIT_OK
    expected = ["test/c1.jpg", "train/a1.jpg", "train/a2.jpg", "train/a5.jpg", "validation/b1.jpg"]
    assert pictures(tmp_path / "set") == expected
    found, findings = read(tmp_path / "set")
    assert [(one.title, [box.label for box in one.boxes]) for one in found] == [
        ("test/c1.jpg", ["Sea turtle", "Sea turtle"]),
        ("train/a1.jpg", ["Zebra", "Sea turtle"]),
        ("train/a2.jpg", ["Sea turtle"]),
        ("train/a5.jpg", ["Zebra"]),
        ("val/b1.jpg", ["Zebra"]),
    ]
    assert found[0].boxes[0].edges == (24, 16, 72, 48)
    assert not findings.counts
    assert "5 pictures fetched, 0 were there, 0 missing" in capsys.readouterr().out


def test_the_table_is_that_of_jetson_inference(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(server, tmp_path / "set", "--stats-only") == EXIT_OK
    assert capsys.readouterr().out.startswith(
        "-------------------------------------\n"
        " 'train' set statistics\n"
        "-------------------------------------\n"
        "  Image count:  3\n"
        "  Bounding box count:  4\n"
        "  Bounding box distribution: \n"
        "    Zebra:  2/4 = 0.50\n"
        "    Sea turtle:  2/4 = 0.50\n"
        "\n"
        "-------------------------------------\n"
        " 'validation' set statistics\n"
    )
    assert pictures(tmp_path / "set") == []


def test_a_second_run_fetches_only_what_is_missing(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path / "set")
    (tmp_path / "set/train/a2.jpg").unlink()
    server[2].asked.clear()
    assert fetch(server, tmp_path / "set") == EXIT_OK
    assert server[2].asked == ["/train/a2.jpg"]


def test_pictures_that_cannot_be_had_cost_only_themselves(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (server[1] / "train/a1.jpg").unlink()
    whole = (server[1] / "train/a2.jpg").read_bytes()
    (server[1] / "train/a2.jpg").write_bytes(whole[: len(whole) // 2])
    (server[1] / "test/c1.jpg").write_text("<html>busy</html>")
    assert fetch(server, tmp_path / "set") == EXIT_SKIPPED
    assert pictures(tmp_path / "set") == ["train/a5.jpg", "validation/b1.jpg"]
    output = capsys.readouterr().out
    assert "2 pictures fetched, 0 were there, 3 missing" in output
    assert "/train/a1.jpg: 404" in output
    assert "/train/a2.jpg: picture that is cut off" in output


def test_a_maximum_keeps_the_proportions_and_its_choice(server: Server, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert fetch(server, tmp_path / name, "--max-images", 3) == EXIT_OK
    chosen = pictures(tmp_path / "one")
    assert len(chosen) == 3
    assert [name.split("/")[0] for name in chosen].count("train") == 2
    assert chosen == pictures(tmp_path / "two")


def test_depictions_come_when_they_are_wanted(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path / "set", "--include-depictions", "--parts", "train")
    assert pictures(tmp_path / "set") == [f"train/a{number}.jpg" for number in (1, 2, 4, 5)]


def test_an_unknown_class_is_refused_with_the_nearest(server: Server, tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match="Sea turtel: no such class in Open Images; did you mean Sea turtle"
    ):
        fetch(server, tmp_path / "set", classes="Zebra,Sea turtel")


def test_an_unknown_part_is_refused(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--parts trian: expects train, validation, test"):
        fetch(server, tmp_path / "set", "--parts", "trian")


def test_a_folder_with_another_plan_is_left_alone(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path / "set", "--stats-only")
    plan: Dict[str, Any] = json.loads((tmp_path / "set/plan.json").read_text())
    with pytest.raises(DataError, match=r"plan\.json: is the plan of another request"):
        fetch(server, tmp_path / "set", classes="Whale")
    assert json.loads((tmp_path / "set/plan.json").read_text()) == plan
