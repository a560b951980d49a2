"""What the documentation says can be typed, works, or at least can be typed."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List

import pytest
import yaml

from docs_pages import (
    PAGES,
    PYTHON,
    SHELL,
    YAML,
    Block,
    blocks,
    check_other,
    headings,
    parsed,
    reads_live,
    without_blocks,
)
from docs_place import furnish
from places import ROOT
from splitdet.config import load_config
from splitdet.errors import SplitdetError

MOVING = (ROOT / "docs/moving-over.md").read_text(encoding="utf-8")
OUR_PROGRAMS = r"(splitdet|python3?|pip|make|docker|sudo|curl) "


def _with(language: str) -> List[Any]:
    """The pages that have blocks of a language, as parameters."""
    found = [page for page in PAGES if any(one.language == language for one in blocks(page))]
    return [pytest.param(page, id=page.stem) for page in found]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that pages speak of."""
    return furnish(tmp_path_factory.mktemp("place"))


@pytest.fixture
def typing_place(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, as working directory of a machine without a screen."""
    folder = tmp_path / "place"
    shutil.copytree(str(place), str(folder))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SPLITDET_ENGINE", "tensorflow")
    monkeypatch.setenv("SPLITDET_CACHE", str(tmp_path / "cache"))
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    return folder


@contextmanager
def skipping_what_is_not_installed() -> Iterator[None]:
    """Skip the rest of a test where an extra, or a newer Python, is missing, and say which."""
    try:
        yield
    except SplitdetError as error:
        if not re.search(r"pip install|needs Python", str(error)):
            raise
        pytest.skip(str(error))


def _shell_blocks() -> List[Any]:
    return [
        pytest.param(block, id=str(block))
        for page in PAGES
        for block in blocks(page)
        if block.language == SHELL
    ]


@pytest.mark.parametrize("block", _shell_blocks())
def test_each_command_can_be_typed(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in block.commands():
        if parsed(words) is None:
            check_other(words)


@pytest.mark.parametrize("page", _with(SHELL))
def test_the_commands_of_a_page_run_one_after_the_other(page: Path, typing_place: Path) -> None:
    for block in blocks(page):
        if block.language != SHELL or block.why_not_run:
            continue
        for words in block.commands():
            options = parsed(words)
            if options is not None and not reads_live(words):
                with skipping_what_is_not_installed():
                    assert options.work(options) == 0, f"{block}: {' '.join(words)}"


@pytest.mark.parametrize("page", _with(PYTHON))
def test_the_python_of_a_page_runs(page: Path, typing_place: Path) -> None:
    for block in blocks(page):
        if block.language == PYTHON:
            code = compile(block.text, str(block), "exec")
            if not block.why_not_run:
                with skipping_what_is_not_installed():
                    exec(code, {"__name__": "page"})


@pytest.mark.parametrize("page", _with(YAML))
def test_the_settings_of_a_page_are_those_of_config_yml(page: Path, tmp_path: Path) -> None:
    for block in blocks(page):
        if block.language == YAML and not block.why_not_run:
            file = tmp_path / "page.yml"
            file.write_text(block.text)
            load_config(file, environment={})
        elif block.language == YAML:
            yaml.safe_load(block.text)


OLD_KEYS = re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", MOVING, flags=re.MULTILINE)
OUR_WORDS = re.findall(r"`((?:splitdet|--set|--model) [^`]+)`", MOVING)


@pytest.mark.parametrize(("key", "value"), OLD_KEYS)
def test_a_key_of_realtime_object_detection_is_read(key: str, value: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yml"
    file.write_text(f"{key}: {value}")
    load_config(file, environment={})


@pytest.mark.parametrize("words", OUR_WORDS)
def test_what_to_type_instead_can_be_typed(words: str, working_folder: Path) -> None:
    command = words if words.startswith("splitdet") else f"splitdet run 0 {words}"
    assert parsed(shlex.split(command))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_command_stands_outside_of_a_block(page: Path) -> None:
    assert re.findall(rf"^ {{4,}}{OUR_PROGRAMS}.*", without_blocks(page), flags=re.MULTILINE) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    for path, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^):]+))?\)", without_blocks(page)):
        target = page.parent / path if path else page
        assert target.exists(), path
        if anchor and target.suffix == ".md":
            assert anchor in headings(target), f"{path}#{anchor}"


def test_the_index_and_the_site_name_every_page() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    named = [page for section in site["nav"] for page in _leaves(section)]
    pages = sorted(page.name for page in (ROOT / "docs").glob("*.md"))
    assert sorted(named) == pages
    assert [page for page in pages if f"]({page})" not in index] == ["README.md"]


def _leaves(part: Any) -> List[str]:
    """The files that a part of the site's navigation names."""
    if isinstance(part, str):
        return [part]
    inner = part.values() if isinstance(part, dict) else part
    return [leaf for one in inner for leaf in _leaves(one)]


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="needs splitdet[docs]")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    subprocess.run(command, cwd=str(ROOT), check=True)
    assert (tmp_path / "threads/index.html").is_file()


@pytest.mark.skipif(sys.version_info < (3, 9), reason="signatures are written by ast.unparse")
def test_pages_that_come_from_the_code_are_up_to_date() -> None:
    script = str(ROOT / "docs/scripts/pages.py")
    done = subprocess.run([sys.executable, script, "--check"], stdout=subprocess.PIPE, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.zoo
def test_the_drawing_of_the_cut_is_that_of_the_graph(zoo_model: Path, tmp_path: Path) -> None:
    drawing = tmp_path / "cut.svg"
    subprocess.run(
        [sys.executable, str(ROOT / "docs/scripts/cut.py"), str(zoo_model), str(drawing)], check=True
    )
    assert drawing.read_text() == (ROOT / "docs/images/cut.svg").read_text()
