"""Formats of datasets, each with a reader and a writer in a file of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Type

from splitdet.data.formats.base import Reader, Writer
from splitdet.data.formats.coco_reader import CocoReader
from splitdet.data.formats.coco_writer import CocoWriter
from splitdet.data.formats.kitti_reader import KittiReader
from splitdet.data.formats.kitti_writer import KittiWriter
from splitdet.data.formats.openimages_reader import OpenImagesReader
from splitdet.data.formats.openimages_writer import OpenImagesWriter
from splitdet.data.formats.tfrecord_reader import TFRecordReader
from splitdet.data.formats.tfrecord_writer import TFRecordWriter
from splitdet.data.formats.voc_reader import VocReader
from splitdet.data.formats.voc_writer import VocWriter
from splitdet.data.formats.yolo_reader import YoloReader
from splitdet.data.formats.yolo_writer import YoloWriter


@dataclass(frozen=True)
class Format:
    """How a format is called, read and written."""

    title: str
    reader: Type[Reader]
    writer: Type[Writer]


FORMATS: Dict[str, Format] = {
    "voc": Format("Pascal VOC XML", VocReader, VocWriter),
    "coco": Format("COCO JSON", CocoReader, CocoWriter),
    "yolo": Format("YOLO text", YoloReader, YoloWriter),
    "kitti": Format("KITTI text", KittiReader, KittiWriter),
    "openimages": Format("Open Images CSV", OpenImagesReader, OpenImagesWriter),
    "tfrecord": Format("TFRecord of the Object Detection API", TFRecordReader, TFRecordWriter),
}


def recognised(path: Path) -> List[str]:
    """Names of the formats that a file or folder looks like."""
    return [name for name, one in FORMATS.items() if one.reader.recognises(path)]
