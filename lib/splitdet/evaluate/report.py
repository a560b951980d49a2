"""An evaluation as JSON, and as Markdown for people."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from splitdet.evaluate.coco_scores import Figure
from splitdet.evaluate.evaluate import BoxScores, Evaluation

SCHEMA = 1
SHOWN = ("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR100")


def as_record(evaluation: Evaluation) -> Dict[str, Any]:
    """All figures, ready for JSON; the fields are described in docs/evaluation.md."""
    config, truth = evaluation.config, evaluation.truth
    record: Dict[str, Any] = {
        "schema": SCHEMA,
        "dataset": truth.name,
        "pictures": len(truth.images),
        "objects": truth.object_count,
        "model": config.model_path if evaluation.engine else None,
        "engine": evaluation.engine or None,
        "thresholds": {
            "evaluated_from": evaluation.from_score,
            "exported": evaluation.graph_threshold,
            "deployed": config.det_th,
        },
        "fps": None if evaluation.fps is None else round(evaluation.fps, 2),
        "network_bytes": evaluation.network_bytes or None,
    }
    if evaluation.boxes is not None:
        record.update(_boxes(evaluation, evaluation.boxes))
    if evaluation.segments is not None:
        scores = evaluation.segments
        record["segments"] = {
            "mIoU": scores.mean_iou,
            "pixel_accuracy": scores.pixel_accuracy,
            "classes": {
                evaluation.segment_names[class_id]: share
                for class_id, share in scores.by_class().items()
            },
        }
    return record


def _boxes(evaluation: Evaluation, scores: BoxScores) -> Dict[str, Any]:
    classes: List[Dict[str, Any]] = []
    for class_id, name in evaluation.truth.classes.items():
        curve = scores.curves[class_id]
        precision, recall = curve.at(evaluation.reported_from)
        classes.append(
            {
                "id": class_id,
                "name": name,
                "objects": curve.objects,
                **scores.coco.by_class[class_id],
                "AP07": curve.ap07(),
                "AP10": curve.ap10(),
                "precision": precision,
                "recall": recall,
            }
        )
    return {
        "boxes": scores.coco.figures,
        "boxes_deployed": scores.deployed.figures,
        **({"masks": scores.masks.figures} if scores.masks else {}),
        "voc": {name: _mean([one[name] for one in classes]) for name in ("AP07", "AP10")},
        "classes": classes,
        "confusion": scores.confusion.as_record(),
    }


def as_markdown(record: Dict[str, Any]) -> str:
    """The figures of `as_record` as tables."""
    thresholds = record["thresholds"]
    about = [
        "{} on {}".format(record["model"] or "results", record["dataset"]),
        "{pictures} pictures, {objects} objects".format(**record),
    ]
    if record["engine"]:
        about.append(record["engine"])
    lines = ["; ".join(about), ""]
    if "boxes" in record:
        lines += markdown_table(["", *SHOWN], _coco_rows(record, thresholds))
        lines += [
            "",
            "VOC mAP: {} (11 points, until 2007), {} (area, since 2010)".format(
                show(record["voc"]["AP07"]), show(record["voc"]["AP10"])
            ),
            "",
        ]
        columns = ["AP", "AP50", "AP07", "AP10", "precision", "recall"]
        rows = [
            [one["name"], str(one["objects"]), *(show(one[column]) for column in columns)]
            for one in record["classes"]
            if one["objects"]
        ]
        lines += markdown_table(["class", "objects", *columns], rows)
        lines += [
            "",
            "Precision and recall: at IoU 0.5, from score {:g} on.".format(thresholds["deployed"]),
        ]
    if "segments" in record:
        segments = record["segments"]
        lines += [
            "mIoU {}, pixel accuracy {}".format(
                show(segments["mIoU"]), show(segments["pixel_accuracy"])
            ),
            "",
            *markdown_table(
                ["class", "IoU"], [[name, show(value)] for name, value in segments["classes"].items()]
            ),
        ]
    if record["fps"]:
        lines += ["", "{:.1f} pictures a second".format(record["fps"])]
    return "\n".join(lines)


def _coco_rows(record: Dict[str, Any], thresholds: Dict[str, Optional[float]]) -> List[List[str]]:
    from_score = thresholds["evaluated_from"]
    deployed = "boxes from {} on (det_th)".format(thresholds["deployed"])
    rows = [
        ("all boxes" if from_score is None else f"boxes from {from_score:g} on", record["boxes"]),
        (deployed, record["boxes_deployed"]),
    ]
    if "masks" in record:
        rows.append(("masks", record["masks"]))
    return [[name, *(show(figures[column]) for column in SHOWN)] for name, figures in rows]


def show(value: Figure) -> str:
    """A share with four places; a dash where there is none."""
    return "-" if value is None else f"{value:.4f}"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> List[str]:
    """The lines of a table."""
    return ["| {} |".format(" | ".join(cells)) for cells in [head, ["---"] * len(head), *rows]]


def _mean(values: Sequence[Figure]) -> Figure:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
