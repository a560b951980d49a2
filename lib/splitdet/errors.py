"""Every error splitdet raises on purpose.

    SplitdetError
    ├── ConfigError      a key, a value or a label map in the configuration is wrong
    ├── ModelError       a model file cannot be read, fetched or is not a graph we know
    │   └── CutError     the graph was read, but no place to cut it was found
    ├── EngineError      the engine or the device that was asked for is not usable
    ├── ExtraError       a package that an option needs is not installed
    ├── DataError        a dataset cannot be read, written or fetched
    ├── TrainError       training cannot go on
    ├── SourceError      a picture, video or camera cannot be opened, or is gone
    │   └── NoFileError  a file or folder that was named is not there
    ├── SinkError        a result cannot be written or shown
    └── StageError       a stage of a running pipeline failed
        └── StallError   a stage of a running pipeline stopped without a word

The message of each is one line that says what is wrong, where, and what to do.
"""

from __future__ import annotations

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_SKIPPED = 3
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


class SplitdetError(Exception):
    """Base of all errors of this package; `exit_code` is what the command line returns."""

    exit_code = EXIT_BAD_INPUT


class ConfigError(SplitdetError):
    """A key, a value or a label map in the configuration is wrong."""


class ModelError(SplitdetError):
    """A model file cannot be read or fetched, or is not a graph we know."""


class CutError(ModelError):
    """The graph was read, but no place to cut it was found."""


class EngineError(SplitdetError):
    """The engine or the device that was asked for is not usable."""


class ExtraError(SplitdetError):
    """A package that an option needs is not installed."""


class DataError(SplitdetError):
    """A dataset cannot be read, written or fetched."""


class TrainError(SplitdetError):
    """Training cannot begin, or cannot go on."""


class SourceError(SplitdetError):
    """A picture, video or camera cannot be opened, or is gone."""


class NoFileError(SourceError):
    """There is no such file or folder."""


class SinkError(SplitdetError):
    """A result cannot be written or shown."""


class StageError(SplitdetError):
    """A stage of a running pipeline failed."""

    exit_code = EXIT_FAILED


class StallError(StageError):
    """A stage of a running pipeline stopped without a word."""


def one_line(error: object, most: int = 200) -> str:
    """What a library said, which may run over many lines, on one of at most `most` characters; the name
    of the error where it said nothing."""
    return " ".join(str(error).split())[:most] or type(error).__name__


def described(error: BaseException, what: str) -> SplitdetError:
    """An error of ours as it is; of any other, one that says `what` failed on it."""
    if isinstance(error, SplitdetError):
        return error
    told = StageError(f"{what}: {type(error).__name__}: {one_line(error, 300)}")
    told.__cause__ = error
    return told
