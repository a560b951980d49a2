"""Where commands begin: what goes wrong before they can tell it themselves."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import Iterator, NoReturn


def command() -> NoReturn:
    """`splitdet`."""
    with _importing():
        from splitdet.cli.main import main
    main()


def script(kind: str) -> NoReturn:
    """Body of run_image.py, run_video.py and run_stream.py.

    Args:
        kind: `image`, `video` or `stream`.
    """
    with _importing():
        from splitdet.cli.run import script as run_script
    run_script(kind)


@contextmanager
def _importing() -> Iterator[None]:
    """Keep OpenCV quiet, tell in one line that packages are missing; Ctrl-C just ends."""
    # read when OpenCV is imported; what it has to say, our errors say
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        yield
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except ModuleNotFoundError as error:
        if str(error.name).startswith("splitdet"):
            raise
        print(
            f"error: {error.name} is not installed for {sys.executable}; activate the environment that "
            "has it (. .venv/bin/activate after make demo), or: pip install .",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
