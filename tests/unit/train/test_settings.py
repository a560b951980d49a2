"""Settings of a run: what is wrong with one is said in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from splitdet.cli.train import _overrides
from splitdet.errors import ConfigError
from splitdet.train.settings import checked, load_settings


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("epoch", 3, "unknown key 'epoch'"),
        ("batch", 0, "batch: expects 1 to 1024, got 0"),
        ("flip", "maybe", "flip: expects bool"),
        ("frozen_blocks", 14, "expects 0 to 13, got 14"),
    ],
)
def test_a_wrong_setting_is_refused(key: str, value: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        checked({key: value}, "test")


@pytest.mark.parametrize("value", ["[", '!!int ""', "2024-13-45"])
def test_a_value_that_is_no_yaml_is_refused_in_one_line(value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _overrides(["batch=" + value])
    assert str(caught.value) == f"--set batch={value}: {value!r} is not readable as a value"


@pytest.mark.parametrize("text", ["batch: [", 'batch: !!int ""', "batch: !!bool x"])
def test_a_file_of_settings_that_is_no_yaml_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "train.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings(path, {})
    assert str(caught.value) == f"{path}: expects lines of the form 'key: value'"
