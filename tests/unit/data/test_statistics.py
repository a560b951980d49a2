"""What a dataset holds."""

from __future__ import annotations

import math

from datasets import BOXES, record
from splitdet.data.records import Box
from splitdet.data.statistics import SIZE_STEPS, Statistics

PARTED = [
    record(0, part="train"),
    record(1, BOXES[:1], part="train"),
    record(2, BOXES[:1], part="val"),
    record(3, (), part="test"),
]


def test_parts_come_in_the_usual_order_and_add_up() -> None:
    statistics = Statistics(reversed(PARTED))
    assert list(statistics.parts) == ["train", "val", "test"]
    assert statistics.total.pictures == 4
    assert statistics.total.boxes == {"cat": 3, "sea turtle": 1}
    assert statistics.total.empty == 1


def test_the_table_is_that_of_jetson_inference() -> None:
    # as its open_images_downloader.py prints it, but for the last two lines
    rule = "-------------------------------------\n"
    assert Statistics(PARTED).as_text() == (
        f"{rule} 'train' set statistics\n{rule}"
        "  Image count:  2\n  Bounding box count:  3\n  Bounding box distribution: \n"
        "    cat:  2/3 = 0.67\n    sea turtle:  1/3 = 0.33\n\n"
        f"{rule} 'validation' set statistics\n{rule}"
        "  Image count:  1\n  Bounding box count:  1\n  Bounding box distribution: \n"
        "    cat:  1/1 = 1.00\n\n"
        f"{rule} 'test' set statistics\n{rule}"
        "  Image count:  1\n  Bounding box count:  0\n\n"
        f"{rule} Overall statistics\n{rule}"
        "  Image count:  4\n  Bounding box count:  4\n\n"
        "  Image sizes:  96x64 (4)\n"
        "  Images without boxes:  1"
    )


def test_without_parts_the_classes_are_in_the_last_table() -> None:
    assert "    cat:  1/2 = 0.50\n" in Statistics([record(0)]).as_text()


def test_programs_get_the_same_figures() -> None:
    assert Statistics(PARTED).as_json()["train"] == {
        "pictures": 2,
        "without_boxes": 0,
        "boxes": 3,
        "classes": {"cat": 2, "sea turtle": 1},
    }


def test_a_box_around_all_is_in_the_last_cell_and_broken_ones_do_no_harm() -> None:
    boxes = [Box("a", 0, 0, 96, 64), Box("a", 0, 0, 48, 32), Box("a", 9, 9, 1, 1)]
    boxes.append(Box("a", 0, 0, math.nan, 5))
    boxes.append(Box("a", 0, 0, math.inf, 5))
    cells = Statistics([record(0, boxes)]).total.box_sizes
    assert cells[SIZE_STEPS - 1] == 1
    assert cells[SIZE_STEPS // 2] == 1
    assert cells[0] >= 1


def test_nothing_is_a_table_too() -> None:
    assert "Image count:  0" in Statistics().as_text()
