"""Events as a sink of a run: found frame by frame, and told to whoever wants to know."""

from __future__ import annotations

import json
import logging
import time
import uuid
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from splitdet.addresses import without_password
from splitdet.config import Config
from splitdet.events.delivery import Delivery
from splitdet.events.receiver import Receiver
from splitdet.events.watch import Event, Watcher
from splitdet.labels import Labels
from splitdet.sinks.base import Sink
from splitdet.sinks.files import TextFile
from splitdet.sinks.json_lines import frame_record
from splitdet.types import Detections, Frame
from splitdet.visualize.draw import describe

FLUSH_S = 0.8
"""How long the end of a run waits for receivers."""
SCHEMA = 1
log = logging.getLogger(__name__)


class EventSink(Sink):
    """Tells events on the console, and to the log, webhook and broker that are configured.

    Args:
        stills: of each input, whether its frames are pictures of their own. They have no times, so
            `min_s` and `cooldown_s` of a rule mean nothing there.

    Raises:
        ConfigError: a rule or an address is wrong, or a package is missing.
        SinkError: the log cannot be made.
    """

    def __init__(self, config: Config, labels: Labels, stills: Sequence[bool] = (False,)) -> None:
        self._labels = labels
        timeless = [replace(rule, min_s=0.0, cooldown_s=0.0) for rule in config.events]
        self._watchers = [Watcher(timeless if still else config.events, labels) for still in stills]
        _note_unseen(config, labels)
        self._count = 0
        self._log = TextFile(config.event_log, append=True) if config.event_log else None
        self._deliveries = {receiver.kind: Delivery(receiver) for receiver in _receivers(config)}

    @property
    def path(self) -> str:
        """See `Sink.path`."""
        return self._log.path if self._log else ""

    @property
    def figures(self) -> Dict[str, Any]:
        """See `Sink.figures`."""
        receivers = {kind: delivery.figures for kind, delivery in self._deliveries.items()}
        return {"events": {"found": self._count, **receivers}}

    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """See `Sink.write`."""
        for event in self._watchers[frame.stream].look(frame, found):
            self._count += 1
            what = describe(event.found, self._labels)
            log.info("event: %s (frame %d, %.2f s): %s", event.name, frame.index, frame.time_s, what)
            record = event_record(event, self._labels)
            if self._log is not None:
                self._log.write(json.dumps(record) + "\n")
            for delivery in self._deliveries.values():
                delivery.put(record)

    def close(self) -> None:
        """See `Sink.close`. Takes at most `FLUSH_S`."""
        deadline_s = time.perf_counter() + FLUSH_S
        for delivery in self._deliveries.values():  # before any is waited for: all have the same time
            delivery.end(deadline_s)
        for delivery in self._deliveries.values():
            delivery.close(deadline_s)
        if self._log is not None:
            self._log.close()


def event_record(event: Event, labels: Labels) -> Dict[str, Any]:
    """An event ready for JSON; the fields are described in docs/events.md."""
    frame = replace(event.frame, source=without_password(event.frame.source))
    record: Dict[str, Any] = {
        "schema": SCHEMA,
        "event": event.name,
        "id": uuid.uuid4().hex,
        "at": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "lasted_s": round(event.lasted_s, 3),
    }
    return {**record, **frame_record(frame, event.found, labels), "schema": SCHEMA}


def _note_unseen(config: Config, labels: Labels) -> None:
    """Say which rules cannot come true, as none of their classes is reported."""
    reported = labels.ids(config.classes)
    for rule in config.events if reported else ():
        wanted = labels.ids(rule.classes)
        if wanted and not wanted & reported:
            names = ", ".join(labels[number] for number in sorted(wanted))
            log.warning("events: %s never comes true: classes leaves out %s", rule.name, names)


def _receivers(config: Config) -> List[Receiver]:
    """Those that the configuration names."""
    receivers: List[Receiver] = []
    if config.event_webhook:
        from splitdet.events.webhook import Webhook

        receivers.append(Webhook(config.event_webhook))
    if config.event_mqtt:
        from splitdet.events.mqtt import MqttBroker

        receivers.append(MqttBroker(config.event_mqtt))
    return receivers
