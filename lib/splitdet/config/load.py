"""From config.yml, environment and command line to a checked `Config`.

The command line beats the environment (`SPLITDET_DET_TH=0.3`), which beats the file.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Union

import dacite
import yaml

from splitdet.config.keys import all_keys, sections
from splitdet.config.schema import ALIASES, Config
from splitdet.errors import ConfigError

ENVIRONMENT_PREFIX = "SPLITDET_"
RESERVED = ("SPLITDET_OPENCV", "SPLITDET_CACHE")  # read by setup.py, and by cache.py
DEFAULT_FILE = "config.yml"
UNREADABLE = (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError)
"""What PyYAML raises at a text that is none: of `!!int ""` IndexError, of `!!bool x` KeyError, .."""

_FIELDS = all_keys(Config)
_SECTIONS = sections(Config)
_UNDERSCORED = {name.replace(".", "_"): name for name in _FIELDS}  # SPLITDET_CAMERA_KIND
_EXPECTED = {
    "bool": "True or False",
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "Union[int, str]": "a number or text",
}


class _Setting(NamedTuple):
    value: Any
    origin: str
    """Where it was set, for messages: `config.yml:12`."""


def load_config(
    path: Optional[Union[str, Path]] = None,
    overrides: Iterable[str] = (),
    environment: Optional[Mapping[str, str]] = None,
    values: Optional[Mapping[str, Any]] = None,
) -> Config:
    """The settings of a run.

    Args:
        path: the file; None takes config.yml of the working directory where there is one.
        overrides: `key=value` from the command line.
        environment: by default that of the process.
        values: what plain flags of the command line set; they beat all else.

    Raises:
        ConfigError: one line with file, line, key and what is allowed.
    """
    settings: Dict[str, _Setting] = {}
    if path is None and Path(DEFAULT_FILE).is_file():
        path = DEFAULT_FILE
    if path is not None:
        settings.update(_from_file(Path(path)))
    settings.update(_from_environment(os.environ if environment is None else environment))
    for override in overrides:
        settings.update(_from_override(override))
    settings.update(_named(values or {}, "command line"))
    return _checked(settings)


def make_config(**values: Any) -> Config:
    """Settings from keyword arguments alone, checked like those of a file.

    Raises:
        ConfigError: unknown key, wrong type or out of range.
    """
    return _checked(_named(_plain(values), "argument"))


def _plain(value: Any) -> Any:
    """`value` with Python's numbers and lists in the place of numpy's."""
    if hasattr(value, "tolist"):  # without an import of numpy, which `splitdet --help` does not need
        return value.tolist()
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value


def _from_file(path: Path) -> Dict[str, _Setting]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}; name another with --config, or make one with: splitdet init"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not a text file in UTF-8") from None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except UNREADABLE as error:
        raise ConfigError(_yaml_problem(path, error)) from None
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode) or not isinstance(values, dict):
        raise ConfigError(f"{path}:1: expects lines of the form 'key: value'")
    return _from_mapping(path, root, values)


def _from_mapping(
    path: Path, node: yaml.MappingNode, values: Mapping[Any, Any], section: str = ""
) -> Dict[str, _Setting]:
    """The settings of a file, or of one section of it."""
    settings: Dict[str, _Setting] = {}
    seen: Dict[str, str] = {}
    for key_node, value_node in node.value:
        origin = f"{path}:{key_node.start_mark.line + 1}"
        name = _name(section + str(key_node.value), origin)
        if name in seen:
            raise ConfigError(f"{origin}: {key_node.value} is set a second time (first at {seen[name]})")
        seen[name] = origin
        value = values.get(key_node.value)
        if name in _SECTIONS and isinstance(value_node, yaml.MappingNode) and isinstance(value, dict):
            settings.update(_from_mapping(path, value_node, value, name + "."))
        else:
            settings.update(_set(name, value, origin))
    return settings


def _yaml_problem(path: Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"{path}:{mark.line + 1}" if mark else str(path)
    problem = getattr(error, "problem", None) or "not readable as YAML"
    return f"{where}: {problem}; expects lines of the form 'key: value'"


def _from_environment(environment: Mapping[str, str]) -> Dict[str, _Setting]:
    settings = {}
    for variable, text in sorted(environment.items()):
        if variable.startswith(ENVIRONMENT_PREFIX) and variable not in RESERVED:
            key = variable[len(ENVIRONMENT_PREFIX) :].lower()
            name = _name(_UNDERSCORED.get(key, key), variable)
            settings.update(_set(name, _typed(name, text, variable), variable))
    return settings


def _from_override(override: str) -> Dict[str, _Setting]:
    key, equals, text = override.partition("=")
    origin = f"--set {override}"
    if not equals:
        raise ConfigError(f"{origin}: expects key=value")
    name = _name(key.strip(), origin)
    return _set(name, _typed(name, text, origin), origin)


def _typed(name: str, text: str, origin: str) -> Any:
    """What `text` in the environment or on the command line is for that key.

    Text needs no quotes there: a shell has taken them away.
    """
    kind = str(_FIELDS[name].type) if name in _FIELDS else ""
    if kind == "str":
        return _unquoted(text.strip())
    try:
        return parsed(text, origin)
    except ConfigError:
        if kind != "Union[int, str]":
            raise
        return text


def _unquoted(text: str) -> str:
    """`text` without the one pair of quotes around it, if there is one."""
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if is_quoted else text


def parsed(text: str, origin: str) -> Any:
    """A value in YAML; ConfigError where it is none.

    Args:
        origin: where it was set, for the message.
    """
    try:
        return yaml.safe_load(text)
    except UNREADABLE:
        raise ConfigError(f"{origin}: {text!r} is not readable as a value") from None


def _named(values: Mapping[str, Any], origin: str) -> Dict[str, _Setting]:
    settings: Dict[str, _Setting] = {}
    for key, value in values.items():
        settings.update(_set(_name(key, origin), value, origin))
    return settings


def _set(name: str, value: Any, origin: str) -> Dict[str, _Setting]:
    """One setting; of a section as many as its mapping, or its dataclass, holds."""
    if name not in _SECTIONS:
        return {name: _Setting(value, origin)}
    if isinstance(value, _SECTIONS[name]):
        value = dataclasses.asdict(value)
    if not isinstance(value or {}, dict):
        raise ConfigError(f"{origin}: {name}: expects lines of the form 'key: value', got {value!r}")
    inner = {f"{name}.{key}": value for key, value in (value or {}).items()}
    return _named(inner, origin)


def _name(key: str, origin: str) -> str:
    """The field or section that `key` stands for."""
    name = ALIASES.get(key, key)
    if name in _FIELDS or name in _SECTIONS:
        return name
    close = difflib.get_close_matches(key, [*_FIELDS, *_SECTIONS, *ALIASES], n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ConfigError(f"{origin}: unknown key {key!r}{hint}")


def _checked(settings: Dict[str, _Setting]) -> Config:
    values: Dict[str, Any] = {}
    for name, setting in settings.items():
        section, _, key = name.rpartition(".")
        (values.setdefault(section, {}) if section else values)[key] = _adapted(name, setting)
    try:
        return dacite.from_dict(Config, values, dacite.Config(strict=True))
    except dacite.WrongTypeError as error:
        name = str(error.field_path)
        setting = settings[name]
        raise _unfit(name, setting, repr(setting.value)) from None


def expected(name: str) -> str:
    """What a key takes, in words."""
    field = _FIELDS[name]
    if field.metadata["expects"]:
        return str(field.metadata["expects"])
    words = _EXPECTED[str(field.type)]
    low, high = field.metadata["low"], field.metadata["high"]
    if field.metadata["choices"]:
        numbers = f", or {words.split(' or ')[0]} from {low:g} to {high:g}" if low is not None else ""
        return "one of " + ", ".join(field.metadata["choices"]) + numbers
    if low is not None and high is not None:
        return f"{words} from {low:g} to {high:g}"
    return f"{words} of at least {low:g}" if low is not None else words


def _adapted(name: str, setting: _Setting) -> Any:
    """The value as its field wants it; ConfigError where it is out of range."""
    field, value = _FIELDS[name], setting.value
    problem: List[str] = []
    if field.metadata["read"]:
        try:
            return field.metadata["read"](value)
        except ConfigError as error:
            raise ConfigError(f"{setting.origin}: {name}: {error}") from None
        except (TypeError, ValueError, OverflowError):
            raise _unfit(name, setting, repr(value)[:60]) from None
    if field.type == "str" and value is None:  # `label_path:` with nothing behind it
        value = ""
    if isinstance(value, bool) and field.type != "bool":  # to Python, True is the number 1
        problem.append(repr(value))
    elif field.type == "float" and isinstance(value, (int, str)):
        try:
            value = float(value)  # YAML takes 1e-3 for text
        except (ValueError, OverflowError):
            problem.append(repr(setting.value)[:60])
    if field.metadata["choices"] and isinstance(value, str):
        value = value.lower()
        if value not in field.metadata["choices"]:
            problem.append(repr(setting.value))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = field.metadata["low"], field.metadata["high"]
        if value != value or (low is not None and value < low) or (high is not None and value > high):
            problem.append(repr(setting.value))
    if problem:
        raise _unfit(name, setting, problem[0])
    return value


def _unfit(name: str, setting: _Setting, got: str) -> ConfigError:
    return ConfigError(f"{setting.origin}: {name}: expects {expected(name)}, got {got}")
