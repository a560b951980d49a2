"""OpenVINO: what it compiled is kept, and precisions are what they are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from picture_files import random_pictures
from splitdet.engines.cache import store_checked
from splitdet.engines.openvino import OpenVinoEngine
from splitdet.graph.cut import Part
from splitdet.graph.load import load_graph
from splitdet.models import identify
from ssd_graphs import write_ssd

openvino = pytest.importorskip("openvino")
pytestmark = pytest.mark.usefixtures("fresh_cache")
FRAMES = random_pictures(5, 64, 64).astype(np.float32)


def network(path: Path) -> Part:
    """The network of a detector."""
    return identify(load_graph(path)).parts.network()


def test_a_second_start_neither_reads_nor_compiles(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = network(tiny_model)
    expected = OpenVinoEngine("cpu", "fp32", 1).compile(part, ()).run((FRAMES,))
    monkeypatch.setattr(OpenVinoEngine, "_read", lambda *_: pytest.fail("read again"))
    found = OpenVinoEngine("cpu", "fp32", 2).compile(part, ()).run((FRAMES,))
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


def test_what_this_openvino_does_not_take_is_compiled_anew(tiny_model: Path, fresh_cache: Path) -> None:
    part, engine = network(tiny_model), OpenVinoEngine("cpu", "fp32", 1)
    expected = engine.compile(part, ()).run((FRAMES,))
    (file,) = fresh_cache.iterdir()
    key = file.read_bytes().split(b"\n")[1].decode()
    assert store_checked(key, file.suffix, b"of another version") == file
    found = engine.compile(part, ()).run((FRAMES,))
    np.testing.assert_array_equal(found[0], expected[0])


def test_other_networks_and_precisions_are_kept_apart(
    tiny_model: Path, tmp_path: Path, fresh_cache: Path
) -> None:
    other = network(write_ssd(tmp_path / "other.pb", "nms_v2", seed=1))
    for part, how in [(network(tiny_model), "fp32"), (network(tiny_model), "bf16"), (other, "fp32")]:
        OpenVinoEngine("cpu", how, 1).compile(part, ()).close()
    assert len(list(fresh_cache.iterdir())) == 3


def test_each_frame_of_a_batch_has_the_bits_that_it_has_alone(tiny_model: Path) -> None:
    runner = OpenVinoEngine("cpu", "fp32", 1).compile(network(tiny_model), ())
    together = runner.run((FRAMES,))
    alone = [runner.run((FRAMES[row : row + 1],)) for row in range(len(FRAMES))]
    for position, tensor in enumerate(together):
        np.testing.assert_array_equal(tensor, np.concatenate([found[position] for found in alone]))


def test_a_result_does_not_change_with_the_next_frame(tiny_model: Path) -> None:
    runner = OpenVinoEngine("cpu", "fp32", 1).compile(network(tiny_model), ())
    first = runner.run((FRAMES[:1],))
    kept = first[0].copy()
    runner.run((FRAMES[1:2],))
    np.testing.assert_array_equal(first[0], kept)


@pytest.mark.parametrize(
    ("precision", "words"), [("fp16", "fp32 (it has no fp16)"), ("bf16", "bf16 (imitated")]
)
def test_a_precision_that_the_processor_lacks_is_told(precision: str, words: str) -> None:
    has = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    said = OpenVinoEngine("cpu", precision, 1).description.partition("CPU, ")[2]
    assert said.startswith(precision if precision.upper() in has else words)
