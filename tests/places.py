"""Where tests find things."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
MODEL = "ssdlite_mobilenet_v2_coco_2018_05_09"
SEGMENTER = "deeplabv3_mnv2_pascal_train_aug_2018_01_29"
GRAPH_FILE = "frozen_inference_graph.pb"
