"""What to run, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Union

from splitdet.config import Config
from splitdet.errors import EXIT_OK
from splitdet.sources.base import Source
from splitdet.sources.choose import Spec


@dataclass(frozen=True)
class Job:
    """What to run.

    Args:
        source: a source, or what `open_source` takes.
        save: file or folder for annotated pictures; empty for none, None as config.yml says.
        send: addresses and pipelines that annotated pictures are sent to, see `open_sender`.
        json: file for one JSON line a frame; empty for none.
        summary: file for the summary; empty for none.
        csv: file for one row a detection; empty for none.
        coco: file for results in COCO's format; empty for none.
        crops: folder for pictures of what was found; empty for none.
        raw: file or folder for frames with nothing drawn; empty for none.
        trace: file for when each stage worked on each frame; empty for none.
        warm_up_s: seconds since the first frame that the figures leave out; see `Meter`.
    """

    config: Config
    source: Union[Source, Spec]
    save: Optional[str] = None
    send: Sequence[str] = ()
    json: str = ""
    summary: str = ""
    csv: str = ""
    coco: str = ""
    crops: str = ""
    raw: str = ""
    trace: str = ""
    warm_up_s: float = 0.0


@dataclass
class Outcome:
    """How a run ended."""

    exit_code: int = EXIT_OK
    summary: Dict[str, Any] = field(default_factory=dict)
    stuck: List[str] = field(default_factory=list)
    """Stages whose threads do not return; the process has to be left without them."""
