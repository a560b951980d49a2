"""Images a second on a cluster, by the number of workers, and what that is of the same for one worker.

    python benchmarks/cluster.py --model MODEL --image PHOTO .. --workers 1 2 4 --json FILE \
        --set engine=tensorrt --set precision=fp16 --set batch_size=32 --set accelerator_feeders=12

Workers are those of `splitdet run --cluster`: one for each GPU where there are any, with an equal share
of the cores, whatever their number (`--set cluster.cpus=N` gives each N). They read photographs of
1280x720 as JPEG files, which lie in memory, and write JSON lines. The rate is that of all shards that
end within `--seconds`, once all workers have been busy for `--settle` seconds.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "lib"))
for_workers = [str(ROOT / "lib"), os.environ.get("PYTHONPATH", "")]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, for_workers))
SIZE_PX = (720, 1280)
QUALITY = 90


def write_photographs(paths: List[str], folder: Path) -> List[str]:
    """Write photographs as files of the benchmark's size."""
    import cv2

    height, width = SIZE_PX
    written = []
    for number, path in enumerate(paths):
        image = cv2.resize(cv2.imread(path), (width, height), interpolation=cv2.INTER_AREA)
        written.append(str(folder / f"{number:03}.jpg"))
        cv2.imwrite(written[-1], image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return written


def endless(photographs: List[str], images: int) -> Iterator[Any]:
    """Shards of those photographs, without end."""
    from splitdet.cluster.inputs import Kind, Shard

    names = itertools.cycle(photographs)
    for number in itertools.count():
        items = tuple(itertools.islice(names, images))
        yield Shard(number, Kind.PICTURES, items, number * images)


def measure(options: argparse.Namespace, workers: int, photographs: List[str]) -> Dict[str, Any]:
    """The rate of so many workers."""
    from splitdet.cluster.crew import Crew
    from splitdet.cluster.manifest import manifest_of, run_digest, settle
    from splitdet.config import load_config

    values = {"cluster.workers": workers, "model_path": options.model}
    config = load_config(os.devnull, options.set, values=values)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settle(folder, manifest_of(config, photographs))
        crew = Crew(options.cluster, config, name, run_digest(folder))
        try:
            shards = endless(photographs, config.cluster.images)
            shard = next(shards)
            frames = 0
            settled_s = begin_s = now_s = float("inf")
            while now_s < begin_s + options.seconds or begin_s == float("inf"):
                while crew.give(shard):
                    shard = next(shards)
                ended = crew.wait()
                now_s = time.perf_counter()
                if crew.ready < workers:
                    continue
                settled_s = min(settled_s, now_s + options.settle)
                if ended is None or now_s < settled_s:
                    continue
                if ended.done is None or ended.done.skipped:
                    raise SystemExit(f"a shard failed: {ended}")
                if begin_s == float("inf"):
                    begin_s = now_s  # its frames came before
                else:
                    frames += ended.done.frames
            row: Dict[str, Any] = {"workers": workers, "cpus": crew.shape.cpus, "gpus": crew.shape.gpus}
            row.update(images_per_s=round(frames / (now_s - begin_s), 2))
        finally:
            crew.close()
    return row


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--image", required=True, nargs="+", help="photographs")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[])
    parser.add_argument("--cluster", default="local", help="auto, local or an address")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--settle", type=float, default=5.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--machine", default=platform.machine(), help="what to call this machine")
    parser.add_argument("--json", metavar="FILE", type=Path)
    options = parser.parse_args()
    if os.path.exists(options.model):
        options.model = os.path.abspath(options.model)
    in_memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    runs: Dict[int, List[Dict[str, Any]]] = {workers: [] for workers in options.workers}
    with tempfile.TemporaryDirectory(dir=in_memory) as folder:
        photographs = write_photographs(options.image, Path(folder))
        for _ in range(options.repeats):
            for workers, rows in runs.items():
                rows.append(measure(options, workers, photographs))
                print(rows[-1], flush=True)
    first = options.workers[0]
    table = []
    for workers, rows in runs.items():
        ratios = [
            own["images_per_s"] * first / (base["images_per_s"] * workers)
            for own, base in zip(rows, runs[first])
        ]
        rate = statistics.median(row["images_per_s"] for row in rows)
        table.append({**rows[0], "images_per_s": rate, "of_linear": round(statistics.median(ratios), 3)})
        print(table[-1], flush=True)
    if options.json:
        result = {
            "machine": options.machine,
            "cores": os.cpu_count(),
            "model": Path(options.model).name,
            "settings": options.set,
            "photographs": len(options.image),
            "seconds": options.seconds,
            "repeats": options.repeats,
            "rows": table,
        }
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
