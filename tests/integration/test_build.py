"""`splitdet build`, with TensorRT for RTX, which needs no GPU to build."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from commands import call_here
from labelled import evaluated
from splitdet.cli.main import dispatch
from splitdet.config import Config
from splitdet.engines.make import make_engine
from splitdet.engines.tensorrt.options import BuildOptions
from splitdet.errors import EXIT_BAD_INPUT, EXIT_OK
from splitdet.evaluate.compare import Row
from splitdet.graph.cut import Part

pytest.importorskip("tensorrt_rtx", reason="needs the package tensorrt-rtx-cu13")
pytest.importorskip("onnx")


def test_an_engine_is_built_and_found_again(tiny_model: Path, tmp_path: Path) -> None:
    command = ("build", tiny_model, "--precision", "fp16", "--batch", "4", "--target", "12.0")
    first = call_here(*command, folder=tmp_path, SPLITDET_CACHE=str(tmp_path / "cache"))
    assert first.returncode == EXIT_OK, first.stderr
    assert "fp16: built in" in first.stderr
    assert Path(first.stdout.strip()).is_file()
    second = call_here(*command, folder=tmp_path, SPLITDET_CACHE=str(tmp_path / "cache"))
    assert (second.stdout, second.stderr) == (first.stdout, "")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--precision", "int8"], "needs pictures to find its ranges with, a few hundred"),
        (["--batch", "0"], "a batch of 0: expects at least 1"),
        (["--target", "new"], "--target new: expects a compute capability"),
        (["--precision", "fp16", "--dla", "0", "--target", "8.6"], "DLA core 0 is not there"),
    ],
)
def test_a_wrong_option_is_one_line(
    tiny_model: Path, tmp_path: Path, options: List[str], words: str
) -> None:
    done = call_here("build", tiny_model, *options, folder=tmp_path, SPLITDET_CACHE=str(tmp_path))
    assert done.returncode == EXIT_BAD_INPUT
    assert done.stderr.startswith("error: ")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_cache_that_cannot_be_written_fails_after_a_note(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    place = str(tmp_path / "file" / "cache")
    done = call_here("build", tiny_model, "--target", "12.0", folder=tmp_path, SPLITDET_CACHE=place)
    assert done.returncode == 1
    assert "the engine could not be kept" in done.stderr


class Asked:
    """In place of an engine that needs a GPU: what it was asked for."""

    def __init__(self, options: BuildOptions) -> None:
        self.options = options
        asked.append(self)

    def build(self, part: Part, anew: bool = False) -> Tuple[bytes, Path]:
        self.anew = anew
        return b"", Path(__file__)


asked: List[Asked] = []


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ([], {"precision": "fp16"}),
        (["--precision", "fp32", "--batch", "8"], {"precision": "fp32", "batch_size": 8}),
        (["--precision", "int8", "--calibration", "p"], {"precision": "int8", "calibration": "p"}),
        (["--dla", "1", "--batch", "2"], {"precision": "fp16", "dla_core": 1, "batch_size": 2}),
        (["--level", "1", "--workspace", "64"], {"precision": "fp16"}),
    ],
)
def test_a_run_asks_for_the_engine_that_was_built(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch, options: List[str], settings: Dict[str, Any]
) -> None:
    monkeypatch.setattr("splitdet.engines.tensorrt.engine.TensorRTEngine", Asked)
    assert dispatch(["build", str(tiny_model), *options]) == EXIT_OK
    make_engine("tensorrt", Config(**settings), 1)
    built, run = asked[-2:]
    assert built.options.result == run.options.result
    assert built.anew == ("--level" in options)


@pytest.mark.parametrize(("ap", "is_warned"), [(0.2985, False), (0.2975, True)])
def test_an_engine_that_costs_too_much_map_is_warned_of(
    tiny_model: Path,
    fresh_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    ap: float,
    is_warned: bool,
) -> None:
    def run_variant(settings: Dict[str, str], precision: str, options: List[str]) -> Row:
        assert options[:4] == ["--model", str(tiny_model), "--dataset", "labelled"]
        assert ("batch_size=1" in options) == (settings["engine"] == "tensorrt")
        return Row(settings, precision, evaluated(ap if settings["engine"] == "tensorrt" else 0.3))

    monkeypatch.setattr("splitdet.evaluate.compare.run_variant", run_variant)  # no GPU to run it on
    command = ["build", str(tiny_model), "--precision", "fp16", "--target", "12.0"]
    assert dispatch([*command, "--dataset", "labelled"]) == EXIT_OK
    assert "| 0.3000 |" in capsys.readouterr().out
    warning = "mAP of this engine: NOT within 0.002, the limit of fp16"
    assert any(warning in text for text in caplog.messages) == is_warned


def test_an_engine_without_a_dla_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    settings = ("--set", f"model_path={tiny_model}", "--set", "dla_core=0", "--set", "engine=openvino")
    done = call_here("run", "synthetic:3", "none", *settings, folder=tmp_path)
    assert done.returncode == EXIT_BAD_INPUT
    assert (
        done.stderr.strip() == "error: engine openvino has no DLA; set engine: tensorrt, or dla_core: -1"
    )
