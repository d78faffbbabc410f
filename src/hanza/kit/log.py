"""Structured logs: one line for one event, named `noun.verb_past`, with fields instead of prose.

Promises: a value never breaks its line or forges a field, whatever is in it, and whatever is a
secret must be kept out by the caller: nothing is masked here.  It is a thin dress over the
standard library's logging, so that a test or an embedder collects lines in the usual way.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO, TypeAlias

Value: TypeAlias = str | int | float | bool | None
_PLAIN = re.compile(r"[\w.,:/@+\-\[\]]+", re.ASCII)


def line_of(event: str, fields: dict[str, Value]) -> str:
    """`event key=value …`, each value bare when it is one plain word and quoted otherwise."""
    return " ".join([event, *(f"{key}={_word(value)}" for key, value in fields.items())])


def _word(value: Value) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


class Log:
    """The log of one part, such as `hanza.agent`."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def info(self, event: str, **fields: Value) -> None:
        self._logger.info("%s", line_of(event, fields))

    def warning(self, event: str, **fields: Value) -> None:
        self._logger.warning("%s", line_of(event, fields))

    def error(self, event: str, error: BaseException | None = None, **fields: Value) -> None:
        """With an `error`, its traceback follows the line: for what nobody foresaw."""
        self._logger.error("%s", line_of(event, fields), exc_info=error)


class _Formatter(logging.Formatter):
    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 -- logging's name
        instant = datetime.fromtimestamp(record.created, UTC)
        return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def log_to(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send every event of ours to a stream, standard error unless told otherwise."""
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(message)s"))
    ours = logging.getLogger("hanza")
    ours.handlers = [handler]
    ours.setLevel(level)
    ours.propagate = False
