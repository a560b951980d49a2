"""Which error is which, and what the command line returns for it."""

from __future__ import annotations

import inspect
from typing import Type

import pytest

from splitdet import errors
from splitdet.errors import SplitdetError

CLASSES = [value for value in vars(errors).values() if inspect.isclass(value)]


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_is_one_of_the_package(kind: Type[Exception]) -> None:
    assert issubclass(kind, SplitdetError)


@pytest.mark.parametrize(
    ("kind", "parent"),
    [
        (errors.ConfigError, SplitdetError),
        (errors.ModelError, SplitdetError),
        (errors.CutError, errors.ModelError),
        (errors.EngineError, SplitdetError),
        (errors.ExtraError, SplitdetError),
        (errors.DataError, SplitdetError),
        (errors.SourceError, SplitdetError),
        (errors.NoFileError, errors.SourceError),
        (errors.SinkError, SplitdetError),
        (errors.StageError, SplitdetError),
        (errors.StallError, errors.StageError),
    ],
)
def test_an_error_has_the_parent_that_is_documented(kind: type, parent: type) -> None:
    assert kind.__bases__ == (parent,)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_stands_in_the_overview(kind: type) -> None:
    assert kind.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.ConfigError, 2),
        (errors.CutError, 2),
        (errors.EngineError, 2),
        (errors.ExtraError, 2),
        (errors.DataError, 2),
        (errors.SourceError, 2),
        (errors.SinkError, 2),
        (errors.StageError, 1),
        (errors.StallError, 1),
    ],
)
def test_bad_input_and_a_failed_run_have_codes_of_their_own(
    kind: Type[SplitdetError], code: int
) -> None:
    assert kind("what is wrong").exit_code == code


def test_no_two_endings_share_a_code() -> None:
    codes = [value for name, value in vars(errors).items() if name.startswith("EXIT_")]
    assert sorted(codes) == [0, 1, 2, 3, 130, 141]


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (ValueError("no\n  such   node\n"), "no such node"),
        (ValueError("x" * 300), "x" * 200),
        (ValueError(), "ValueError"),
        ("text of a library\r\n", "text of a library"),
    ],
)
def test_what_a_library_said_is_told_on_one_line(said: object, line: str) -> None:
    assert errors.one_line(said) == line


def test_an_error_of_ours_is_told_as_it_is() -> None:
    error = errors.SinkError("the disk is full")
    assert errors.described(error, "the output stage failed on frame 3") is error


def test_another_error_is_told_with_what_failed_on_it() -> None:
    error = KeyError("boxes")
    told = errors.described(error, "the output stage failed on frame 3")
    assert isinstance(told, errors.StageError)
    assert str(told) == "the output stage failed on frame 3: KeyError: 'boxes'"
    assert told.__cause__ is error
