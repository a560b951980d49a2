"""What frozen layers give is kept in a file whose space is taken when it is made."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from splitdet.errors import TrainError
from splitdet.train.augment import View
from splitdet.train.features import FeatureCache

PICTURES, VIEWS, SIDE = 3, 4, 64


def _view(index: int, number: int) -> View:
    """A picture of one colour, without objects."""
    image = np.full((8, 8, 3), 10 * index + number, np.uint8)
    return image, np.zeros((0, 4), np.float32), np.zeros(0, np.int64)


def _cache(path: Path) -> FeatureCache:
    return FeatureCache(_view, lambda images: images, PICTURES, VIEWS, SIDE, path)


SIZE_BYTES = PICTURES * VIEWS * SIDE * SIDE * 3 * 2


def test_the_space_of_all_views_is_taken_with_the_first(tmp_path: Path) -> None:
    cache = _cache(tmp_path / "features.tmp")
    cache.prepare(0, lambda count: None)
    found = (tmp_path / "features.tmp").stat()
    cache.close()
    assert found.st_size == SIZE_BYTES
    assert found.st_blocks * 512 >= SIZE_BYTES


def test_every_view_is_kept(tmp_path: Path) -> None:
    cache = _cache(tmp_path / "features.tmp")
    for number in range(VIEWS):
        cache.prepare(number, lambda count: None)
    for number in range(VIEWS):
        features, _ = cache.batch([2, 0], number + VIEWS)
        expected = [(20 + number) * 2 / 255 - 1, number * 2 / 255 - 1]
        np.testing.assert_allclose(features[:, 0, 0, 0], expected, atol=1e-3)
    cache.close()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_for_all_views_is_told_with_what_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, offset: int, size: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    cache = _cache(tmp_path / "features.tmp")
    message = r"features\.tmp: cannot take 0\.3 MB .* 4 views of 3 pictures \(No space left.*fewer views"
    with pytest.raises(TrainError, match=message):
        cache.prepare(0, lambda count: None)
    cache.close()
    assert list(tmp_path.iterdir()) == []
