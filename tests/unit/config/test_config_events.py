"""Rules for events, as people write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import pytest

from splitdet.config import load_config, make_config
from splitdet.config.events import Rule
from splitdet.config.write import as_yaml
from splitdet.errors import ConfigError

FILE = """\
det_th: 0.4
events:
  - name: at the door
    class: person
    zone: [[0, 0.5], [1, 0.5], [1, 1]]
    min_s: 2
    cooldown_s: 1e1
  - name: traffic
    class: [car, 8]
    gap_s: 1.5
"""
RULES = (
    Rule("at the door", ("person",), ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0)), 2.0, 0.5, 10.0),
    Rule("traffic", ("car", 8), (), 0.0, 1.5, 10.0),
)


def test_rules_are_sections_of_a_list(tmp_path: Path) -> None:
    file = tmp_path / "config.yml"
    file.write_text(FILE, encoding="utf-8")
    assert load_config(file, environment={}).events == RULES


def test_rules_can_be_given_on_the_command_line_and_in_the_environment() -> None:
    rule = "{name: any, class: person}"
    given = load_config(overrides=[f"events=[{rule}]"], environment={}).events
    assert given == (Rule("any", ("person",)),)
    assert load_config(environment={"SPLITDET_EVENTS": f"[{rule}]"}).events == given


def test_written_rules_are_read_back_unchanged(tmp_path: Path) -> None:
    config = make_config(events=RULES, event_log="e.jsonl")
    file = tmp_path / "config.yml"
    file.write_text(as_yaml(config), encoding="utf-8")
    assert load_config(file, environment={}) == config


@pytest.mark.parametrize(
    ("rule", "fragment"),
    [
        ({}, "events: rule 1: expects a name"),
        ({"name": ""}, "rule 1: expects a name"),
        ({"name": 5}, "rule 1: name: expects text, got 5"),
        ("door", "rule 1: expects lines of the form 'key: value', got 'door'"),
        ({"name": "a", "zone": [[0, 0], [10**400, 0], [1, 1]]}, "rule 1: zone: expects"),
        ({"name": "a", "zon": []}, "rule 1: unknown key 'zon'; did you mean 'zone'?"),
        ({"name": "a", 5: 1}, "rule 1: unknown key 5"),
        ({"name": "a", "min_s": "long"}, "rule 1: min_s: expects a number from 0 to 86400, got 'long'"),
        ({"name": "a", "min_s": -1}, "min_s: expects a number from 0 to 86400, got -1"),
        ({"name": "a", "gap_s": True}, "gap_s: expects a number from 0 to 86400, got True"),
        ({"name": "a", "cooldown_s": float("nan")}, "cooldown_s: expects a number from 0"),
        ({"name": "a", "cooldown_s": None}, "cooldown_s: expects a number from 0"),
        ({"name": "a", "zone": [[0, 0], [1, 1]]}, "rule 1: zone: expects three or more corners"),
        ({"name": "a", "zone": [[0, 0], [0, 2], [1, 1]]}, "zone: expects three or more corners"),
        ({"name": "a", "class": {}}, "rule 1: class: expects names or ids of classes"),
        ({"name": "a", "class": "b", "classes": "c"}, "class and classes say the same thing twice"),
    ],
)
def test_a_broken_rule_is_refused_with_what_is_wrong(rule: Any, fragment: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_config(events=[rule])
    assert fragment in str(caught.value)


def test_a_broken_rule_is_named_with_its_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "config.yml"
    file.write_text(FILE.replace("gap_s: 1.5", "gap_s: -1"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"config\.yml:2: events: rule 2: gap_s: expects a number"):
        load_config(file, environment={})


@pytest.mark.parametrize("value", ["door", 5, {"name": "a"}, True])
def test_rules_that_are_no_list_are_refused(value: Any) -> None:
    with pytest.raises(ConfigError, match="events: expects a list of rules"):
        make_config(events=value)


def test_two_rules_of_one_name_are_refused() -> None:
    rules: Dict[str, Any] = {"events": [{"name": "a"}, {"name": "b"}, {"name": "a"}]}
    with pytest.raises(ConfigError, match="two rules have the name 'a'"):
        make_config(**rules)
