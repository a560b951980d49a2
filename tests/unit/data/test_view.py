"""The contact sheet."""

from __future__ import annotations

import base64
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Dict, List, Tuple

import cv2
import numpy as np
import pytest

from datasets import LABELS, record, records, write
from splitdet.data.dataset import open_dataset
from splitdet.data.findings import Kind
from splitdet.data.records import Box
from splitdet.data.view import write_page
from splitdet.labels import Labels


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: List[Tuple[str, Dict[str, Any]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> List[Dict[str, Any]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.mark.parametrize("name", ["voc", "tfrecord"])
def test_a_page_shows_every_picture_with_its_boxes(tmp_path: Path, name: str) -> None:
    dataset = open_dataset(write(tmp_path / "set", name, records(3)))
    assert not write_page(dataset, tmp_path / "page.html", width_px=48).counts
    page = Elements((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert [svg["viewbox"] for svg in page.of("svg")] == ["0 0 96 64"] * 3
    for image in page.of("image"):
        kind, data = image["href"].split(",")
        assert kind == "data:image/jpeg;base64"
        pixels = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
        assert pixels.shape == (32, 48, 3)
    rect = page.of("rect")[0]
    assert [rect[key] for key in ("x", "y", "width", "height")] == ["10.0", "12.0", "30.0", "24.0"]
    assert [group["data-label"] for group in page.of("g")] == ["cat", "sea turtle"] * 3


def test_a_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    write_page(open_dataset(write(tmp_path / "set", "voc", records())), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert re.findall(r"""(?:https?:)?//[a-z]""", text) == []
    assert "default-src 'none'" in text


def test_names_cannot_bring_in_scripts(tmp_path: Path) -> None:
    evil = "\"><script>alert('x')</script>"
    labels = Labels({1: evil})
    content = [record(0, [Box(evil, 1, 2, 30, 40)], name="<img src=x onerror=alert(1)>.jpg")]
    write_page(
        open_dataset(write(tmp_path / "set", "tfrecord", content, labels)), tmp_path / "page.html"
    )
    page = Elements((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert len(page.of("script")) == 1
    assert page.of("img") == []
    assert page.of("g")[0]["data-label"] == evil


def test_what_is_wrong_is_marked_and_told(tmp_path: Path) -> None:
    content = [record(0, [Box("cat", 40, 12, 10, 36)]), record(1)]
    folder = write(tmp_path / "set", "voc", content)
    (folder / "JPEGImages/p1.jpg").write_bytes(b"no picture")
    findings = write_page(open_dataset(folder), tmp_path / "page.html")
    assert findings.counts == {Kind.INVERTED_BOX: 1, Kind.NOT_A_PICTURE: 1}
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    page = Elements(text)
    assert [figure.get("class") for figure in page.of("figure")] == ["wrong", "wrong"]
    assert page.of("rect")[0]["class"] == "wrong"
    assert "box with edges the wrong way round: p0.jpg: box 1 (cat): x 40 to 10, y 12 to 36" in text
    assert "file that is no picture: p1.jpg: begins with &#x27;no picture&#x27;" in text


def test_a_limit_takes_pictures_from_all_over(tmp_path: Path) -> None:
    dataset = open_dataset(write(tmp_path / "set", "voc", records(8)))
    write_page(dataset, tmp_path / "page.html", limit=2)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert re.findall(r"<figcaption>(p\d\.jpg)", text) == ["p0.jpg", "p4.jpg"]
    assert "2 of 8 pictures" in text


def test_classes_have_the_colours_that_detections_are_drawn_with(tmp_path: Path) -> None:
    from splitdet.visualize.draw import colour

    write_page(open_dataset(write(tmp_path / "set", "voc", records(1))), tmp_path / "page.html")
    page = Elements((tmp_path / "page.html").read_text(encoding="utf-8"))
    blue, green, red = colour(2)
    assert LABELS[2] == "sea turtle"
    assert page.of("rect")[1]["stroke"] == f"#{red:02x}{green:02x}{blue:02x}"


def test_a_name_that_is_no_text_is_shown_all_the_same(tmp_path: Path) -> None:
    content = [record(0, name=os.fsdecode(b"caf\xe9.jpg"))]
    write_page(open_dataset(write(tmp_path / "set", "yolo", content)), tmp_path / "page.html")
    assert "<figcaption>caf?.jpg" in (tmp_path / "page.html").read_text(encoding="utf-8")
