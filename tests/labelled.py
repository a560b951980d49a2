"""Small labelled datasets: with known answers, with random boxes, and as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from splitdet.evaluate.found import FoundObject
from splitdet.evaluate.truth import GroundTruth, LabelledImage, TrueObject

SIZE_PX = (60, 80)
"""Height and width of the pictures."""
NAMES = {1: "cat", 2: "dog", 5: "traffic light"}
Box = Tuple[float, float, float, float]


def true(class_id: int, *box: float, **flags: bool) -> TrueObject:
    """An object at left, top, width, height."""
    return TrueObject(class_id, (box[0], box[1], box[2], box[3]), box[2] * box[3], **flags)


def found(image_id: Any, class_id: int, score: float, *box: float) -> FoundObject:
    """A detection at left, top, width, height."""
    return FoundObject(image_id, class_id, (box[0], box[1], box[2], box[3]), score)


def dataset(*objects: Sequence[TrueObject], names: Optional[Dict[int, str]] = None) -> GroundTruth:
    """Pictures 1, 2, .. with these objects."""
    images = [
        LabelledImage(number, Path(f"{number}.png"), SIZE_PX[1], SIZE_PX[0], tuple(some))
        for number, some in enumerate(objects, start=1)
    ]
    return GroundTruth("some.json", tuple(images), names or NAMES)


def random_coco(seed: int, images: int = 12, objects: int = 80) -> Tuple[Dict[str, Any], List[Any]]:
    """A COCO file and COCO results that have everything: crowds, near misses, equal scores, all sizes.

    Returns:
        their content.
    """
    random = np.random.RandomState(seed)
    annotations, results = [], []
    for number in range(1, objects + 1):
        image_id, class_id = int(random.randint(images)) * 7 + 3, int(random.choice(list(NAMES)))
        left, top = random.uniform(0, 400, 2)
        width, height = np.exp(random.uniform(1.5, 5.5, 2))
        annotations.append(
            {
                "id": number,
                "image_id": image_id,
                "category_id": class_id,
                "bbox": [left, top, width, height],
                "area": width * height * random.uniform(0.4, 1),
                "iscrowd": int(number % 17 == 0),
            }
        )
        for _ in range(random.randint(0, 4)):
            moved = np.array([left, top, width, height])
            moved += np.array([width, height] * 2) * random.uniform(-0.1, 0.1, 4)
            results.append(
                {
                    "image_id": image_id,
                    "category_id": class_id if random.uniform() < 0.8 else 1,
                    "bbox": moved.tolist(),
                    "score": round(random.uniform(), 2),
                }
            )
    content = {
        "images": [
            {"id": number * 7 + 3, "file_name": f"{number}.png", "width": 640, "height": 640}
            for number in range(images)
        ],
        "annotations": annotations,
        "categories": [{"id": class_id, "name": name} for class_id, name in NAMES.items()],
    }
    return content, results


def write_pictures(folder: Path, count: int, seed: int = 0) -> List[np.ndarray]:
    """Pictures of coloured rectangles, 1.png, 2.png, ..; what was written."""
    random = np.random.RandomState(seed)
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for number in range(1, count + 1):
        picture = np.full((*SIZE_PX, 3), random.randint(0, 256, 3), np.uint8)
        for _ in range(6):
            top, left = random.randint(0, SIZE_PX[0] - 20), random.randint(0, SIZE_PX[1] - 20)
            bottom, right = top + random.randint(8, 40), left + random.randint(8, 40)
            picture[top:bottom, left:right] = random.randint(0, 256, 3)
        cv2.imwrite(str(folder / f"{number}.png"), picture)
        pictures.append(picture)
    return pictures


def write_json(path: Path, content: Any) -> Path:
    """A JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def evaluated(ap: Optional[float], begins: Optional[float] = 1e-8) -> Dict[str, Any]:
    """What `splitdet eval` writes: an mAP, of boxes from a score on."""
    return {
        "thresholds": {"evaluated_from": begins},
        "boxes": {"AP": ap, "AP50": 0.5},
        "boxes_deployed": {"AP": 0.25},
        "fps": 12.34,
        "network_bytes": 18_700_000,
    }
