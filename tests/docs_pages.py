"""The pages of the documentation: their blocks, the commands in these, and whether they can be typed.

A block in front of which a page says `<!-- not run: WHY -->` is only checked: its commands are
parsed, its Python is compiled.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List

from places import ROOT
from splitdet.cli.main import make_parser
from splitdet.cli.run import INPUT_KEYS, script_parser
from splitdet.config import load_config
from splitdet.train.settings import load_settings

PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]
)
SHELL, PYTHON, YAML = "sh", "python", "yaml"
SCRIPTS = {f"run_{kind}.py": kind for kind in INPUT_KEYS}
FOREIGN = (
    *("sudo", "curl", "ssh", "git", "cd", "ffplay", "gst-launch-1.0", "tensorboard", "nvpmodel"),
    *("jetson_clocks", "tegrastats", "pre-commit", "mkdocs", "ray"),
)
"""Programs of others, whose options nobody checks here."""
_FENCE = re.compile(
    r"(?:<!-- not run: (?P<why>[^\n]+) -->\n)?"
    r"(?P<in>[ ]*)```(?P<language>\w*)\n(?P<text>.*?)\n(?P=in)```",
    flags=re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A block of code on a page."""

    page: Path
    line: int
    language: str
    text: str
    why_not_run: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"

    def commands(self) -> Iterator[List[str]]:
        """The words of each command of a shell block, without settings of the environment."""
        for line in self.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            while words and re.match(r"[A-Z_]+=", words[0]):
                words.pop(0)
            if words:
                yield [words[0].rpartition("bin/")[2], *words[1:]]


def blocks(page: Path) -> List[Block]:
    """All blocks of code of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, found.start("language")) + 1,
            found.group("language"),
            found.group("text"),
            found.group("why") or "",
        )
        for found in _FENCE.finditer(text)
    ]


def without_blocks(page: Path) -> str:
    """A page's prose."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def parsed(words: List[str]) -> Any:
    """What one of our commands is told, its settings checked; None for those of others.

    Raises:
        SystemExit, SplitdetError: it cannot be typed like this.
    """
    program = words[0]
    if program == "splitdet":
        options = make_parser().parse_args(words[1:])
    elif program == "python" and words[1] in SCRIPTS:
        options = script_parser(SCRIPTS[words[1]]).parse_args(words[2:])
    else:
        return None
    if getattr(options, "set", None):
        if words[1] == "train":
            load_settings(None, dict(_pair(text) for text in options.set))
        else:
            load_config(None, options.set, environment={})
    return options


def reads_live(words: List[str]) -> bool:
    """Whether a command reads from a camera or a stream, which is not there when pages are tested."""
    source = words[2] if words[1] == "run" else ""
    return words[1] == "run_stream.py" or source.isdecimal() or "://" in source or source == "camera"


def check_other(words: List[str]) -> None:
    """A command that is not `splitdet`: what it names of ours is there."""
    program = words[0]
    if program == "pip":
        for extra in re.findall(r"\[(\w+)\]", " ".join(words)):
            assert f'"{extra}": ' in (ROOT / "setup.py").read_text(encoding="utf-8"), extra
    elif program == "make":
        targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
        assert words[1] in targets, words
    elif program == "docker":
        assert words[1] in ("build", "run"), words
        if "-f" in words:
            assert (ROOT / words[words.index("-f") + 1]).is_file(), words
    elif program == "python":
        _check_python(words[1:])
    else:
        assert program in FOREIGN, f"{program}: no program that the pages know"


def _check_python(words: List[str]) -> None:
    if words[0] == "-c":
        compile(words[1], "<page>", "exec")
    elif words[0] != "-m":
        script = ROOT / words[0]
        source = script.read_text(encoding="utf-8")
        for option in words[1:]:
            if option.startswith("--"):
                assert f'"{option}"' in source, f"{words[0]} has no {option}"


def _pair(text: str) -> Any:
    import yaml

    name, _, value = text.partition("=")
    return name, yaml.safe_load(value)


def headings(page: Path) -> Dict[str, int]:
    """The names by which code hosts link to the headings of a page, and how often each is there."""
    found: Dict[str, int] = {}
    for heading in re.findall(r"^#+ (.+)$", without_blocks(page), flags=re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found[name] = found.get(name, 0) + 1
    return found
