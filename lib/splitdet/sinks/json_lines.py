"""Results as JSON, one object a frame."""

from __future__ import annotations

from typing import Any, Dict

from splitdet.labels import Labels
from splitdet.types import Detections, Frame, Segmentation

SCHEMA = 1


def frame_record(frame: Frame, found: Detections, labels: Labels) -> Dict[str, Any]:
    """What was found in a frame, ready for JSON; boxes are ymin, xmin, ymax, xmax, 0..1.

    A segmented frame also has the share of the picture that each class takes, 0..1.
    """
    record = {
        "schema": SCHEMA,
        "frame": frame.index,
        "source": frame.source,
        "time_s": round(frame.time_s, 6),
        "width": frame.width,
        "height": frame.height,
        "detections": [
            {
                "box": [float(edge) for edge in box],
                "score": float(score),
                "class_id": int(class_id),
                "label": labels[class_id],
            }
            for box, score, class_id in zip(found.boxes, found.scores, found.classes)
        ],
    }
    if isinstance(found, Segmentation):
        record["segmentation"] = [
            {"class_id": class_id, "label": labels[class_id], "share": share}
            for class_id, share in found.shares().items()
        ]
    return record
