"""A contact sheet: one HTML file with small pictures and their boxes, for any browser."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from pathlib import Path
from typing import Dict, List

import cv2

from splitdet.data.dataset import Dataset
from splitdet.data.findings import Finding, Findings
from splitdet.data.judge import can_be_written, judge_boxes
from splitdet.data.pictures import decode, encode
from splitdet.data.records import Box, Record
from splitdet.data.report import as_text
from splitdet.data.transfer import settled_records
from splitdet.visualize.palette import Colour, colour

WIDTH_PX = 320
QUALITY = 80

_STYLE = """
body{margin:0;background:#16181d;color:#dde;font:14px/1.4 system-ui,sans-serif}
header{position:sticky;top:0;z-index:1;padding:.6em 1em;background:#222630}
h1{font-size:1.1em;margin:0 0 .3em} label{margin-right:1em;white-space:nowrap} i{display:inline-block;
width:.8em;height:.8em;border-radius:2px} main{display:flex;flex-wrap:wrap;align-items:flex-start;
gap:10px;padding:10px}
figure{margin:0;background:#222630;border-radius:4px;overflow:hidden;width:%dpx}
figure[hidden]{display:none}
figure.wrong{outline:2px solid #e5484d} svg{display:block;width:100%%;height:auto}
figcaption{padding:.3em .6em;overflow-wrap:anywhere} .what{color:#ff9592}
rect{fill:none;stroke-width:2;vector-effect:non-scaling-stroke} rect.wrong{stroke-dasharray:4 3}
footer{padding:10px}
text{fill:#fff;paint-order:stroke;stroke:#000;stroke-width:.15em} g[hidden]{display:none}
"""
_SCRIPT = """
const boxes = document.querySelectorAll('header input');
function update() {
  const off = new Set([...boxes].filter(b => b.value && !b.checked).map(b => b.value));
  const wrong = document.getElementById('wrong').checked;
  for (const g of document.querySelectorAll('g')) g.toggleAttribute('hidden', off.has(g.dataset.label));
  for (const f of document.querySelectorAll('figure')) {
    const shown = [...f.querySelectorAll('g')];
    const empty = shown.length && shown.every(g => g.hasAttribute('hidden'));
    f.hidden = empty || (wrong && !f.classList.contains('wrong'));
  }
}
for (const b of boxes) b.addEventListener('change', update);
"""


def write_page(dataset: Dataset, path: Path, limit: int = 0, width_px: int = WIDTH_PX) -> Findings:
    """Write the page; it needs nothing but itself.

    Args:
        limit: see `Dataset.records`.
        width_px: of each picture.

    Returns:
        what was found wrong on the way.
    """
    findings = Findings()
    labels = dataset.labels(limit)
    paint = {name: _css(colour(number)) for number, name in labels.names.items()}
    classes = frozenset(paint)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(str(path), "w", encoding="utf-8", errors="replace") as file:
        file.write(_head(dataset, paint, limit, width_px))
        for _, settled in settled_records(dataset, findings, limit, "drawing"):
            record, found = settled.record, settled.findings
            if record is None:
                file.write(_card("", "", found))
                continue
            wrong, _ = judge_boxes(record, classes)
            findings.extend(wrong)
            file.write(_card(_picture(record, paint, width_px), record.title, [*found, *wrong]))
        file.write(f"</main><footer><pre>{escape(as_text(findings))}</pre></footer>")
        file.write(f"<script>{_SCRIPT}</script></body></html>\n")
    return findings


def _head(dataset: Dataset, paint: Dict[str, str], limit: int, width_px: int) -> str:
    shown = min(limit, len(dataset)) if limit > 0 else len(dataset)
    digest = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )
    boxes = "".join(
        f'<label><input type="checkbox" checked value="{escape(name)}"> '
        f'<i style="background:{shade}"></i> {escape(name)}</label>'
        for name, shade in paint.items()
    )
    title = escape(f"{dataset.path}: {shown} of {len(dataset)} pictures")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{title}</title><style>{_STYLE % width_px}</style></head><body><header><h1>{title}</h1>"
        f'{boxes}<label><input type="checkbox" id="wrong"> only with findings</label></header><main>\n'
    )


def _card(picture: str, title: str, found: List[Finding]) -> str:
    told = "".join(
        f'<div class="what">{escape(one.kind.title)}: {escape(str(one))}</div>' for one in found
    )
    mark = ' class="wrong"' if found else ""
    return f"<figure{mark}>{picture}<figcaption>{escape(title)}{told}</figcaption></figure>\n"


def _picture(record: Record, paint: Dict[str, str], width_px: int) -> str:
    """A picture as SVG, whose units are the pixels of the original."""
    width, height = record.width_px, record.height_px
    pixels = decode(record.image.read())
    if pixels is None:
        return ""
    size = (width_px, max(1, round(height * width_px / width)))
    if size[0] < width:
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    data = base64.b64encode(encode(pixels, ".jpg", QUALITY)).decode()
    boxes = "".join(
        _box(box, paint.get(box.label, "#fff"), 13 * width / width_px)
        for box in record.boxes
        if can_be_written(box, {box.label})
    )
    return (
        f'<svg viewBox="0 0 {width} {height}"><image width="{width}" height="{height}" '
        f'href="data:image/jpeg;base64,{data}"/>{boxes}</svg>'
    )


def _box(box: Box, shade: str, text_px: float) -> str:
    left, right = sorted((box.xmin, box.xmax))
    top, bottom = sorted((box.ymin, box.ymax))
    inverted = ' class="wrong"' if (left, top) != (box.xmin, box.ymin) else ""
    label = escape(box.label)
    return (
        f'<g data-label="{label}"><rect{inverted} stroke="{shade}" x="{left:.1f}" y="{top:.1f}" '
        f'width="{right - left:.1f}" height="{bottom - top:.1f}"/><text x="{left:.1f}" '
        f'y="{max(top, text_px):.1f}" font-size="{text_px:.1f}">{label}</text></g>'
    )


def _css(bgr: Colour) -> str:
    return "#{2:02x}{1:02x}{0:02x}".format(*bgr)
