"""Writes the reference pages that are made from the code: `python -m hanza.boot.generate`.

`make check` runs it and fails when that changed a page, so the pages are always those of the
code beside them.
"""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import hanza
from hanza.api import openapi
from hanza.api.routes import ROUTES
from hanza.api.watching import WATCHED
from hanza.boot.settings import PlaneSettings
from hanza.boot.watched_reference import log_events_page, metrics_page
from hanza.model.errors import HanzaError
from hanza.wire.app_schema import app_schema
from hanza.wire.problems import BY_HTTP

SOURCE = Path(hanza.__file__).parent
FOLDER = Path(__file__).parents[3] / "docs" / "reference"
NOTE = "<!-- made from the code by `python -m hanza.boot.generate`; change the code instead -->\n\n"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in (
        ("errors.md", errors_page()),
        ("routes.md", routes_page()),
        ("settings.md", settings_page()),
        ("log-events.md", log_events_page(SOURCE)),
        ("metrics.md", metrics_page(SOURCE)),
    ):
        (FOLDER / name).write_text(NOTE + page)
    (FOLDER / "openapi").mkdir(exist_ok=True)
    for name, document in openapi.documents().items():
        page = json.dumps(document, indent=1, sort_keys=True)
        (FOLDER / "openapi" / openapi.file_name(name, document)).write_text(page + "\n")
    (FOLDER / "app-v1.schema.json").write_text(json.dumps(app_schema(), indent=2) + "\n")


def errors_page() -> str:
    """Every error with its code, by code."""
    for module in pkgutil.walk_packages(hanza.__path__, "hanza."):
        if ".migrations" not in module.name and ".contract" not in module.name:
            importlib.import_module(module.name)
    kinds = {kind.code: kind for kind in _kinds(HanzaError) if "code" in vars(kind)}
    rows = [f"| `{code}` | {_first_line(kinds[code])} |" for code in sorted(kinds)]
    return "\n".join(
        [
            "# Errors\n",
            "Codes are never changed and never used again for something else.\n",
            "| code | meaning |",
            "|---|---|",
            *rows,
            "",
            "Before any handler is reached, HTTP itself is refused with these:\n",
            "| status | code | meaning |",
            "|---|---|---|",
            *(f"| {status} | `{code}` | {words} |" for status, (code, words) in BY_HTTP.items()),
            "",
        ]
    )


def routes_page() -> str:
    """Every route with what it asks for: a word, or the right that a role must give."""
    rows = [f"| GET | `{one.path}` | {one.permission} |" for one in WATCHED]
    rows += [f"| {one.method} | `{one.path}` | {one.right or one.permission} |" for one in ROUTES]
    return "\n".join(
        [
            "# Routes\n",
            "Agents connect to `/agent/v1/link` by WebSocket; what is said there is in"
            " `hanza.wire.agent_v1`. For a console they come to `/agent/v1/console` with a ticket,"
            " see `hanza.wire.console_v1`.\n",
            "| method | path | for whom |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def settings_page() -> str:
    """Every setting of a plane, with the words under its field."""
    source = Path(importlib.import_module(PlaneSettings.__module__).__file__ or "").read_text()
    lines = source[source.index("class PlaneSettings") :].splitlines()
    parts = ["# Settings of a plane\n"]
    for number, line in enumerate(lines):
        name, separator, _ = line.strip().partition(":")
        if separator and name in PlaneSettings.__annotations__:
            parts.append(f"- **{name}** — {_words_under(lines[number + 1 :])}")
    return "\n".join([*parts, ""])


def _words_under(lines: list[str]) -> str:
    text = "\n".join(lines).lstrip()
    return " ".join(text.split('"""')[1].split())


def _kinds(kind: type[HanzaError]) -> Iterator[type[HanzaError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _kinds(child)


def _first_line(kind: type[HanzaError]) -> str:
    words = (kind.__doc__ or "").strip()
    return words.splitlines()[0] if words else "-"


if __name__ == "__main__":
    main()
