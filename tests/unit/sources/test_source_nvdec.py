"""Videos that a GPU decodes; here by a GPU and a library that only pretend."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List, Set

import numpy as np
import pytest

import splitdet.sources.nvdec
from splitdet.config import make_config
from splitdet.errors import ExtraError, SourceError
from splitdet.sources.choose import open_source
from splitdet.sources.nvdec import NvdecSource
from splitdet.types import Frame, RemotePicture

SIZE_PX = (4, 6)
SURFACE = 7
COUNT = 10


class PretendedGpu:
    """Memory by address. One surface of the decoder is overwritten with each frame, as real ones are."""

    context = 99

    def __init__(self) -> None:
        self.memory: Dict[int, np.ndarray] = {SURFACE: np.zeros((*SIZE_PX, 3), np.uint8)}
        self.allocated: Set[int] = set()
        self.streams: Set[int] = set()

    def activate(self) -> None:
        """There is one only."""

    def allocate(self, size: int) -> int:
        address = 1000 + len(self.memory)
        self.allocated.add(address)
        return address

    def free(self, address: int) -> None:
        self.allocated.remove(address)

    def create_stream(self) -> int:
        self.streams.add(5)
        return 5

    def destroy_stream(self, stream: int) -> None:
        self.streams.remove(stream)

    def synchronize(self, stream: int) -> None:
        assert stream in self.streams

    def copy_on_device(self, target: int, source: int, size: int, stream: int) -> None:
        assert size == np.prod(SIZE_PX) * 3
        self.memory[target] = self.memory[source].copy()

    def read_device(self, target: np.ndarray, source: int) -> None:
        target[:] = self.memory[source]


class PretendedLibrary:
    """As far as PyNvVideoCodec is used; red is the number of the frame."""

    OutputColorType = SimpleNamespace(RGB="rgb")

    def __init__(self, gpu: PretendedGpu) -> None:
        self._gpu = gpu
        self._left = list(range(COUNT))
        self.promised: Any = COUNT
        self.ended = 0
        self.ThreadedDecoder = self._open

    def _open(self, path: str, ahead: int, **options: Any) -> Any:
        assert options["cuda_context"] == self._gpu.context
        assert options["output_color_type"] == "rgb"
        about = SimpleNamespace(height=SIZE_PX[0], width=SIZE_PX[1], average_fps=25.0)
        about.num_frames = self.promised
        decoder = SimpleNamespace(get_batch_frames=self._next, end=self._end)
        decoder.get_stream_metadata = lambda: about
        return decoder

    def _next(self, count: int) -> List[Any]:
        taken, self._left = self._left[:count], self._left[count:]
        return [
            SimpleNamespace(shape=(*SIZE_PX, 3), GetPtrToPlane=lambda plane, red=red: self._draw(red))
            for red in taken
        ]

    def _draw(self, red: int) -> int:
        self._gpu.memory[SURFACE][...] = [red, 0, 200]
        return SURFACE

    def _end(self) -> None:
        self.ended += 1


@pytest.fixture
def clip_file(tmp_path: Path) -> str:
    """A file that nobody reads."""
    (tmp_path / "clip.mp4").touch()
    return str(tmp_path / "clip.mp4")


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> PretendedGpu:
    gpu = PretendedGpu()
    monkeypatch.setattr(splitdet.sources.nvdec, "find_cuda", lambda: gpu)
    return gpu


@pytest.fixture
def library(gpu: PretendedGpu, monkeypatch: pytest.MonkeyPatch) -> PretendedLibrary:
    library = PretendedLibrary(gpu)
    monkeypatch.setitem(sys.modules, "PyNvVideoCodec", library)
    return library


def _frames(source: NvdecSource) -> List[Frame]:
    return [frame for frame in iter(source.read, None) if frame is not None]


def test_every_frame_keeps_its_own_pixels(clip_file: str, library: PretendedLibrary) -> None:
    frames = _frames(NvdecSource(clip_file))
    assert [frame.image[0, 0].tolist() for frame in frames] == [[200, 0, red] for red in range(COUNT)]
    assert [(frame.index, frame.time_s) for frame in frames] == [(i, i / 25) for i in range(COUNT)]


def test_frames_stay_on_the_gpu_until_somebody_looks(clip_file: str, library: PretendedLibrary) -> None:
    frame = NvdecSource(clip_file).read()
    assert frame is not None
    assert isinstance(frame.pixels, RemotePicture)
    assert (frame.height, frame.width) == SIZE_PX
    assert frame.image is frame.image
    assert not frame.image.flags.writeable


def test_memory_is_used_again_and_given_back(
    clip_file: str, gpu: PretendedGpu, library: PretendedLibrary
) -> None:
    source = NvdecSource(clip_file)
    for _ in range(COUNT):
        source.read()
    assert len(gpu.allocated) <= 2  # the frame that is read, and the one before it
    source.close()
    del source
    gc.collect()
    assert (gpu.allocated, gpu.streams, library.ended) == (set(), set(), 1)


def test_a_source_is_closed_once_however_often_it_is_asked(
    clip_file: str, gpu: PretendedGpu, library: PretendedLibrary
) -> None:
    source = NvdecSource(clip_file)
    source.close()
    source.close()
    assert (gpu.streams, library.ended) == (set(), 1)


def test_a_decoder_that_tells_nothing_of_its_video_is_ended_before_its_stream(
    clip_file: str, gpu: PretendedGpu, library: PretendedLibrary
) -> None:
    library.promised = "many"
    with pytest.raises(SourceError, match="NVDEC cannot decode this"):
        NvdecSource(clip_file)
    assert (gpu.streams, library.ended) == (set(), 1)


def test_what_is_skipped_counts(clip_file: str, gpu: PretendedGpu, library: PretendedLibrary) -> None:
    config = make_config(playback={"decoder": "nvdec", "stride": 3})
    source = open_source(clip_file, config)
    frames = [frame for frame in iter(source.read, None) if frame is not None]
    assert [frame.image[0, 0, 2] for frame in frames] == [0, 3, 6, 9]


def test_a_video_that_ends_early_is_told_of(clip_file: str, library: PretendedLibrary) -> None:
    library.promised = 20
    source = NvdecSource(clip_file)
    assert len(_frames(source)) == COUNT
    assert [piece.reason for piece in source.skipped] == ["ends after 10 of 20 frames"]


def test_a_reason_of_the_library_is_one_line(
    clip_file: str, library: PretendedLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*unused: Any, **options: Any) -> None:
        raise RuntimeError("no such\ncodec")

    monkeypatch.setattr(library, "ThreadedDecoder", refuse)
    with pytest.raises(SourceError, match=r"clip\S*: NVDEC cannot decode this \(no such codec\)$"):
        NvdecSource(clip_file)


def test_the_missing_package_is_named(clip_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PyNvVideoCodec", None)
    with pytest.raises(ExtraError, match=r"pip install 'splitdet\[nvdec\]'"):
        open_source(clip_file, make_config(playback={"decoder": "nvdec"}))
