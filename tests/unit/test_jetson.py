"""Which Jetson a machine is, by the files that NVIDIA's system has."""

from __future__ import annotations

from pathlib import Path

import pytest

from splitdet.jetson import Jetson, find_jetson


def machine(root: Path, model: str, release: str = "") -> Path:
    """The files of a machine."""
    tree = root / "proc" / "device-tree"
    tree.mkdir(parents=True)
    (tree / "model").write_text(model + "\0")
    (root / "etc").mkdir()
    if release:
        (root / "etc" / "nv_tegra_release").write_text(release)
    return root


@pytest.mark.parametrize(
    ("model", "release", "platform"),
    [
        ("quill", "# R28 (release), REVISION: 2.1, GCID: 11272647, BOARD: t186ref", "tx2"),
        ("NVIDIA Jetson TX2 Developer Kit", "# R32 (release), REVISION: 7.1, BOARD: t186ref", "nano"),
        ("NVIDIA Jetson Nano Developer Kit", "# R32 (release), REVISION: 4.4, BOARD: t210ref", "nano"),
        ("Jetson-AGX", "# R32 (release), REVISION: 4.4, BOARD: t186ref", "xavier"),
        ("NVIDIA Jetson Xavier NX Developer Kit", "# R35 (release), REVISION: 1.0", "xavier"),
        ("NVIDIA Orin Nano Developer Kit", "", "orin"),
    ],
)
def test_a_jetson_is_known_by_its_model(tmp_path: Path, model: str, release: str, platform: str) -> None:
    jetson = find_jetson(machine(tmp_path, model, release))
    assert jetson is not None
    assert (jetson.model, jetson.platform) == (model, platform)


def test_the_release_of_its_system_is_read(tmp_path: Path) -> None:
    root = machine(tmp_path, "NVIDIA Jetson Nano Developer Kit", "# R32 (release), REVISION: 7.1, GCID")
    assert find_jetson(root) == Jetson("NVIDIA Jetson Nano Developer Kit", (32, 7))


@pytest.mark.parametrize("model", ["", "Raspberry Pi 4 Model B Rev 1.2"])
def test_another_machine_is_no_jetson(tmp_path: Path, model: str) -> None:
    assert find_jetson(machine(tmp_path, model)) is None


def test_a_machine_without_a_device_tree_is_no_jetson(tmp_path: Path) -> None:
    assert find_jetson(tmp_path) is None
