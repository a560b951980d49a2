"""splitdet and others on the same frozen graph: same frames, same cores, rounds in turn, same answers.

    python benchmarks/peers/install.py FOLDER                    # a virtual environment with all of them
    FOLDER/bin/python benchmarks/peers/measure.py --model GRAPH.pb --image PHOTO .. --json FILE

Work is frames of 1280x720 in memory to detections from the threshold on. Each peer is a process of
its own, all of whose threads wait while another one has its turn. The answers of each are compared with
those of TensorFlow on the whole graph; a row that differs says so and is no fair comparison.
"""

from __future__ import annotations

import argparse
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lib"))

from agree import agreement
from worker import PEERS

from splitdet.bench.facts import facts
from splitdet.bench.measure import spread
from splitdet.bench.report import aligned, number

REFERENCE, OURS = "tensorflow", "ours"


class Subject:
    """A peer in its process."""

    def __init__(self, name: str, options: argparse.Namespace) -> None:
        self.name = name
        self.rates: List[float] = []
        command = [sys.executable, str(Path(__file__).with_name("worker.py")), name]
        command += [str(options.model), *options.image, "--det-th", str(options.det_th)]
        command += ["--segments"] * options.segments
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if options.verbose else subprocess.DEVNULL,
            text=True,
        )
        opened = self._answer()
        self.unable: str = opened.get("unable", "")
        self.title: str = opened.get("title", name)
        self.agreement: Dict[str, float] = {}

    def ask(self, command: str) -> Dict[str, Any]:
        """Let it do something; its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            return {"unable": f"it died with exit code {self._process.wait()}"}
        answer: Dict[str, Any] = json.loads(line)
        return answer

    def find(self) -> Optional[List[Any]]:
        """What it finds in each frame; None where it cannot."""
        answer = self.ask("find")
        self.unable = answer.get("unable", "")
        if self.unable:
            return None
        file = Path(answer["file"])
        found: List[Any] = pickle.loads(file.read_bytes())  # our own process has just written it
        file.unlink()
        return found

    def close(self) -> None:
        """Let it end."""
        self._process.communicate()


def measure(options: argparse.Namespace) -> List[Subject]:
    """Open all, compare their answers, and let them run in turn."""
    names = [REFERENCE, *[name for name in options.peer or PEERS if name != REFERENCE]]
    subjects: List[Subject] = []
    wanted: Optional[List[Any]] = None
    for name in names:
        subject = Subject(name, options)
        subjects.append(subject)
        found = None if subject.unable else subject.find()
        if found is not None:
            wanted = wanted or found
            subject.agreement = agreement(found, wanted, options.det_th)
        print(subject.title, subject.unable or subject.agreement, file=sys.stderr, flush=True)
    able = [subject for subject in subjects if not subject.unable]
    for round_index in range(options.rounds):
        for subject in able:
            subject.rates.append(subject.ask(f"run {options.seconds}")["fps"])
        print(f"round {round_index + 1} of {options.rounds}", file=sys.stderr, flush=True)
    for subject in subjects:
        subject.close()
    return subjects


def as_records(subjects: List[Subject]) -> List[Dict[str, Any]]:
    """Figures of each; `ours_to_it`: how many times as fast splitdet with engine auto is."""
    ours = next((subject for subject in subjects if subject.name == OURS), None)
    records = []
    for subject in subjects:
        record: Dict[str, Any] = {"peer": subject.name, "title": subject.title}
        if subject.unable:
            record["unable"] = subject.unable
        else:
            record.update({"fps": spread(subject.rates), "agreement": subject.agreement})
            if ours and ours.rates:
                ratios = [mine / its for mine, its in zip(ours.rates, subject.rates)]
                record["ours_to_it"] = spread(ratios)["median"]
        records.append(record)
    return records


def table(records: List[Dict[str, Any]]) -> str:
    """The figures as Markdown, fastest first."""
    ran = sorted((one for one in records if "fps" in one), key=lambda one: -one["fps"]["mean"])
    head = ["", "FPS", "std", "splitdet to it", "answers"]
    rows = [
        [
            one["title"],
            number(one["fps"]["mean"], 1),
            number(one["fps"]["std"], 1),
            number(one.get("ours_to_it"), 2),
            answers(one["agreement"]),
        ]
        for one in ran
    ]
    unable = [f"{one['title']}: {one['unable']}" for one in records if "unable" in one]
    return "\n".join([*aligned(head, rows), *(["", *unable] if unable else [])])


def answers(found: Dict[str, float]) -> str:
    """How they compare with the reference, in words."""
    verdict = "" if found["same"] else "DIFFERENT: "
    if "pixels" in found:
        return f"{verdict}{100 * found['pixels']:.2f} % of the pixels"
    return f"{verdict}{found['lost']} of {found['wanted']} lost, {found['gained']} gained"


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a frozen graph")
    parser.add_argument("--image", nargs="+", required=True, help="photographs")
    parser.add_argument("--segments", action="store_true", help="the model is a segmenter")
    parser.add_argument("--peer", action="append", choices=sorted(PEERS), help="default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="for each peer and round")
    parser.add_argument("--det-th", type=float, default=0.3)
    parser.add_argument("--verbose", action="store_true", help="show what the libraries print")
    parser.add_argument("--json", default="")
    options = parser.parse_args()
    records = as_records(measure(options))
    print(table(records))
    if options.json:
        result = {
            "machine": facts("benchmarks/peers/measure.py"),
            "model": str(Path(*options.model.parts[-2:])),
            "settings": {name: getattr(options, name) for name in ("rounds", "seconds", "det_th")},
            "frames": f"{len(options.image)} photographs, 1280x720",
            "rows": records,
        }
        Path(options.json).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
