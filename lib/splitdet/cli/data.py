"""`splitdet data`: look at datasets, mend and convert them."""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import Any, Callable, Tuple

FORMATS = ("voc", "coco", "yolo", "kitti", "openimages", "tfrecord")


def add_commands(commands: Any) -> None:
    """Add `data` to the command line."""
    data = commands.add_parser("data", help="check, shrink, convert, split and show datasets")
    actions = data.add_subparsers(dest="action", metavar="ACTION", required=True)
    source, limit, target = _input_options(), _limit_option(), _output_options()

    check = actions.add_parser(
        "check",
        parents=[source, limit],
        help="tell what is wrong with a dataset, and write a fixed copy",
        description="Tell what is wrong with a dataset. It is never changed.",
    )
    check.add_argument("--fix", metavar="FOLDER", type=Path, help="write a copy without what is wrong")
    check.add_argument("--to", choices=FORMATS, help="format of the copy (default: the same)")
    check.add_argument("--report", metavar="FILE.json", type=Path, help="write all findings")
    check.add_argument(
        "--tiny", metavar="SHARE", type=float, help="a box is tiny below this share of a side (0.01)"
    )
    check.set_defaults(work=_action("check"))

    convert = actions.add_parser(
        "convert", parents=[source, target, limit], help="write a dataset in another format"
    )
    for name, what in (("keep", "keep these classes only"), ("drop", "leave these classes out")):
        convert.add_argument("--" + name, metavar="CLASS,..", type=_names, default=(), help=what)
    convert.add_argument(
        "--rename", metavar="OLD=NEW", action="append", default=[], help="rename, or merge, a class"
    )
    convert.add_argument("--whole-pixels", action="store_true", help="round edges to whole pixels")
    convert.set_defaults(work=_action("convert"))

    shrink = actions.add_parser(
        "shrink", parents=[source, target, limit], help="make pictures smaller, and their boxes"
    )
    sizes = shrink.add_mutually_exclusive_group(required=True)
    sizes.add_argument(
        "--longest", metavar="PIXELS", type=_positive, help="longest side; keeps the shape"
    )
    sizes.add_argument("--size", metavar="WxH", type=_size, help="most width and height, shape lost")
    shrink.set_defaults(work=_action("shrink"))

    split = actions.add_parser(
        "split", parents=[source, target], help="divide into train, val and test, without leaks"
    )
    split.add_argument(
        "--parts", metavar="PART=SHARE,..", default="train=0.8,val=0.1,test=0.1", help="(%(default)s)"
    )
    split.add_argument("--of", metavar="PART", help="divide only this part, leave the others alone")
    split.add_argument("--seed", type=int, default=0, help="another seed, another split (%(default)s)")
    split.add_argument(
        "--group", metavar="REGEX", help="pictures whose names share what this matches stay together"
    )
    split.set_defaults(work=_action("split"))

    stats = actions.add_parser(
        "stats", parents=[source, limit], help="count pictures, classes and boxes"
    )
    stats.add_argument("--chart", metavar="FILE.png", type=Path, help="draw it, too")
    stats.add_argument("--json", metavar="FILE", type=Path, help="write it, too")
    stats.set_defaults(work=_action("stats"))

    view = actions.add_parser(
        "view", parents=[source], help="write an HTML page with the pictures and their boxes"
    )
    view.add_argument("page", metavar="PAGE.html", type=Path)
    view.add_argument("--limit", metavar="N", type=_count, default=200, help="(%(default)s; 0: all)")
    view.add_argument(
        "--width", metavar="PIXELS", type=_positive, default=320, help="of a picture (%(default)s)"
    )
    view.set_defaults(work=_action("view"))

    _add_openimages(actions)


def _add_openimages(actions: Any) -> None:
    parser = actions.add_parser(
        "openimages",
        help="fetch pictures of some classes from Open Images",
        description="Fetch pictures and boxes of some classes from the Open Images dataset (the boxes "
        "are CC BY 4.0, the pictures are listed as CC BY 2.0). Run it again to go on where it stopped.",
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("--classes", metavar="CLASS,..", type=_names, required=True)
    parser.add_argument(
        "--parts", metavar="PART,..", type=_names, default=("train", "validation", "test")
    )
    parser.add_argument("--max-images", metavar="N", type=_count, default=0, help="0: all")
    parser.add_argument(
        "--stats-only", action="store_true", help="fetch no pictures, tell what there is"
    )
    parser.add_argument("--include-depictions", action="store_true", help="drawings and the like, too")
    parser.add_argument("--seed", type=int, default=0, help="of the choice where there is a maximum")
    parser.add_argument(
        "--workers", metavar="N", type=_positive, default=10, help="pictures at once (10)"
    )
    parser.add_argument("--mirror", metavar="URL", help="a copy of Open Images")
    parser.set_defaults(work=_action("openimages"))


def _input_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("input", metavar="DATASET", type=Path, help="a folder or a file")
    options.add_argument("--from", dest="format", choices=FORMATS, default="auto", help="what it is")
    options.add_argument("--labels", metavar="FILE", default="", help="label map (.pbtxt, .txt, .json)")
    return options


def _output_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("output", metavar="FOLDER", type=Path, help="one that is not there yet")
    options.add_argument("--to", choices=FORMATS, help="format to write (default: the same)")
    options.add_argument(
        "--shard-mb",
        metavar="N",
        type=_positive,
        default=256,
        help="size of TFRecord files (%(default)s)",
    )
    return options


def _limit_option() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--limit", metavar="N", type=_count, default=0, help="only so many pictures, spread over all"
    )
    return options


def _names(text: str) -> Tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _count(text: str) -> int:
    """A whole number; 0 means all."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text}: expects a whole number of at least 0")
    return number


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: expects a whole number of at least 1")
    return number


def _size(text: str) -> Tuple[int, int]:
    """`300x200`, or `300` for a square."""
    width, _, height = text.lower().partition("x")
    return _positive(width), _positive(height or width)


def _action(name: str) -> Callable[[argparse.Namespace], int]:
    """The function of that name in `data_actions`, imported when it is called."""

    def run(options: argparse.Namespace) -> int:
        from splitdet.cli import data_actions

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\b")  # findings say it better
            return int(getattr(data_actions, name)(options))

    return run
