"""The reference pages of events in the log and of metrics, read from the source that makes them.

A name in the code is a literal, or this refuses it: what people search for and alert on is not
to be put together at run time.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hanza.model.errors import Bug

LEVELS = ("info", "warning", "error")
KINDS = {
    "counter": "counter",
    "histogram": "histogram",
    "one": "gauge",
    "total": "counter",
    "_by": "gauge",
    "Reading": "gauge",
    "SiteGauge": "gauge",
    "SiteCounter": "counter",
}
OF_SITES = frozenset({"SiteGauge", "SiteCounter"})
LOGS = frozenset({"log", "_log"})


@dataclass(frozen=True, slots=True)
class LogEvent:
    name: str
    level: str
    fields: tuple[str, ...]
    part: str


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    kind: str
    text: str
    labels: tuple[str, ...]


def log_events_page(root: Path) -> str:
    """Every event that a plane or an agent logs."""
    found: dict[tuple[str, str], LogEvent] = {
        (one.name, one.part): one for part, tree in _trees(root) for one in _events(part, tree)
    }
    rows = [
        f"| `{one.name}` | {one.level} | {', '.join(one.fields)} | {one.part} |"
        for _, one in sorted(found.items())
    ]
    return "\n".join(
        [
            "# Events in the log\n",
            "One line each. With `HANZA_LOG=json` every line has `at`, `level`, `event` and `part`;"
            " within a request `request` too. `library.said` passes on warnings of libraries.\n",
            "| event | level | fields | part |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def metrics_page(root: Path) -> str:
    """Every metric of a plane and of an agent, but for those of the process itself."""
    found = {one.name: one for _, tree in _trees(root) for one in _metrics(tree)}
    rows = [
        f"| `{one.name}` | {one.kind} | {', '.join(one.labels)} | {one.text} |"
        for _, one in sorted(found.items())
    ]
    return "\n".join(
        [
            "# Metrics\n",
            "Those of an agent begin with `hanza_agent_`. `process_…` (memory, processor time, open"
            " files) are the client library's. What is counted from the store is the same at every"
            " plane of a federation: take the maximum, not the sum.\n",
            "| metric | kind | labels | is |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _trees(root: Path) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(root.rglob("*.py")):
        part = ".".join(path.relative_to(root.parent).with_suffix("").parts)
        yield part, ast.parse(path.read_text())


def _calls(tree: ast.Module) -> Iterator[tuple[str, str, ast.Call]]:
    """Each call with what it is called on, if that is a name, and how it is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield "", node.func.id, node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            on = node.func.value
            yield on.id if isinstance(on, ast.Name) else "", node.func.attr, node


def _events(part: str, tree: ast.Module) -> Iterator[LogEvent]:
    for on, level, call in _calls(tree):
        if on in LOGS and level in LEVELS:
            fields = tuple(one.arg for one in call.keywords if one.arg)
            yield LogEvent(_literal(call, part), level, fields, part)


def _metrics(tree: ast.Module) -> Iterator[Metric]:
    for _, name, call in _calls(tree):
        words = [one.value for one in call.args if isinstance(one, ast.Constant)]
        strings = [one for one in words if isinstance(one, str)]
        if name not in KINDS or not strings or not strings[0].startswith("hanza_"):
            continue
        if len(strings) < 2:
            raise Bug(f"the metric {strings[0]} does not say in place what it is")
        labels = strings[2:]
        for argument in call.args:
            if isinstance(argument, ast.Tuple):
                labels += [str(one.value) for one in argument.elts if isinstance(one, ast.Constant)]
        ending = "_total" if KINDS[name] == "counter" else ""
        if name in OF_SITES:
            labels = ["site", "agent"]
        yield Metric(strings[0] + ending, KINDS[name], strings[1], tuple(labels))


def _literal(call: ast.Call, part: str) -> str:
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value
    raise Bug(f"line {call.lineno} of {part} logs an event whose name is no literal")
