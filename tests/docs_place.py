"""A folder with the files that the pages of the documentation speak of; small ones."""

from __future__ import annotations

import json
from pathlib import Path

import cv2

from datasets import HEIGHT_PX, WIDTH_PX, pixels, record, write
from places import GRAPH_FILE, MODEL
from splitdet.data.records import Box
from splitdet.labels import Labels
from ssd_graphs import write_ssd

VIDEOS = ("media/bikes.mp4", "street.mp4", "a.mp4", "b.mp4")
PICTURES = ("dog.jpg", "photo.jpg", "images/cat.jpg", "photos/one.jpg", "photos/deep/two.jpg")
NAMES = ("person", "car", "cat")


def furnish(folder: Path) -> Path:
    """Put them there; gives the folder. The model has the default one's name, and random weights."""
    graph = folder / "models" / MODEL / GRAPH_FILE
    graph.parent.mkdir(parents=True)
    write_ssd(graph, "nms_v2", classes=len(NAMES))
    (graph.parent / "labels.txt").write_text("\n".join(NAMES))
    (graph.parent / "manifest.yml").write_text("labels: labels.txt\n")
    for seed, name in enumerate(VIDEOS):
        _write_video(folder / name, seed)
    for name in PICTURES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), pixels(len(name)))
    _write_truth(folder / "labels.json")
    _write_cards(folder / "cards")
    animals = Labels({1: "cat", 2: "dog", 3: "sheep"})
    boxes = [Box(name, 10, 12, 40, 36) for name in animals.names.values()]
    each = [record(seed, [box]) for seed, box in enumerate(boxes)]
    write(folder / "coco", "coco", each, animals)
    frames = [record(seed, name=f"clip{seed // 3}_{seed}.jpg") for seed in range(12)]
    write(folder / "frames", "voc", frames)
    return folder


def _write_video(file: Path, seed: int) -> None:
    file.parent.mkdir(exist_ok=True)
    codec = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(file), codec, 12.5, (WIDTH_PX, HEIGHT_PX))
    for index in range(8):
        writer.write(pixels(100 * seed + index))
    writer.release()


def _write_truth(file: Path) -> None:
    """What is in the pictures of `photos`, as COCO writes it."""
    size = {"width": WIDTH_PX, "height": HEIGHT_PX}
    names = [name for name in PICTURES if name.startswith("photos")]
    images = [{"id": index, "file_name": name, **size} for index, name in enumerate(names)]
    box = {"category_id": 1, "bbox": [10, 10, 20, 20], "area": 400, "iscrowd": 0}
    truth = {
        "images": images,
        "annotations": [{"id": 1 + image["id"], "image_id": image["id"], **box} for image in images],
        "categories": [{"id": 1, "name": "person"}],
    }
    file.write_text(json.dumps(truth))


def _write_cards(folder: Path) -> None:
    labels = Labels({1: "king", 2: "queen"})
    boxes = [Box("king", 10, 12, 40, 36), Box("queen", 50, 20, 90, 60)]
    parts = ["train"] * 10 + ["test"] * 2
    cards = [record(seed, boxes, part) for seed, part in enumerate(parts)]
    write(folder / "images", "voc", cards, labels)
    items = [f"item {{ id: {number} name: '{name}' }}\n" for number, name in labels.names.items()]
    (folder / "training").mkdir()
    (folder / "training/labelmap.pbtxt").write_text("".join(items))
