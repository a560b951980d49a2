"""Every key of config.yml: its type, default, range and meaning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Tuple, Union

from splitdet.config.camera import Camera
from splitdet.config.cluster import Cluster
from splitdet.config.encode import Encode
from splitdet.config.events import Rule, as_rules
from splitdet.config.keys import about
from splitdet.config.keys import key as _key
from splitdet.config.lists import as_classes, as_devices, as_inputs, as_polygon
from splitdet.config.streams import Playback, Reconnect

CLIP = "media/bikes.mp4"
DEFAULT_MODEL = "ssdlite_mobilenet_v2_coco_2018_05_09"


@dataclass(frozen=True)
class Config:
    """All settings of a run. The metadata of each field holds its meaning and its range."""

    # What to look at
    image_input: str = _key(
        "images", "run_image.py: a folder (with its subfolders), a file or a wildcard", "input"
    )
    movie_input: str = _key(CLIP, "run_video.py: a video file", "input")
    camera_input: Union[int, str] = _key(
        0,
        "run_stream.py: number of a camera, an address (rtsp://..), or a GStreamer pipeline that "
        "ends in appsink",
        "input",
    )
    width: int = _key(640, "width to ask a camera for, pixels", "input", low=1, high=16384)
    height: int = _key(480, "height to ask a camera for, pixels", "input", low=1, high=16384)
    inputs: Tuple[Union[int, str], ...] = _key(
        (),
        "several of these at once, as in [0, rtsp://..] or [a.mp4, b.mp4]; beats the single ones",
        "input",
        read=as_inputs,
        expects="a list of what the single ones take",
    )
    camera: Camera = field(
        default_factory=Camera,
        metadata=about("a camera in words; where its kind is not none, it beats camera_input", "input"),
    )
    reconnect: Reconnect = field(
        default_factory=Reconnect,
        metadata=about("cameras and streams that break off are looked for until they are back", "input"),
    )
    playback: Playback = field(
        default_factory=Playback, metadata=about("what of a source is read, and how", "input")
    )
    policy: str = _key(
        "auto",
        "lossless: every frame, in order; latest: always the newest frame, older ones are "
        "dropped and counted; auto: lossless for files, latest for cameras",
        "input",
        choices=("auto", "lossless", "latest"),
    )
    max_frames: int = _key(0, "stop after so many frames; 0: no limit", "input", low=0)

    # The model
    model_path: str = _key(
        DEFAULT_MODEL,
        "a frozen graph (.pb), an SSD of jetson-inference (.onnx), a folder with one in it, or a name "
        "under models/",
        "model",
    )
    model_type: str = _key(
        "auto",
        "auto finds out; any other value is checked against the graph",
        "model",
        choices=(
            *("auto", "nms_v0", "nms_v1", "nms_v2", "faster_v2", "mask_v1", "deeplab_v3", "onnx_ssd"),
            "trt_v1",
        ),
    )
    label_path: str = _key(
        "",
        "label map (.pbtxt, .txt or .json) or the name of one that is shipped (coco, pascal_voc, "
        "open_images, pets, face, one_class); empty: the one that fits the model",
        "model",
    )
    num_classes: int = _key(
        0, "classes of the model; 0: as the graph says, else checked against it", "model", low=0
    )
    split_shape: int = _key(
        0, "anchors of the model; 0: as the graph says, else checked against it", "model", low=0
    )

    # How to run it
    split_model: bool = _key(True, "cut the graph before its NMS and run the halves side by side", "run")
    engine: str = _key(
        "auto",
        "who computes the network; auto: the fastest that is installed and agrees with TensorFlow on "
        "this machine (tensorrt takes part once splitdet build has made its engine, which takes "
        "minutes)",
        "run",
        choices=("auto", "tensorflow", "openvino", "onnxruntime", "tensorrt"),
    )
    precision: str = _key(
        "fp32",
        "numbers that the network calculates with; tf32: those of recent NVIDIA GPUs, by TensorFlow",
        "run",
        choices=("fp32", "tf32", "fp16", "bf16", "int8"),
    )
    calibration: str = _key(
        "",
        "precision int8 (engine openvino or tensorrt): a folder of a few hundred pictures of the kind "
        "to be seen, not those that accuracy is measured on",
        "run",
    )
    nms: str = _key(
        "auto",
        "graph: the graph's own NMS; fast: one that gives the same, to the bit, in much less time; "
        "auto: fast for every graph whose NMS it knows",
        "run",
        choices=("auto", "graph", "fast"),
    )
    nms_score_th: float = _key(
        0.0,
        "score above which boxes go into the NMS, where that is less than what the graph was exported "
        "with; 0: as the graph says. To measure accuracy, or to report below the graph's own threshold",
        "run",
        low=0,
        high=1,
    )
    device: str = _key(
        "auto",
        "where the network runs; auto: on a GPU where there is one",
        "run",
        choices=("auto", "cpu", "gpu"),
    )
    dla_core: int = _key(
        -1,
        "engine tensorrt on a Jetson, precision fp16 or int8: the DLA that runs what it can; -1: none "
        "(not run on hardware)",
        "run",
        low=-1,
        high=7,
    )
    devices: Tuple[Union[int, str], ...] = _key(
        (),
        "a worker process on each of these, side by side: numbers of GPUs, as nvidia-smi shows them, or "
        "cpu, such as [0, 1]; empty: this process alone, on the device above",
        "run",
        read=as_devices,
        expects="numbers of GPUs or cpu, such as [0, 1] or [cpu, cpu]",
    )
    cluster: Cluster = field(
        default_factory=Cluster,
        metadata=about("how splitdet run --cluster shares the work out; see docs/cluster.md", "run"),
    )
    accelerator_feeders: int = _key(
        2,
        "threads that feed the network, or the whole graph when it is not split",
        "run",
        low=1,
        high=64,
    )
    engine_cores: int = _key(
        0,
        "cores that the network may use where it runs on the CPU, which leaves the others to a window, "
        "say; no more feeders than that; 0: all",
        "run",
        low=0,
        high=1024,
    )
    cpu_feeders: int = _key(1, "threads that run the NMS when split", "run", low=1, high=64)
    batch_size: int = _key(
        1,
        "frames of one size that may go through the network together; of a camera, so many of the "
        "newest frames are kept for it",
        "run",
        low=1,
        high=1024,
    )
    batch_timeout_ms: float = _key(
        0.0,
        "milliseconds after its capture that a frame may still wait for others to fill its batch; 0: it "
        "takes along what is there",
        "run",
        low=0,
        high=60_000,
    )
    latency: str = _key(
        "normal",
        "low: one frame at a time in the network and one behind it, whatever the feeders say; the "
        "newest is taken when the network is free; no queues in cameras and decoders",
        "run",
        choices=("normal", "low"),
    )
    in_flight: int = _key(
        0,
        "batches under way at once; 0: one for each feeder, and one or two more, but for latency: low",
        "run",
        low=0,
        high=1024,
    )
    worker_threads: int = _key(
        4, "mask_v1: frames that go through the graph side by side", "run", low=1, high=64
    )
    stall_timeout_s: float = _key(
        60.0, "end the run when a stage works on one batch for so many seconds", "run", low=0.1, high=1e6
    )
    allow_memory_growth: bool = _key(
        True, "TensorFlow takes GPU memory as it needs it, not all at once", "run"
    )
    force_gpu_compatible: bool = _key(False, "TensorFlow keeps host memory pinned for the GPU", "run")
    log_device: bool = _key(False, "TensorFlow prints the device of every node", "run")

    # What to report
    det_th: float = _key(
        0.5, "score from which on a detection is reported, drawn and written", "report", low=0, high=1
    )
    max_boxes: int = _key(
        100, "most detections of a frame to report, best first", "report", low=1, high=100000
    )
    classes: Tuple[Union[int, str], ...] = _key(
        (),
        "report only these: names of the label map, or its ids, such as [person, car]; empty: all",
        "report",
        read=as_classes,
        expects="names or ids of classes, such as [person, car]",
    )
    roi: Tuple[Tuple[float, float], ...] = _key(
        (),
        "report only what stands in this polygon: its corners [x, y], each 0..1 of the width or height "
        "of the frame, such as [[0, 0.5], [1, 0.5], [1, 1], [0, 1]]; a thing stands where the middle "
        "of its box's lower edge is; empty: all of the frame",
        "report",
        read=as_polygon,
        expects="three or more corners [x, y], each 0..1 and not all on one line",
    )
    region_area_px: int = _key(
        500,
        "deeplab_v3: pixels from which on a region gets a box, in the picture that the model sees "
        "(long side 513)",
        "report",
        low=1,
        high=1_000_000,
    )
    track: bool = _key(
        False,
        "give the same thing the same number from frame to frame; needs pip install 'splitdet[track]'",
        "report",
    )
    track_memory_s: float = _key(
        1.0,
        "seconds for which the number of a thing is kept that is out of sight",
        "report",
        low=0.01,
        high=3600,
    )
    fps_interval: float = _key(
        5.0, "seconds between two lines of figures, and that they cover", "report", low=0.1
    )
    det_interval: int = _key(
        100, "frames between two lines of detections when there is no window; 0: none", "report", low=0
    )
    debug_mode: bool = _key(False, "say more, with times and thread names", "report")

    # What to show and to keep
    visualize: bool = _key(True, "open a window, where there is a screen", "show")
    vis_worker: bool = _key(
        False, "draw and show in a process of its own, so that no screen slows detection", "show"
    )
    vis_worker_required: bool = _key(
        False, "end the run when that process dies; otherwise it goes on without a window", "show"
    )
    max_vis_fps: float = _key(0.0, "most pictures a second to show; 0: all", "show", low=0)
    vis_text: bool = _key(True, "frames per second in the corner of the picture", "show")
    web: int = _key(
        0,
        "port of the live view in a browser, at most max_vis_fps pictures a second (30 where that is "
        "0); 0: none",
        "show",
        low=0,
        high=65535,
    )
    web_host: str = _key(
        "127.0.0.1",
        "address that the live view listens at; one that others can reach (0.0.0.0: all) needs a "
        "web_token",
        "show",
    )
    web_token: str = _key(
        "", "secret that clients of the live view have to know; empty: none is asked for", "show"
    )
    save_to_file: bool = _key(
        False, "write output_movie/output_<unixtime>.avi, or output_image/<same path>", "show"
    )
    video_codec: str = _key(
        "auto",
        "how a video is written; auto: mjpg in .avi and .mkv, mp4v in .mp4 and .mov, vp8 in .webm; "
        "which others there are depends on the OpenCV that is installed",
        "show",
        choices=("auto", "mjpg", "mp4v", "xvid", "h264", "vp8", "vp9", "ffv1"),
    )
    json_box_px: bool = _key(False, "JSON lines give each box in pixels too (box_px)", "show")

    encode: Encode = field(
        default_factory=Encode, metadata=about("how pictures are coded that are sent", "show")
    )

    # What to tell others
    events: Tuple[Rule, ...] = _key(
        (),
        "rules, each of which says what must be seen, where and for how long, to be an event; such as "
        "[{name: at the door, class: person, zone: [[0, 0.5], [1, 0.5], [1, 1]], min_s: 2}]; "
        "see docs/events.md",
        "events",
        read=as_rules,
        expects="a list of rules, such as [{name: at the door, class: person}]",
    )
    event_log: str = _key("", "a file to which each event adds one JSON line", "events")
    event_webhook: str = _key("", "http:// or https:// address that each event is sent to", "events")
    event_mqtt: str = _key(
        "",
        "broker and topic that each event is sent to, mqtt://[user:password@]host[:port]/topic, or "
        "mqtts:// with TLS; needs pip install 'splitdet[mqtt]'",
        "events",
    )


ALIASES = {
    "max_frame": "max_frames",
    "precision_model": "precision",
    "model": "model_path",
}
"""Other spellings, as in old files."""

GROUPS = {
    "input": "What to look at",
    "model": "The model",
    "run": "How to run it",
    "report": "What to report",
    "show": "What to show and to keep",
    "events": "What to tell others",
}
"""Headings of config.yml, in order."""
