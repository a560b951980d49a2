"""One peer in a process of its own, which does what it is told on stdin and answers in JSON on stdout.

find            answers for each of the frames once; to a file, of which the name is answered
run SECONDS     frames a second
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import os
import pickle
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lib"))

import cv2
import numpy as np
from base import SIZE_PX, Peer, Unable

FEWEST = 6
"""Frames of a round, whatever the time."""
PEERS = {
    "tensorflow": "tensorflow_whole.TensorFlowWhole",
    "openvino": "openvino_async.OpenVinoAsync",
    "opencv": "opencv_dnn.OpenCvDnn",
    "onnxruntime": "onnxruntime_whole.OnnxRuntimeWhole",
    "litert": "litert_xnnpack.LiteRt",
    "ours": "ours.Ours",
    "ours-tensorflow": "ours.OursTensorFlow",
    "ours-openvino": "ours.OursOpenVino",
    "ours-onnxruntime": "ours.OursOnnxRuntime",
}


def load_frames(paths: List[str]) -> List[np.ndarray]:
    """Photographs at the size of the benchmark."""
    height, width = SIZE_PX
    return [
        cv2.resize(cv2.imread(path), (width, height), interpolation=cv2.INTER_AREA) for path in paths
    ]


def endless(frames: List[np.ndarray], end_s: float) -> Iterator[np.ndarray]:
    """Those frames again and again, until the time has come and there were a few."""
    for count, frame in enumerate(itertools.cycle(frames)):
        if count >= FEWEST and time.perf_counter() >= end_s:
            return
        yield frame


def rate(peer: Peer, frames: List[np.ndarray], seconds: float) -> float:
    """Frames a second from the first answer to the last."""
    begin_s = time.perf_counter()
    done_s = [time.perf_counter() for _ in peer.run(endless(frames, begin_s + seconds))]
    return (len(done_s) - 1) / (done_s[-1] - done_s[0])


def obey(peer: Peer, frames: List[np.ndarray], command: str) -> Dict[str, Any]:
    """Do what one line says."""
    verb, *words = command.split()
    if verb == "run":
        return {"fps": rate(peer, frames, float(words[0]))}
    answers = dict(peer.run(frames))
    with tempfile.NamedTemporaryFile(suffix=".pickle", delete=False) as file:
        pickle.dump([answers[index] for index in range(len(frames))], file)
    return {"file": file.name}


def main() -> None:
    """Open the peer, say so, and obey until stdin ends."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=sorted(PEERS))
    parser.add_argument("graph", type=Path)
    parser.add_argument("images", nargs="+")
    parser.add_argument("--segments", action="store_true")
    parser.add_argument("--det-th", type=float, default=0.3)
    options = parser.parse_args()
    answer = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is no answer
    module, name = PEERS[options.peer].split(".")
    try:
        kind = getattr(importlib.import_module(module), name)
        peer = kind(options.graph, options.segments, options.det_th)
    except (Unable, ImportError) as error:
        answer.write(json.dumps({"unable": str(error)}) + "\n")
        return
    frames = load_frames(options.images)
    answer.write(json.dumps({"title": peer.title}) + "\n")
    for line in sys.stdin:
        answer.write(json.dumps(obey(peer, frames, line)) + "\n")


if __name__ == "__main__":
    main()
