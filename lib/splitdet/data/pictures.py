"""Looking at encoded pictures, and changing their pixels.

Pillow judges a picture: it tells the format and the EXIF tag, and notices when data is missing.
OpenCV, by which detectors see them, changes pixels.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Optional, Tuple, Union

import cv2
import numpy as np

from splitdet.compat import extra
from splitdet.data.findings import Kind

JPEG_QUALITY = 95
HASH_SIDE = 16
_SUFFIXES = {"JPEG": (".jpg", ".jpeg"), "MPO": (".jpg", ".jpeg"), "PNG": (".png",)}
_ORIENTATION_TAG = 0x0112  # of EXIF
_TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
"""By the orientation: what makes it upright, as Pillow calls it."""
_KEPT_FORMATS = ("JPEG", "MPO", "PNG")
_KEPT_MODES = ("RGB", "L")


@dataclass(frozen=True)
class Look:
    """What a picture is, by its content."""

    format: str
    """Pillow's name of it: JPEG, PNG, .."""
    mode: str
    """Pillow's name of its colours: RGB, L, CMYK, .."""
    width_px: int
    """As stored, before the EXIF tag turns it."""
    height_px: int
    orientation: int
    """Of EXIF: 1 is upright, 2 to 8 are turned or mirrored."""

    @property
    def upright_px(self) -> Tuple[int, int]:
        """Width and height once the EXIF tag has turned it."""
        size = (self.width_px, self.height_px)
        return (size[1], size[0]) if self.orientation >= 5 else size

    @property
    def is_plain(self) -> bool:
        """Whether it is a JPEG or PNG, 8 bit, grey or RGB."""
        return self.format in _KEPT_FORMATS and self.mode in _KEPT_MODES

    @property
    def suffixes(self) -> Tuple[str, ...]:
        """The endings of file names that fit, in small letters; the usual one first."""
        return _SUFFIXES.get(self.format, ("." + self.format.lower(),))


@dataclass(frozen=True)
class Problem:
    """Why a picture cannot be used."""

    kind: Kind
    what: str


def look_at(source: Union[Path, bytes]) -> Union[Look, Problem]:
    """What a picture, or a file of one, is by its beginning; it may be cut off all the same."""
    if isinstance(source, bytes):
        return _opened(io.BytesIO(source), whole=False)[0]
    try:
        with open(str(source), "rb") as file:
            return _opened(file, whole=False)[0]
    except OSError as error:
        return Problem(Kind.NOT_A_PICTURE, error.strerror or str(error))


def inspect(data: bytes) -> Tuple[Union[Look, Problem], bytes]:
    """Look at a picture and decode all of it.

    Returns:
        what it is, or what is wrong; and 32 bytes by which look-alikes are found, see `_hash`.
    """
    return _opened(io.BytesIO(data), whole=True)


def _opened(file: BinaryIO, whole: bool) -> Tuple[Union[Look, Problem], bytes]:
    with extra("train"):
        from PIL import Image, UnidentifiedImageError
    start = file.read(64)
    if not start:
        return Problem(Kind.EMPTY_PICTURE, "0 bytes"), b""
    file.seek(0)
    opened = False
    try:
        with Image.open(file) as picture:
            opened = True
            look = Look(
                str(picture.format), picture.mode, picture.width, picture.height, _orientation(picture)
            )
            return look, _hash(picture) if whole else b""
    except UnidentifiedImageError:
        return Problem(Kind.NOT_A_PICTURE, _seems(start)), b""
    except Image.DecompressionBombError as error:
        return Problem(Kind.HUGE_PICTURE, str(error).split("(")[-1].split(")")[0]), b""
    except Exception as error:  # damaged data makes decoders raise almost anything
        kind = Kind.CUT_OFF_PICTURE if opened else Kind.NOT_A_PICTURE
        return Problem(kind, f"{type(error).__name__}: {error}".splitlines()[0]), b""


def _orientation(picture: Any) -> int:
    try:
        value = picture.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # a damaged EXIF block is no reason to lose the picture
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _seems(start: bytes) -> str:
    """What a file that is no picture seems to be, by its first bytes."""
    if start.lstrip().lower().startswith((b"<!doctype", b"<html")):
        return "a web page"
    if start[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypavif"):
        return "HEIC or AVIF; save it as JPEG"
    return "begins with " + repr(start[:12])[1:]


def _hash(picture: Any) -> bytes:
    """Difference hash, 256 bits: for 16 x 16 cells whether the next one to the right is brighter.

    Two pictures that differ by scale, compression or a little light differ in few bits. (The method of
    N. Krawetz, "Kind of Like That", 2013, with 16 instead of 8 cells a side.)
    """
    from PIL import Image

    enough = 4 * (HASH_SIDE + 1)
    picture.draft("L", (max(enough, picture.width // 8), max(enough, picture.height // 8)))  # faster
    picture.load()
    grey = picture.convert("L").resize((HASH_SIDE + 1, HASH_SIDE), Image.Resampling.BOX)
    cells = np.asarray(grey, np.int16)
    return np.packbits(cells[:, 1:] > cells[:, :-1]).tobytes()


def decode(data: bytes) -> Optional[np.ndarray]:
    """Pixels as they are stored, uint8 (H, W, 3), BGR; None where OpenCV has no decoder for it."""
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None


def decode_upright(data: bytes) -> np.ndarray:
    """Pixels as the EXIF tag turns them, uint8 (H, W, 3), BGR, of a picture that is whole."""
    from PIL import Image  # old versions of OpenCV heed the tag of JPEGs only

    with Image.open(io.BytesIO(data)) as picture:
        picture.load()  # turns a TIFF, and then its tag is 1
        # ImageOps.exif_transpose writes all tags anew, and fails where one of them is broken
        turn = _TURNS.get(_orientation(picture))
        upright = picture.transpose(Image.Transpose[turn]) if turn else picture
        return np.asarray(upright.convert("RGB"))[:, :, ::-1]


def encode(pixels: np.ndarray, suffix: str, quality: int = JPEG_QUALITY) -> bytes:
    """Pixels as `.jpg`, of a quality of 1..100, or as `.png`."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix == ".jpg" else []
    return bytes(cv2.imencode(suffix, pixels, options)[1].tobytes())
