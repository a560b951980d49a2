"""Who may look at the web view."""

from __future__ import annotations

from typing import Iterator
from urllib.parse import quote

import pytest
import requests

pytest.importorskip("uvicorn", reason="needs splitdet[web]")
pytest.importorskip("prometheus_client", reason="needs splitdet[web]")

from splitdet.errors import ConfigError
from splitdet.web.guard import is_loopback
from web_view import TIMEOUT_S, LiveView

TOKEN = "größe; a=b, c & d"
PATHS = (
    *("/", "/page.js", "/style.css", "/stream.mjpg", "/snapshot.jpg", "/detections", "/figures"),
    *("/healthz", "/metrics", "/nothing"),
)


@pytest.fixture(name="guarded", scope="module")
def _guarded() -> Iterator[LiveView]:
    with LiveView(web_token=TOKEN, web_host="0.0.0.0") as view:
        yield view


@pytest.fixture(scope="module")
def open_view() -> Iterator[LiveView]:
    """One without a token."""
    with LiveView() as view:
        yield view


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_nothing_is_answered(guarded: LiveView, path: str) -> None:
    answer = guarded.get(path)
    assert answer.status_code == 401
    assert answer.text == "a token is needed: add ?token=.. with the web_token of the run\n"
    assert "Set-Cookie" not in answer.headers


def test_without_the_token_nothing_can_be_set(guarded: LiveView) -> None:
    address = guarded.address + "/threshold"
    answer = requests.post(address, json={"threshold": 0.1}, timeout=TIMEOUT_S)
    assert (answer.status_code, guarded.detector.threshold.score) == (401, 0.5)


@pytest.mark.parametrize("wrong", ["", "x", TOKEN + "x", TOKEN[:-1], TOKEN.upper()])
def test_a_wrong_token_is_as_good_as_none(guarded: LiveView, wrong: str) -> None:
    assert guarded.get("/figures", params={"token": wrong}).status_code == 401
    headers = {"Authorization": f"Bearer {quote(wrong)}"}
    assert guarded.get("/figures", headers=headers).status_code == 401
    cookies = {f"splitdet_{guarded.sink.port}": quote(wrong)}
    assert guarded.get("/figures", cookies=cookies).status_code == 401


def test_a_wrong_token_is_said_to_be_wrong(guarded: LiveView) -> None:
    expected = "this is not the right token: add ?token=.. with the web_token of the run\n"
    assert guarded.get("/figures", params={"token": "x"}).text == expected
    assert guarded.get("/figures", headers={"Authorization": "Bearer x"}).text == expected
    assert guarded.get("/figures", params={"token": ""}).text.startswith("a token is needed")


def test_the_first_call_gives_a_cookie_that_is_enough_from_then_on(guarded: LiveView) -> None:
    client = requests.Session()
    page = client.get(guarded.address + "/", params={"token": TOKEN}, timeout=TIMEOUT_S)
    assert (page.status_code, page.url) == (200, guarded.address + "/")  # the token is out of sight
    for path in ("/", "/figures", "/snapshot.jpg", "/healthz"):
        assert client.get(guarded.address + path, timeout=TIMEOUT_S).status_code == 200


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_is_not_the_token(guarded: LiveView) -> None:
    answer = guarded.get("/figures", params={"token": TOKEN})
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert quote(TOKEN) not in cookie
    assert "gr" not in cookie.split(";")[0].partition("=")[2]


@pytest.mark.parametrize("token", ["secret", "geheim\u00e4\u20ac", "voil\u00e0"])
def test_a_header_is_enough_too(token: str) -> None:
    with LiveView(web_token=token) as view:
        headers = {"Authorization": f"Bearer {token}".encode()}
        answer = view.get("/metrics", headers=headers)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers


def test_a_token_holds_on_this_machine_too() -> None:
    with LiveView(web_token="secret") as view:
        assert view.get("/figures").status_code == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_an_address_that_others_reach_needs_a_token(host: str) -> None:
    with pytest.raises(ConfigError, match="set web_token to a secret"):
        LiveView(web_host=host)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.1", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
        ("", False),
    ],
)
def test_what_counts_as_this_machine(host: str, expected: bool) -> None:
    assert is_loopback(host) == expected


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("127.0.0.1:9000", 200),  # an ssh tunnel with a port of its own
        ("localhost", 200),
        ("[::1]:8080", 200),
        ("rebound.example.org:8080", 403),
        ("127.0.0.1.example.org", 403),
        ("[::1", 403),
        ("", 403),
    ],
)
def test_without_a_token_a_site_cannot_let_its_own_name_point_here(
    open_view: LiveView, name: str, code: int
) -> None:
    assert open_view.get("/figures", headers={"Host": name}).status_code == code


def test_no_answer_can_be_shown_by_another_site(open_view: LiveView) -> None:
    headers = open_view.get("/snapshot.jpg").headers  # whatever the case of their names
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers
