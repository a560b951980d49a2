"""Events on their way, to a real web server that does what a test tells it."""

from __future__ import annotations

import logging
import time
from typing import Any, Dict, List

import pytest

from splitdet.events.delivery import CAPACITY, Delivery
from splitdet.events.receiver import Receiver, UndeliveredError
from splitdet.events.webhook import Webhook
from waiting import until
from web_receiver import HANG, WAIT_S, WebReceiver, free_port

AT_ONCE_S = 0.0
NEVER_S = 1e6


def close(delivery: Delivery, within_s: float = WAIT_S) -> Dict[str, int]:
    """End, and give the figures."""
    delivery.close(time.perf_counter() + within_s)
    return delivery.figures


def test_events_arrive_in_order_and_before_the_end() -> None:
    with WebReceiver() as receiver:
        delivery = Delivery(Webhook(receiver.address))
        for number in range(30):
            delivery.put({"number": number})
        assert close(delivery) == {"sent": 30, "lost": 0}
        assert receiver.events() == [{"number": number} for number in range(30)]


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_an_event_that_is_not_taken_is_sent_again_until_it_is(status: int) -> None:
    with WebReceiver([status, status]) as receiver:
        delivery = Delivery(Webhook(receiver.address), first_pause_s=AT_ONCE_S)
        delivery.put({"number": 1})
        assert [receiver.next_event() for _ in range(3)] == [{"number": 1}] * 3
        assert close(delivery) == {"sent": 1, "lost": 0}


@pytest.mark.parametrize("status", [400, 404, 302])
def test_an_event_that_is_refused_for_good_is_lost_and_the_next_one_goes_on(status: int) -> None:
    with WebReceiver([status]) as receiver:
        delivery = Delivery(Webhook(receiver.address), first_pause_s=NEVER_S)
        delivery.put({"number": 1})
        delivery.put({"number": 2})
        assert close(delivery) == {"sent": 1, "lost": 1}
        assert receiver.events() == [{"number": 1}, {"number": 2}]


def test_after_enough_attempts_an_event_is_given_up() -> None:
    with WebReceiver([500] * 6) as receiver:
        delivery = Delivery(Webhook(receiver.address), first_pause_s=AT_ONCE_S)
        delivery.put({"number": 1})
        delivery.put({"number": 2})
        assert [receiver.next_event() for _ in range(7)] == [{"number": 1}] * 6 + [{"number": 2}]
        assert close(delivery) == {"sent": 1, "lost": 1}


def test_a_receiver_that_does_not_answer_delays_nobody() -> None:
    with WebReceiver([HANG]) as receiver:
        delivery = Delivery(Webhook(receiver.address))
        delivery.put({"number": 0})
        assert receiver.next_event() == {"number": 0}  # and it has no answer yet
        for number in range(1, 51):
            delivery.put({"number": number})
        assert delivery.figures == {"sent": 0, "lost": 0}
        receiver.release()
        assert close(delivery) == {"sent": 51, "lost": 0}


def test_what_waits_is_bounded_and_the_newest_stays() -> None:
    with WebReceiver([HANG]) as receiver:
        delivery = Delivery(Webhook(receiver.address))
        delivery.put({"number": 0})
        receiver.next_event()
        for number in range(1, CAPACITY + 11):
            delivery.put({"number": number})
        assert delivery.figures == {"sent": 0, "lost": 10}
        receiver.release()
        assert close(delivery) == {"sent": CAPACITY + 1, "lost": 10}
        assert receiver.events() == [{"number": number} for number in range(11, CAPACITY + 11)]


def test_the_end_does_not_wait_for_a_receiver_that_does_not_answer() -> None:
    with WebReceiver([HANG]) as receiver:
        delivery = Delivery(Webhook(receiver.address))
        for number in range(3):
            delivery.put({"number": number})
        receiver.next_event()
        assert close(delivery, within_s=0.1) == {"sent": 0, "lost": 3}


def test_the_end_does_not_wait_for_a_receiver_that_is_not_there() -> None:
    delivery = Delivery(Webhook(f"http://127.0.0.1:{free_port()}/"), first_pause_s=NEVER_S)
    for number in range(5):
        delivery.put({"number": number})
    assert close(delivery) == {"sent": 0, "lost": 5}


def test_the_end_is_a_last_chance_for_what_waits_to_be_sent_again() -> None:
    with WebReceiver([500]) as receiver:
        delivery = Delivery(Webhook(receiver.address), first_pause_s=NEVER_S)
        delivery.put({"number": 1})
        receiver.next_event()
        delivery.put({"number": 2})
        assert close(delivery) == {"sent": 2, "lost": 0}
        assert receiver.events() == [{"number": 1}, {"number": 2}]


class Scripted(Receiver):
    """Raises what it is told to, one after the other; then it takes everything."""

    kind = "scripted"
    name = "here"

    def __init__(self, *errors: Exception) -> None:
        self._errors: List[Exception] = list(errors)
        self.closed = 0

    def send(self, event: Dict[str, Any], timeout_s: float) -> None:
        """See `Receiver.send`."""
        if self._errors:
            raise self._errors.pop(0)

    def close(self) -> None:
        """See `Receiver.close`."""
        self.closed += 1


def test_an_error_that_nobody_foresaw_loses_one_event_and_not_the_others() -> None:
    receiver = Scripted(UnicodeError("of a library"))
    delivery = Delivery(receiver)
    for number in range(3):
        delivery.put({"number": number})
    assert close(delivery) == {"sent": 2, "lost": 1}
    assert receiver.closed == 1


def test_a_receiver_that_fails_is_mentioned_once_and_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "splitdet")
    delivery = Delivery(Scripted(*[UndeliveredError("is tired")] * 4), first_pause_s=AT_ONCE_S)
    delivery.put({})
    until(lambda: delivery.figures["sent"])
    close(delivery)
    tired, back = caplog.messages
    assert tired == "scripted here: is tired; trying again"
    assert back == "scripted here: takes events again"
