"""Finding PyGObject, and saying what is missing."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from places import ROOT
from splitdet.gstreamer import load


@pytest.fixture(autouse=True)
def _fresh() -> None:
    load.why_not.cache_clear()


def _system(folder: Path, *tags: str) -> str:
    """A folder with PyGObject for these Pythons."""
    (folder / "gi").mkdir()
    for tag in tags:
        (folder / "gi" / f"_gi.{tag}.so").write_bytes(b"")
    return str(folder)


def test_the_systems_package_is_found_if_it_was_built_for_this_python(tmp_path: Path) -> None:
    own = sysconfig.get_config_var("EXT_SUFFIX")
    folder = _system(tmp_path)
    assert load._fitting([folder]) is None
    (tmp_path / "gi" / f"_gi{own}").write_bytes(b"")
    assert load._fitting(["/nowhere", folder]) == tmp_path / "gi"


def test_a_package_for_another_python_is_named(tmp_path: Path) -> None:
    folder = _system(tmp_path, "cpython-311-x86_64-linux-gnu", "cpython-37m-x86_64-linux-gnu")
    assert load._built_for_others([folder]) == "Python 3.11 and Python 3.7"
    assert load._built_for_others(["/nowhere"]) == ""


@pytest.mark.parametrize(
    ("others", "message"),
    [("Python 3.2", "PyGObject is for Python 3.2, this is"), ("", "apt-get install python3-gi")],
)
def test_what_to_do_is_told(monkeypatch: pytest.MonkeyPatch, others: str, message: str) -> None:
    def fails() -> None:
        raise ImportError("No module named 'gi'")

    monkeypatch.setattr(load, "gst", fails)
    monkeypatch.setattr(load, "_built_for_others", lambda folders: others)
    assert message in load.why_not()
    assert not load.has_element("fakesink")
    load.why_not.cache_clear()


@pytest.mark.parametrize(
    ("element", "package"),
    [
        ("avdec_h264", "gstreamer1.0-libav"),
        ("x264enc", "gstreamer1.0-plugins-ugly"),
        ("h265parse", "gstreamer1.0-plugins-bad"),
        ("rtspsrc", "gstreamer1.0-plugins-good"),
        ("videoconvert", "gstreamer1.0-plugins-base"),
        ("nosuch", ""),
    ],
)
def test_the_package_of_an_element_is_known(element: str, package: str) -> None:
    assert load.package_of(element) == package


@pytest.mark.gstreamer
def test_a_library_that_throws_survives_beside_gstreamer() -> None:
    program = (
        "from splitdet.gstreamer.load import gst\ngst()\n"
        "from splitdet.compat import tensorflow\n"
        "tf = tensorflow()\n"
        "with tf.Graph().as_default():\n"
        "    operation = tf.placeholder(tf.float32).op\n"
        "    try:\n"
        "        operation.get_attr('nothing of that name')\n"
        "    except ValueError:\n"
        "        print('caught')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT / "lib"), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"caught\n")
