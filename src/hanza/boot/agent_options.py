"""What `hanza agent join` reads of its command line, and makes of it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from hanza.cli.update_rules import ConsentWord
from hanza.model.errors import Invalid
from hanza.wire.release_v1 import key_from_text

InsecureHttp = Annotated[
    bool, typer.Option("--insecure-http", help="Allow plain HTTP on loopback.")
]
BrakeAbove = Annotated[
    int,
    typer.Option(min=0, help="As many guests may end at once; of more, a fifth, without a word."),
]
Anyway = Annotated[bool, typer.Option("--anyway", help="Join whatever the doctor finds.")]
ReleaseKeys = Annotated[
    list[str] | None,
    typer.Option(help="Whose signatures of updates count; what the plane says by default."),
]


ConsentOption = Annotated[
    ConsentWord, typer.Option(help="Take updates by themselves, on a word each, or never.")
]


def options_of(words: Iterable[str], file: Path | None) -> dict[str, str]:
    """For the driver, of the command line and of a file.  Raises `Invalid`."""
    return _pairs([*words, *_lines_of(file)])


def keys_of(words: Sequence[str] | None) -> tuple[bytes, ...] | None:
    """None where nothing was said.  Raises `Invalid`."""
    return None if words is None else tuple(key_from_text(word) for word in words)


def _lines_of(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise Invalid(f"{file} cannot be read: {error}", field="option-file") from error
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _pairs(words: Iterable[str]) -> dict[str, str]:
    options = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not key or not equals:
            raise Invalid(f"{key!r} is not key=value", field="option")
        options[key] = value
    return options
