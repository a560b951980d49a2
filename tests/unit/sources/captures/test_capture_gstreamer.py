"""Pipelines through PyGObject: real ones, by GStreamer's own test sources."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import Any, Callable, Dict, List, Optional

import numpy as np
import pytest

from chart import BARS
from splitdet.config import make_config
from splitdet.errors import SourceError
from splitdet.sources.camera import camera_pipeline
from splitdet.sources.captures.gstreamer import BGR, GStreamerCapture, with_conversion

pytestmark = pytest.mark.gstreamer
PATIENCE_S = 20.0


def opened(pipeline: str, silence_s: float = PATIENCE_S) -> GStreamerCapture:
    """A capture that is open."""
    capture = GStreamerCapture(pipeline, silence_s)
    try:
        capture.open()
    except BaseException:
        capture.close()
        raise
    return capture


def frames_of(pipeline: str) -> List[np.ndarray]:
    """All frames until the end."""
    capture = opened(pipeline)
    frames: List[np.ndarray] = []
    image: Optional[np.ndarray] = capture.read()
    while image is not None:
        frames.append(image)
        image = capture.read()
    capture.close()
    return frames


@pytest.mark.parametrize(
    ("pixels", "size"),
    [
        *((pixels, "width=322,height=240") for pixels in ("I420", "NV12", "BGRx", "BGR", "YUY2", "RGB")),
        ("I420", "width=1280,height=720"),  # coded by BT.709, unlike smaller ones
    ],
)
def test_frames_1_and_100_of_a_colour_chart_have_its_colours(pixels: str, size: str) -> None:
    frames = frames_of(
        f"videotestsrc pattern=smpte100 num-buffers=101 ! video/x-raw,format={pixels},{size} ! "
        "appsink sync=false"
    )
    assert len(frames) == 101
    np.testing.assert_allclose(frames[1].astype(int), frames[100].astype(int), atol=2)
    height, width = frames[0].shape[:2]
    for index, colour in enumerate(BARS):
        bar = frames[1][height // 4, int(width * (index + 0.5) / 7)]
        # a chroma sample stands for four pixels, and YUV has fewer levels
        np.testing.assert_allclose(bar.astype(int), colour, atol=5)


@pytest.mark.parametrize("width", [320, 321, 322, 323])
def test_rows_of_any_length_are_put_together(width: int) -> None:
    (image,) = frames_of(
        "videotestsrc pattern=gradient num-buffers=1 ! "
        f"video/x-raw,format=BGR,width={width},height=64 ! appsink"
    )
    assert image.shape == (64, width, 3)
    np.testing.assert_array_equal(image, np.repeat(image[:, :1], width, axis=1))


def test_an_appsink_with_any_name_gets_its_frames_converted() -> None:
    (image,) = frames_of(
        "videotestsrc pattern=red num-buffers=1 ! video/x-raw,format=NV12,width=323,height=65 ! "
        "appsink name=appsink"
    )
    np.testing.assert_allclose(image[32, 160].astype(int), (0, 0, 255), atol=5)
    assert image.shape == (65, 323, 3)


FLIPS: Dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "none": lambda image: image,
    "counterclockwise": lambda image: np.rot90(image, 1),
    "rotate-180": lambda image: np.rot90(image, 2),
    "clockwise": lambda image: np.rot90(image, 3),
    "horizontal": lambda image: image[:, ::-1],
    "upper-right-diagonal": lambda image: np.rot90(image, 2).swapaxes(0, 1),
    "vertical": lambda image: image[::-1],
    "upper-left-diagonal": lambda image: image.swapaxes(0, 1),
}


def chart(flip: Any) -> np.ndarray:
    """A frame of the built test camera, turned."""
    camera = make_config(camera={"kind": "test", "flip": flip, "size": "64x48"}).camera
    # in BGR from the start, so that nothing but the turning changes a pixel
    pipeline = camera_pipeline(camera).replace("height=(int)48", "height=(int)48, format=(string)BGRx")
    capture = opened(pipeline)
    image = capture.read()
    capture.close()
    assert image is not None
    return image


@pytest.mark.parametrize("number", range(8))
def test_all_eight_flips_do_what_their_names_say(number: int) -> None:
    name = list(FLIPS)[number]
    expected = FLIPS[name](chart("none"))
    np.testing.assert_array_equal(chart(name), expected)
    np.testing.assert_array_equal(chart(number), expected)


def test_size_and_rate_are_known_once_it_is_open() -> None:
    capture = opened("videotestsrc ! video/x-raw,width=64,height=48,framerate=15/2 ! appsink")
    assert (capture.size_px, capture.frame_rate) == ((48, 64), 7.5)
    assert capture.reader.startswith("GStreamer 1.")
    capture.close()


def test_a_slow_reader_of_a_pipeline_that_is_not_live_misses_nothing() -> None:
    capture = opened("videotestsrc num-buffers=30 ! video/x-raw,width=64,height=48 ! appsink sync=false")
    count = 0
    while capture.read() is not None:
        threading.Event().wait(0.005)
        count += 1
    capture.close()
    assert count == 30


def test_a_frame_that_comes_right_after_a_look_is_not_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    capture = opened("videotestsrc num-buffers=1 ! video/x-raw,width=16,height=16 ! appsink")
    sink = capture._sink
    looks: List[Any] = []

    class SlowSink:
        """Has nothing at the first look; its frame is told of before the look is over."""

        def emit(self, *arguments: Any) -> Any:
            looks.append(arguments)
            if len(looks) > 1:
                return sink.emit(*arguments)
            capture._on_sample(sink)
            return None

    monkeypatch.setattr(capture, "_sink", SlowSink())
    assert capture.read() is not None
    capture.close()


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ("nosuchelement ! appsink", 'no element "nosuchelement"'),
        ("avdec_nosuch ! appsink", 'no element "avdec_nosuch"; it comes with gstreamer1.0-libav'),
        ("nvarguscamerasrc ! appsink", "NVIDIA's multimedia packages"),
        ("videotestsrc ! fakesink name=appsink", "a pipeline needs one appsink, this has 0"),
        ("videotestsrc ! tee name=t ! appsink t. ! appsink", "a pipeline needs one appsink, this has 2"),
        ("videotestsrc ! video/x-raw,format=(string ! appsink", "could not parse caps"),
        ("videotestsrc ! rtph264depay ! appsink", "could not link"),
        ("filesrc location=/nowhere.avi ! decodebin ! appsink", "Resource not found"),
        ("v4l2src device=/dev/video99 ! appsink", "Cannot identify device '/dev/video99'"),
        ("rtspsrc location=rtsp://127.0.0.1:9/x ! decodebin ! appsink", "Failed to connect"),
    ],
)
def test_what_cannot_be_opened_is_one_line(pipeline: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        opened(pipeline)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def _read_on(capture: GStreamerCapture) -> None:
    """Read to the end."""
    while capture.read() is not None:
        pass


def test_a_pipeline_that_opens_and_gives_nothing_is_noticed() -> None:
    with pytest.raises(SourceError, match=r"no frame for 0\.2 s"):
        opened("videotestsrc ! valve drop=true ! appsink", 0.2)


def test_a_pipeline_that_falls_silent_is_noticed_after_the_frames_that_came() -> None:
    capture = opened("videotestsrc ! valve ! appsink sync=false")
    capture._silence_s = 0.3  # from now on: a busy machine may take longer to begin
    (valve,) = capture._launched.elements("valve")  # type: ignore[union-attr]
    assert capture.read() is not None
    valve.set_property("drop", True)
    with pytest.raises(SourceError, match=r"no frame for 0\.3 s"):
        _read_on(capture)
    capture.close()


def test_an_error_comes_after_the_frames_before_it() -> None:
    capture = opened("videotestsrc ! identity error-after=5 ! appsink max-buffers=10")
    for _ in range(4):
        assert capture.read() is not None
    with pytest.raises(SourceError, match="Failed after iterations as requested"):
        capture.read()
    capture.close()


@pytest.mark.parametrize(
    "pipeline",
    ["videotestsrc num-buffers=5 ! appsink", "rtspsrc location=rtsp://127.0.0.1:9/x ! appsink"],
)
def test_what_is_closed_leaves_no_file_handle_behind(pipeline: str) -> None:
    def open_and_close() -> int:
        capture = GStreamerCapture(pipeline, PATIENCE_S)
        with suppress(SourceError):
            capture.open()
            capture.read()
        capture.close()
        return len(os.listdir("/proc/self/fd"))

    before = [open_and_close() for _ in range(3)][-1]
    assert [open_and_close() for _ in range(10)][-1] <= before


@pytest.mark.parametrize("options", ["", "sync=false", "drop=true max-buffers=4"])
def test_what_has_piled_up_while_nobody_read_is_left_out(options: str) -> None:
    caps = "video/x-raw,width=64,height=48,framerate=30/1"
    capture = opened(f"videotestsrc is-live=true ! {caps} ! queue ! appsink {options}")
    threading.Event().wait(4.0)
    capture.skip_old(4.0)
    sample = capture._sample()
    assert capture._launched.age_s(sample) < 2.0  # type: ignore[union-attr]
    capture.close()


@pytest.mark.parametrize(
    ("source", "sink", "waits"),
    [("", "", True), ("is-live=true", "", False), ("", "drop=true max-buffers=1", False)],
)
def test_a_pipeline_waits_unless_it_is_live_or_drops_frames(source: str, sink: str, waits: bool) -> None:
    capture = opened(f"videotestsrc {source} ! appsink {sink}")
    assert capture.waits == waits
    capture.close()


def test_nothing_of_a_pipeline_that_is_not_live_is_left_out() -> None:
    capture = opened("videotestsrc num-buffers=9 ! video/x-raw,width=64,height=48 ! appsink")
    capture.skip_old(60.0)
    count = 0
    while capture.read() is not None:
        count += 1
    capture.close()
    assert count == 9


def test_an_interrupt_wakes_the_reader() -> None:
    capture = opened("videotestsrc is-live=true ! appsink")
    thread = threading.Thread(target=_read_on, args=(capture,), daemon=True)
    thread.start()
    capture.interrupt()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    capture.close()


@pytest.mark.parametrize(
    ("pipeline", "converted"),
    [
        ("a ! appsink", f"a ! videoconvert ! {BGR} ! appsink"),
        ("a !appsink drop=1", f"a ! videoconvert ! {BGR} ! appsink drop=1"),
        ("a ! appsink name=appsink", f"a ! videoconvert ! {BGR} ! appsink name=appsink"),
    ],
)
def test_a_converter_goes_in_front_of_the_appsink(pipeline: str, converted: str) -> None:
    assert with_conversion(pipeline) == converted
