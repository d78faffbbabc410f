"""Pieces of a support bundle that a plane's and an agent's have in common."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

from hanza.kit.log import RECENT

Part: TypeAlias = bytes | str
"""`bytes` are a file's content; a `str` says why there is none."""
WITHHELD = frozenset({"text", "traceback"})
"""Words of engines and exceptions: they may name what is a tenant's."""
_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+), in (?P<where>\S+)$', re.MULTILINE)
_KIND = re.compile(r"^(?P<kind>[A-Za-z_][\w.]*)(?::|$)")


def as_json(document: object) -> bytes:
    return json.dumps(document, indent=1, default=str).encode() + b"\n"


def as_lines(documents: Iterable[object]) -> bytes:
    return b"".join(json.dumps(one, default=str).encode() + b"\n" for one in documents)


def recent_log(folder: Path) -> Part:
    """The last events of a state folder's log, without the words that may name anything."""
    kept = folder / RECENT
    files = [path for path in (kept.with_name(kept.name + ".1"), kept) if path.exists()]
    if not files:
        return "there is no log in the folder"
    lines = b"".join(path.read_bytes() for path in files).decode("utf-8", "replace").splitlines()
    return as_lines(shown for line in lines if (shown := shown_line(line)) is not None)


def shown_line(line: str) -> dict[str, Any] | None:
    """One event as it may be shown; None for a line that is torn."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if not isinstance(event, dict):
        return None
    shown = {key: value for key, value in event.items() if key not in WITHHELD}
    if isinstance(event.get("traceback"), str):
        shown["raised"], shown["frames"] = _frames(event["traceback"])
    return shown


def _frames(traceback: str) -> tuple[str, list[str]]:
    """What kind of exception, and where; not what it said."""
    kinds = (_KIND.match(line) for line in traceback.splitlines() if not line.startswith(" "))
    found = [kind["kind"] for kind in kinds if kind]
    frames = [f"{one['file']}:{one['line']} {one['where']}" for one in _FRAME.finditer(traceback)]
    return (found[-1] if found else "?"), frames
