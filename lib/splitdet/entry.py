"""Where commands begin: what goes wrong before they can tell it themselves."""

from __future__ import annotations

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
    """Tell in one line that packages are missing; Ctrl-C just ends."""
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
