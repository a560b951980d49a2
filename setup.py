"""Packaging. `lib` is the source root."""

import os
import re
import subprocess
import sys
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent


def opencv():
    """What to install for `import cv2`: nothing where it works already.

    Replacing the OpenCV of a Jetson or of Debian would lose its GStreamer. Elsewhere the headless
    wheel is enough, unless there is a screen to open a window on. SPLITDET_OPENCV=none, headless
    or window decides by hand.
    """
    wish = os.environ.get("SPLITDET_OPENCV", "auto")
    if wish == "auto":
        # pip builds in an isolated environment, which -E (and no PYTHONPATH) leaves again
        check = [sys.executable, "-E", "-c", "import cv2"]
        if subprocess.call(check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            wish = "none"
        else:
            screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
            wish = "window" if screen or sys.platform in ("darwin", "win32") else "headless"
    return {
        "none": [],
        "headless": ["opencv-python-headless>=4.5"],
        "window": ["opencv-python>=4.5"],
    }[wish]


AV = ["av>=12; python_version>='3.8'"]
ONNX = ["onnx>=1.12", "onnxruntime>=1.12", "tf2onnx>=1.13"]
EVAL = ["pycocotools>=2.0.7", "matplotlib>=3.5", "pillow>=9.5", "defusedxml>=0.7.1"]
OPENVINO = ["openvino>=2024.4; python_version>='3.9'"]
WEB = ["starlette>=0.20", "uvicorn>=0.22", "prometheus-client>=0.15"]
PLOT = ["matplotlib>=3.5"]
BENCH = ["psutil>=5.9", "nvidia-ml-py>=12.535", *PLOT]
TRAIN = ["pillow>=9.5", "defusedxml>=0.7.1", "google-crc32c>=1.5", *PLOT]
MQTT = ["paho-mqtt>=2.0"]
TRACK = ["edgefirst-tracker>=0.38,<1; python_version>='3.8'"]
DOCS = ["mkdocs-material>=9.5; python_version>='3.9'"]
RAY = ["ray>=2.10; python_version>='3.9'", "pyarrow>=17; python_version>='3.9'"]
NNCF = ["nncf>=2.14; python_version>='3.9'"]
TENSORRT_RTX = "python_version>='3.9' and sys_platform=='linux' and platform_machine=='x86_64'"

setup(
    name="splitdet",
    version=re.search(r'__version__ = "(.+)"', (HERE / "lib/splitdet/__init__.py").read_text()).group(1),
    description="Real-time detection with TensorFlow frozen graphs, cut before non-maximum suppression",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.7,<3.14",
    package_dir={"": "lib"},
    packages=find_packages("lib"),
    package_data={
        "splitdet": [
            *("py.typed", "labels/*.json", "zoo/manifests/*.yml", "zoo/shipped/*/*", "web/static/*"),
            "engines/tensorrt/kernels/*",
        ]
    },
    entry_points={"console_scripts": ["splitdet = splitdet.entry:command"]},
    install_requires=[
        "numpy>=1.16",
        "pyyaml>=5.3",
        "dacite>=1.6",
        "tqdm>=4.50",
        "pooch>=1.6",
        "platformdirs>=2.5",
        "requests>=2.20",
        "protobuf<3.21; python_version<'3.8'",
        "protobuf>=3.20; python_version>='3.8'",
        "tensorflow-gpu==1.15.*; python_version<'3.8'",
        "tensorflow>=2.10; python_version>='3.8'",
        *opencv(),
    ],
    extras_require={
        "av": AV,
        "nvdec": ["PyNvVideoCodec>=2.0; python_version>='3.8'"],
        "gpu": ["tensorflow[and-cuda]>=2.15; python_version>='3.9'"],
        "onnx": ONNX,
        "openvino": OPENVINO,
        "train": TRAIN,
        "eval": EVAL,
        # of its own: it brings scikit-learn, and only calibrates
        "int8": [*OPENVINO, *NNCF],
        "tensorrt": ["tensorrt>=8.5; python_version>='3.8'", *ONNX],
        "web": WEB,
        "mqtt": MQTT,
        "plot": PLOT,
        "bench": BENCH,
        "track": TRACK,
        "docs": DOCS,
        "ray": RAY,
        "dev": [
            "pytest>=7",
            "pytest-xdist>=3.5",
            *AV,
            *WEB,
            "playwright>=1.40; python_version>='3.9'",
            *MQTT,
            # a broker, to test against
            "amqtt>=0.11; python_version>='3.10'",
            *TRACK,
            *RAY,
            *TRAIN,
            # builds engines without a GPU
            "tensorrt-rtx-cu13; " + TENSORRT_RTX,
            # compiles the kernels
            "nvidia-cuda-nvrtc-cu11; " + TENSORRT_RTX,
            *[f"{package}; python_version>='3.10'" for package in ONNX],
            *OPENVINO,
            *NNCF,
            *EVAL,
            *BENCH,
            *DOCS,
            "mypy>=1.14; python_version>='3.9'",
            "ruff>=0.9; python_version>='3.9'",
            "types-defusedxml; python_version>='3.9'",
            "types-PyYAML; python_version>='3.9'",
            "types-requests; python_version>='3.9'",
            "types-tqdm; python_version>='3.9'",
        ],
    },
    keywords="object-detection real-time tensorflow frozen-graph ssd nms tensorrt openvino jetson video",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Environment :: GPU :: NVIDIA CUDA",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.7",
        "Programming Language :: Python :: 3.8",
        "Programming Language :: Python :: 3.9",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Multimedia :: Video",
        "Topic :: Scientific/Engineering :: Image Recognition",
        "Typing :: Typed",
    ],
)
