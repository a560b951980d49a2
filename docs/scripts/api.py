"""The page on the public names of the package, from their docstrings."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from typing import Any, Iterator, List, Optional, Tuple

import splitdet
from splitdet import errors, types

_HEAD = """\
# In Python

Written by `docs/scripts/pages.py` from the docstrings; change them there.

```python
import splitdet
from splitdet import Detector
```

`import splitdet` loads nothing heavy; TensorFlow, OpenCV and numpy are loaded when a name below is
first used. What is not on this page may change from one version to the next.
"""
_ORDER = [
    *("Detector", "stream", "TrtSSD", "Frame", "Detections", "Segmentation", "Config", "SplitdetError"),
]
_SECTION = re.compile(r"(Args|Returns|Raises|Attributes|Yields):$")
_ITEM = re.compile(r" {4}(\S[^:]*?): (.*)$")


def api_page() -> str:
    """Every public name with its signature, and what its docstring says."""
    missing = {*splitdet.__all__, "Segmentation"} ^ set(_ORDER)
    if missing:
        raise ValueError(f"_ORDER and splitdet.__all__ differ: {sorted(missing)}")
    parts = [_HEAD]
    for name in _ORDER:
        thing = types.Segmentation if name == "Segmentation" else getattr(splitdet, name)
        node = ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]
        body = _class(node) if isinstance(node, ast.ClassDef) else _function(node, name)
        parts.append(f"\n## {name}\n\n{body}")
    tree = inspect.cleandoc(errors.__doc__ or "")
    parts.append(f"\nThey are in `splitdet.errors`:\n\n```text\n{tree}\n```\n")
    return "".join(parts)


def _class(node: ast.ClassDef) -> str:
    parts = [_text(ast.get_docstring(node))]
    if node.name == "Config":
        return parts[0] + "\nIts fields are the keys of [the configuration](configuration.md).\n"
    fields = list(_fields(node))
    if fields:
        parts.append("\n| field | type | |\n|---|---|---|\n")
        parts += [f"| `{field}` | `{kind}` | {' '.join(doc.split())} |\n" for field, kind, doc in fields]
    for method in node.body:
        if not isinstance(method, ast.FunctionDef):
            continue
        if method.name == "__init__":
            parts.insert(0, _signature(f"{node.name}({_arguments(method)})"))
        elif not method.name.startswith("_") and not _is_inner(method):
            title = f"{node.name}.{method.name}"
            parts.append(f"\n### {title}\n\n" + _function(method, title))
    return "".join(parts)


def _function(node: Any, title: str) -> str:
    returns = ast.unparse(node.returns)
    if "property" in {ast.unparse(one) for one in node.decorator_list}:
        signature = _signature(f"{title}: {returns}")
    else:
        signature = _signature(f"{title}({_arguments(node)}) -> {returns}")
    return signature + _text(ast.get_docstring(node))


def _is_inner(method: ast.FunctionDef) -> bool:
    """Whether it is there for the pipeline."""
    return (ast.get_docstring(method) or "").startswith("See `Steps.")


def _signature(text: str) -> str:
    return f"```text\n{text}\n```\n\n"


def _arguments(node: Any) -> str:
    arguments = node.args
    arguments.args = [one for one in arguments.args if one.arg not in ("self", "cls")]
    return ast.unparse(arguments)


def _fields(node: ast.ClassDef) -> Iterator[Tuple[str, str, str]]:
    """Name, type and docstring of the fields of a dataclass."""
    for one, following in zip(node.body, node.body[1:]):
        is_field = isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
        if is_field and isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            yield one.target.id, ast.unparse(one.annotation), str(following.value.value)


def _text(docstring: Optional[str]) -> str:
    """A docstring as Markdown: its sections become lists."""
    lines: List[str] = []
    section = ""
    for line in (docstring or "").splitlines():
        found = _SECTION.match(line)
        item = _ITEM.match(line)
        if found:
            section = found.group(1)
            lines += [f"**{section}**", ""]
        elif line and not line.startswith(" "):
            section = ""
            lines.append(line)
        elif item and section and section != "Returns":
            lines.append(f"- `{item.group(1)}`: {item.group(2)}")
        elif section:
            lines.append("  " * (section != "Returns") + line.strip())
        else:
            lines.append(line)
    return "\n".join(line.rstrip() for line in lines).strip() + "\n"
