"""COCO: `annotations/instances_<part>.json` and `images/<part>`."""

from __future__ import annotations

import json
from typing import Any, Dict, List

from splitdet.data.formats.base import Writer
from splitdet.data.records import Record


class CocoWriter(Writer):
    """Writes a JSON file for each part; what goes into it is kept in memory until the end."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._images: Dict[str, List[Dict[str, Any]]] = {}
        self._annotations: Dict[str, List[Dict[str, Any]]] = {}
        self._image_id = self._annotation_id = 0

    def write(self, record: Record) -> None:
        """See `Writer.write`."""
        name = self.place(record)
        self.put("/".join(filter(None, ("images", record.part, name))), record.image.read())
        self._image_id += 1
        self._images.setdefault(record.part, []).append(
            {
                "id": self._image_id,
                "file_name": name,
                "width": record.width_px,
                "height": record.height_px,
            }
        )
        annotations = self._annotations.setdefault(record.part, [])
        for box in record.boxes:
            self._annotation_id += 1
            annotations.append(
                {
                    "id": self._annotation_id,
                    "image_id": self._image_id,
                    "category_id": self.ids[box.label],
                    "bbox": [_rounded(v) for v in (box.xmin, box.ymin, box.width_px, box.height_px)],
                    "area": _rounded(box.width_px * box.height_px),
                    "iscrowd": int(box.crowd),
                    "segmentation": [],
                }
            )

    def close(self) -> None:
        """See `Writer.close`."""
        categories = [
            {"id": number, "name": name, "supercategory": ""}
            for number, name in sorted(self.labels.names.items())
        ]
        for part, images in self._images.items():
            content = {
                "images": images,
                "annotations": self._annotations[part],
                "categories": categories,
            }
            name = f"instances_{part}" if part else "instances"
            self.put(f"annotations/{name}.json", json.dumps(content).encode())
        super().close()


def _rounded(value: float) -> float:
    return round(value, 3)
