"""Where the files of a dataset lie, and never outside of it."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import AbstractSet, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

from splitdet.sources.images import SUFFIXES, is_image

_PART_WORDS = {
    "train": "train",
    "training": "train",
    "trainval": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


def part_of(name: str) -> str:
    """The part that the name of a file or folder speaks of, else '': `instances_train2017` is train."""
    words = re.split(r"[^a-z]+", name.lower())
    return next((_PART_WORDS[word] for word in words if word in _PART_WORDS), "")


def part_of_folder(name: str) -> str:
    """The part that a folder of that name holds, else ''; only its whole name counts."""
    return _PART_WORDS.get(name.lower(), "")


def placed(relative: PurePosixPath, structure: AbstractSet[str]) -> Tuple[str, str]:
    """Part and name of a picture, from its path in the dataset.

    Args:
        structure: names of folders that belong to the format, such as `images`, in small letters.
    """
    part = ""
    rest = list(relative.parts)
    while len(rest) > 1:
        if part_of_folder(rest[0]) and not part:
            part = part_of_folder(rest[0])
        elif rest[0].lower() not in structure:
            break
        rest.pop(0)
    return part, "/".join(rest)


def relative_to(root: Path, path: Path) -> PurePosixPath:
    """`path`, which lies below `root`, as seen from there."""
    return PurePosixPath(path.relative_to(root).as_posix())


def inside(written: str) -> Optional[PurePosixPath]:
    """A path as an annotation gives it, if it stays below the folder that it starts in; else None.

    Backslashes are taken for slashes: most annotations that have them were written on Windows.
    """
    if not written or "\x00" in written:
        return None
    windows = PureWindowsPath(written)
    if windows.drive or windows.root:
        return None
    path = PurePosixPath(os.path.normpath(windows.as_posix()))
    return None if path.parts[:1] in ((), ("..",)) else path


def files_below(root: Path, suffixes: Tuple[str, ...]) -> Iterator[Path]:
    """All files whose names end so (in small letters), sorted folder by folder; none that is hidden.

    Links to folders are followed, each of them once.
    """
    seen: Set[str] = set()
    for folder, folders, files in os.walk(str(root), followlinks=True):
        if os.path.realpath(folder) in seen:
            folders.clear()
            continue
        seen.add(os.path.realpath(folder))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(suffixes) and not name.startswith("."):
                yield Path(folder) / name


def pictures_below(root: Path) -> Iterator[Path]:
    """All pictures, by their names."""
    return files_below(root, SUFFIXES)


def is_there(file: Path) -> bool:
    """Whether there is such a file; of a name that no file can have, `is_file` raises errors."""
    try:
        return file.is_file()
    except (OSError, ValueError):
        return False


def find_picture(folders: Iterable[Path], names: Sequence[str]) -> Optional[Path]:
    """The first file of these names in these folders; a suffix may differ, or be left out.

    Args:
        names: relative paths, by which nothing outside can be reached; see `inside`.
    """
    folders = list(dict.fromkeys(folders))
    for name in names:
        for folder in folders:
            if is_image(name) and is_there(folder / name):
                return folder / name
    for name in names:
        stem = os.path.splitext(name)[0] if is_image(name) else name
        for folder in folders:
            for suffix in SUFFIXES:
                for spelled in (suffix, suffix.upper()):
                    if is_there(folder / (stem + spelled)):
                        return folder / (stem + spelled)
    return None


_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')


def safe_name(name: str) -> str:
    """A relative path that every file system takes and that stays where it is put."""
    kept = [_UNSAFE.sub("_", one).strip() for one in name.replace("\\", "/").split("/")]
    return "/".join(one for one in kept if one.strip(".")) or "picture"


def beginning(path: Path, size: int = 4096) -> bytes:
    """The first bytes of a file; none where it cannot be read."""
    try:
        with open(str(path), "rb") as file:
            return file.read(size)
    except OSError:
        return b""


def first_files(root: Path, suffixes: Tuple[str, ...], count: int = 20) -> List[Path]:
    """A few of the files that end so: enough to see what they are."""
    return list(itertools.islice(files_below(root, suffixes), count)) if root.is_dir() else []
