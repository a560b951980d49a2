"""What the results in a folder were made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

import pytest

from splitdet.cluster.manifest import FILE, NO_MATTER, manifest_of, run_digest, settle
from splitdet.config import make_config
from splitdet.config.keys import all_keys
from splitdet.config.schema import Config
from splitdet.errors import ConfigError


@pytest.fixture(name="model")
def _model(tmp_path: Path) -> Path:
    """Nobody looks into it."""
    path = tmp_path / "graph.pb"
    path.write_bytes(b"a graph")
    return path


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """One with a result in it."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "part-000000.jsonl").touch()
    return tmp_path / "out"


def manifest(model: Path, **settings: Any) -> Dict[str, Any]:
    """That of a run over one folder."""
    return manifest_of(make_config(model_path=str(model), **settings), ["photos"])


def test_the_same_run_goes_on(model: Path, folder: Path) -> None:
    settle(folder, manifest(model, roi=[[0, 0], [1, 0], [1, 1 / 3]], classes=["a"]))
    digest = run_digest(folder)
    settle(folder, manifest(model, roi=[[0, 0], [1, 0], [1, 1 / 3]], classes=["a"]))
    assert run_digest(folder) == digest != ""


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"det_th": 0.4}, "was made with det_th 0.5, and not 0.4"),
        ({"cluster": {"images": 10}}, "was made with cluster.images 1000, and not 10"),
        ({"playback": {"stride": 2}}, "was made with playback.stride 1, and not 2"),
        ({"json_box_px": True}, "was made with json_box_px False, and not True"),
    ],
)
def test_other_settings_are_refused_in_one_line(
    model: Path, folder: Path, settings: Dict[str, Any], message: str
) -> None:
    settle(folder, manifest(model))
    advice = "; go on with the same, or write to another folder"
    with pytest.raises(ConfigError, match=message + advice + "$"):
        settle(folder, manifest(model, **settings))


def test_another_model_under_the_same_name_is_refused(model: Path, folder: Path) -> None:
    settle(folder, manifest(model))
    model.write_bytes(b"another graph")
    with pytest.raises(ConfigError, match="was made with model "):
        settle(folder, manifest(model))


def test_other_inputs_are_refused(model: Path, folder: Path) -> None:
    settle(folder, manifest(model))
    other = manifest_of(make_config(model_path=str(model)), ["photos", "more"])
    with pytest.raises(ConfigError, match=r"with inputs \['photos'\], and not \['photos', 'more'\]"):
        settle(folder, other)


def test_what_only_changes_the_speed_may_change(model: Path, folder: Path) -> None:
    settle(folder, manifest(model))
    settle(folder, manifest(model, in_flight=9, cluster={"workers": 4}, visualize=False))


def test_the_keys_that_do_not_matter_are_keys() -> None:
    assert set(all_keys(Config)) >= NO_MATTER


@pytest.mark.parametrize("content", ["", "[]", '{"settings": 1}', json.dumps({"inputs": []})])
def test_a_damaged_manifest_is_one_line(model: Path, folder: Path, content: str) -> None:
    (folder / FILE).write_text(content)
    with pytest.raises(ConfigError, match=r"manifest\.json: damaged; write to another folder$"):
        settle(folder, manifest(model))


def test_a_folder_without_results_takes_any_run(model: Path, folder: Path) -> None:
    (folder / "part-000000.jsonl").rename(folder / "part-000000.jsonl.0123abcd.part")
    settle(folder, manifest(model, det_th=0.4))
    settle(folder, manifest(model))
    assert json.loads((folder / FILE).read_text())["settings"]["det_th"] == 0.5


def test_a_folder_without_a_manifest_has_no_digest(folder: Path) -> None:
    assert run_digest(folder) == ""
