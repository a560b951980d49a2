"""The page in a real browser, on a view that is fed without a model."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest

pytest.importorskip("uvicorn", reason="needs splitdet[web]")
pytest.importorskip("prometheus_client", reason="needs splitdet[web]")

from web_view import LiveView, Page, free_port

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
SMALL_PHONE = {**PHONE, "viewport": {"width": 320, "height": 568}}


def test_the_picture_moves_and_nothing_goes_wrong(browser: Any) -> None:
    with LiveView() as view, Page(browser, view.address) as shown:
        shown.wait_for_pictures(5)
        shown.wait_for_text("state", "live")
    assert shown.problems == []


def test_figures_stages_and_detections_are_shown(browser: Any) -> None:
    with LiveView() as view, Page(browser, view.address) as shown:
        shown.wait("Number(document.getElementById('fps').innerText) > 0")
        shown.wait_for_text("stages", "output")
        shown.wait_for_text("found", "thing")
        assert shown.text("found").split("\n")[:2] == ["thing", "90 %"]
        assert shown.page.title() == "ssdlite_mobilenet_v2_coco_2018_05_09 | splitdet"
        assert "no engine" in shown.text("run")
    assert shown.problems == []


def test_the_slider_moves_the_threshold(browser: Any) -> None:
    with LiveView() as view, Page(browser, view.address) as shown:
        shown.wait_for_text("threshold-value", "0.50")
        slider = shown.page.locator("#threshold")
        with shown.page.expect_response("**/threshold") as answer:
            slider.fill("0.8")
        assert answer.value.ok
        assert view.detector.threshold.score == 0.8
        with shown.page.expect_response("**/threshold"):
            slider.press("ArrowLeft")
        assert view.detector.threshold.score == 0.75
        assert shown.text("threshold-value") == "0.75"
    assert shown.problems == []


def test_the_slider_follows_what_others_set(browser: Any) -> None:
    with LiveView() as view, Page(browser, view.address) as shown:
        shown.wait_for_text("threshold-value", "0.50")
        view.detector.threshold.set(0.35)
        shown.wait_for_text("threshold-value", "0.35")
        assert shown.page.input_value("#threshold") == "0.35"


def boxes_of_sections(shown: Page) -> List[Dict[str, float]]:
    """Where each lies; of one moment, as their texts grow and move what is below."""
    found: List[Dict[str, float]] = shown.page.evaluate(
        """() => [...document.querySelectorAll("main section")].map(
            (section) => section.getBoundingClientRect().toJSON()
        )"""
    )
    return found


@pytest.mark.parametrize("device", [PHONE, SMALL_PHONE], ids=["phone", "small phone"])
def test_on_a_phone_everything_lies_in_one_column(browser: Any, device: Any) -> None:
    with LiveView(size_px=(360, 640)) as view, Page(browser, view.address, **device) as shown:
        shown.wait_for_pictures(1)
        shown.wait_for_text("found", "thing")
        width = device["viewport"]["width"]
        assert shown.page.evaluate("document.documentElement.scrollWidth") == width
        boxes = sorted(boxes_of_sections(shown), key=lambda box: box["y"])
        assert len(boxes) == 5
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
        assert all(low["y"] >= high["y"] + high["height"] for high, low in zip(boxes, boxes[1:]))
        assert boxes[0]["width"] == width
        assert shown.page.locator("#threshold").bounding_box()["height"] >= 24  # for a finger
    assert shown.problems == []


def test_on_a_screen_the_figures_stand_beside_the_picture(browser: Any) -> None:
    wide = {"viewport": {"width": 1280, "height": 720}}
    with LiveView(size_px=(360, 640)) as view, Page(browser, view.address, **wide) as shown:
        shown.wait_for_pictures(1)
        picture, found, *cards = boxes_of_sections(shown)
        assert found["y"] >= picture["y"] + picture["height"]
        assert all(card["x"] >= picture["x"] + picture["width"] for card in cards)
        assert shown.page.evaluate("document.documentElement.scrollWidth") == 1280


def test_it_is_dark_where_that_is_preferred(browser: Any) -> None:
    grounds = {}
    with LiveView() as view:
        for scheme in ("light", "dark"):
            with Page(browser, view.address, color_scheme=scheme) as shown:
                colour = shown.page.evaluate("getComputedStyle(document.body).backgroundColor")
                grounds[scheme] = sum(int(part) for part in colour[4:-1].split(","))
    assert grounds["dark"] < 3 * 64
    assert grounds["light"] > 3 * 192


def test_a_name_of_a_class_is_text_whatever_it_is(browser: Any) -> None:
    name = "<img src=x onerror=alert(1)>"
    with LiveView() as view:
        view.detector.labels.names[1] = name
        with Page(browser, view.address) as shown:
            shown.wait_for_text("found", name)
            assert shown.page.locator("#found img").count() == 0
    assert shown.problems == []


def test_a_page_that_nobody_sees_takes_nothing(browser: Any) -> None:
    with LiveView() as view, Page(browser, view.address) as shown:
        shown.wait_for_pictures(2)
        streams = "fetch('figures').then((answer) => answer.json()).then((now) => now.streams === {})"
        shown.wait(streams.format(2))
        hide = """(hidden) => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
        shown.page.evaluate(hide, True)
        shown.wait(streams.format(0))
        shown.page.evaluate(hide, False)
        shown.wait_for_pictures(2)
    assert shown.problems == []


def test_it_says_when_the_run_ends_and_comes_back_with_the_next(browser: Any) -> None:
    port = free_port()
    with LiveView(web=port) as view:
        shown = Page(browser, view.address)
        shown.wait_for_text("state", "live")
    shown.wait_for_text("state", "the run has ended")
    with LiveView(web=port):
        shown.wait_for_text("state", "live")
        shown.wait_for_pictures(2)
    shown.page.close()


@pytest.mark.parametrize("what", ["figures", "stream.mjpg*"])
def test_a_request_that_fails_once_is_made_again(browser: Any, what: str) -> None:
    with LiveView() as view, Page(browser, view.address) as shown:
        shown.page.route(f"**/{what}", lambda route: route.abort(), times=1)
        with shown.page.expect_event("requestfailed"):
            shown.page.reload(wait_until="domcontentloaded")
        shown.wait_for_text("state", "live")
        shown.wait_for_pictures(2)


def test_with_a_token_the_address_is_enough_once(browser: Any) -> None:
    with LiveView(web_token="se&c ret") as view:
        with Page(browser, view.address + "/?token=se%26c%20ret") as shown:
            shown.wait_for_pictures(2)
            assert shown.page.url == view.address + "/"
            shown.page.goto(view.address)
            shown.wait_for_pictures(2)
            with shown.page.expect_response("**/threshold") as answer:
                shown.page.locator("#threshold").fill("0.8")
            assert answer.value.ok
        assert shown.problems == []
