"""What `make wheel` builds works without the source tree."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from places import ROOT

SOURCES = ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the clone."""
    folder = tmp_path_factory.mktemp("wheel")
    leave_out = shutil.ignore_patterns("*.egg-info", "__pycache__")
    shutil.copytree(str(ROOT / "lib"), str(folder / "lib"), ignore=leave_out)
    for name in SOURCES:
        shutil.copy(str(ROOT / name), str(folder / name))
    have_tools = all(map(importlib.util.find_spec, ("setuptools", "wheel")))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "dist", "."]
    command += ["--no-build-isolation"] * have_tools
    environment = {**os.environ, "SPLITDET_OPENCV": "headless"}
    subprocess.run(command, cwd=str(folder), env=environment, check=True)
    (built,) = (folder / "dist").iterdir()
    return built


@pytest.mark.slow
def test_everything_of_the_package_is_in_the_wheel(wheel: Path) -> None:
    library = ROOT / "lib"
    files = {
        path.relative_to(library).as_posix()
        for path in (library / "splitdet").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    with ZipFile(str(wheel)) as archive:
        names = {name for name in archive.namelist() if name.startswith("splitdet/")}
    assert names == files
    assert "splitdet/py.typed" in names


@pytest.mark.slow
def test_the_installed_wheel_detects_in_an_empty_folder(
    wheel: Path, tiny_model: Path, tmp_path: Path
) -> None:
    site, folder = tmp_path / "site", tmp_path / "empty"
    folder.mkdir()
    install = ["install", "--quiet", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True)
    environment = {**os.environ, "PYTHONPATH": str(site), "SPLITDET_ENGINE": "tensorflow"}

    def call(*words: str) -> str:
        return subprocess.run(
            [sys.executable, *words],
            cwd=str(folder),
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    assert call("-c", "import splitdet; print(splitdet.__file__)").startswith(str(site))
    assert "ssdlite_mobilenet_v2_coco_2018_05_09" in call("-m", "splitdet", "models", "list")
    outputs = ("none", "--json", "found.jsonl")
    call("-m", "splitdet", "run", "synthetic:3", *outputs, "--model", str(tiny_model))
    assert len((folder / "found.jsonl").read_text().splitlines()) == 3
