"""Draws where the graph of a single-shot detector is cut, with the graph's own names and sizes.

python docs/scripts/cut.py models/NAME/frozen_inference_graph.pb docs/images/cut.svg
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from html import escape
from pathlib import Path
from typing import Any, List, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lib"))

WIDTH, HEIGHT = 980, 430
ROW, GAP = 40, 12
LEFT, CUT, RIGHT = 20, 380, 680
PANEL, NARROW = 300, 280
STYLE = """
text { font: 13px sans-serif; fill: #1b2733 }
.head { font-weight: bold; font-size: 15px }
.small { font-size: 11px; fill: #51606e }
.name { font: 12px monospace }
rect { fill: #fff; stroke: #8a97a3 }
.page { stroke: none }
.accelerator { fill: #e3eefb; stroke: none }
.cpu { fill: #fdeedd; stroke: none }
line { stroke: #1b2733; stroke-width: 1.5; marker-end: url(#tip) }
.cut { stroke: #c62828; stroke-width: 2; stroke-dasharray: 7 5; marker-end: none }
.red { fill: #c62828 }
"""


def text(x: int, y: int, words: str, kind: str = "", anchor: str = "start") -> str:
    """Words, at the middle of their line's height."""
    return f'<text x="{x}" y="{y + 4}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def rect(x: int, y: int, width: int, height: int, kind: str = "") -> str:
    """A box with round corners."""
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" class="{kind}"/>'


def line(x: int, y: int, x2: int, y2: int, kind: str = "") -> str:
    """An arrow, unless its kind says otherwise."""
    return f'<line x1="{x}" y1="{y}" x2="{x2}" y2="{y2}" class="{kind}"/>'


def blocks(x: int, y: int, rows: List[Tuple[str, int]]) -> List[str]:
    """Name scopes one below the other."""
    parts = []
    for index, (name, nodes) in enumerate(rows):
        top = y + index * (ROW + GAP)
        parts += [rect(x, top, NARROW, ROW), text(x + 10, top + 20, name, "name")]
        parts.append(text(x + NARROW - 10, top + 20, f"{nodes:,}", "small", "end"))
    return parts


def scopes(part: Any) -> List[Tuple[str, int]]:
    """The outermost name scopes of a part and their nodes, those with a number taken together."""
    counts: Counter[str] = Counter()
    for node in part.graph_def.node:
        name, inside, _ = node.name.partition("/")
        if inside:
            counts[re.sub(r"_\d+$", "_*", name)] += 1
    return [(name, count) for name, count in counts.items() if count > 9]


def draw(file: Path) -> str:
    """The drawing of a graph, as SVG."""
    from splitdet.graph.cut import shape_text
    from splitdet.loading import load_model

    parts = load_model(file).parts
    front, back = parts.accelerator(), parts.cpu()
    suppression = parts.cpu_scopes[0].rstrip("/")
    inner = [node for node in back.graph_def.node if node.name.startswith(suppression)]
    order = ("Preprocessor", "FeatureExtractor", "BoxPredictor_*", "MultipleGridAnchorGenerator")
    found = dict(scopes(front))
    rows = [(name, found[name]) for name in (*order, "Postprocessor") if name in found]
    ops = Counter(node.op for node in inner if node.op != "Const").most_common(5)
    body = [rect(0, 0, WIDTH, HEIGHT, "page")]
    body += [rect(LEFT, 20, PANEL, 390, "accelerator"), rect(RIGHT - 10, 20, PANEL, 390, "cpu")]
    body.append(text(LEFT + 10, 42, f"accelerator part: {len(front.graph_def.node):,} nodes", "head"))
    body.append(text(RIGHT, 42, f"CPU part: {len(back.graph_def.node):,} nodes", "head"))
    body += [text(LEFT + 10, 72, parts.image.tensor.split(":")[0], "name")]
    body += [text(LEFT + 290, 72, "frames, uint8", "small", "end")]
    body += [line(LEFT + 150, 83, LEFT + 150, 97), *blocks(LEFT + 10, 100, rows)]
    bottom = 100 + len(rows) * (ROW + GAP) - GAP
    body.append(text(LEFT + 150, bottom + 20, "scores and boxes of all anchors", "small", "middle"))
    for index, port in enumerate(parts.cut):
        y = 150 + index * 80
        body += [text(CUT - 40, y - 12, port.tensor.split(":")[0], "name")]
        body += [line(LEFT + PANEL + 4, y, RIGHT - 16, y)]
        body += [text(CUT - 40, y + 14, f"{port.role}, {shape_text(port.shape)}", "small")]
    middle = CUT + 230
    body += [line(middle, 60, middle, 400, "cut"), text(middle, 42, "cut", "head red", "middle")]
    body += [rect(RIGHT, 100, NARROW, 180)]
    for index, word in enumerate([suppression, f"{len(inner):,} nodes"]):
        folded = word if len(word) < 38 else word.replace("/", "/\n")
        for offset, piece in enumerate(folded.split("\n")):
            kind = "name" if not index else "small"
            body.append(text(RIGHT + 10, 120 + 18 * offset + 38 * index, piece, kind))
    for index, (op, count) in enumerate(ops):
        body.append(text(RIGHT + 20, 182 + 18 * index, f"{count} {op}", "small"))
    body.append(line(RIGHT + 140, 281, RIGHT + 140, 297))
    for index, port in enumerate(parts.results):
        body.append(text(RIGHT + 10, 314 + 22 * index, port.tensor.split(":")[0], "name"))
    marker = (
        '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="6" refY="4" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z"/></marker></defs>'
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    title = f"<title>Where {escape(file.parent.name)} is cut</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", marker, *body, "</svg>"]) + "\n"


def main() -> None:
    """Draw one graph."""
    parser = argparse.ArgumentParser(description="Draw where the graph of a detector is cut.")
    parser.add_argument("graph", type=Path)
    parser.add_argument("drawing", type=Path)
    options = parser.parse_args()
    options.drawing.write_text(draw(options.graph), encoding="utf-8")


if __name__ == "__main__":
    main()
