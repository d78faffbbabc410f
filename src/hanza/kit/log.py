"""Structured logs: one line for one event, named `noun.verb_past`, with fields instead of prose.

Promises: a value never breaks its line or forges a field, whatever is in it, and whatever is a
secret must be kept out by the caller: nothing is masked here.  It is a thin dress over the
standard library's logging, so that a test or an embedder collects lines in the usual way.

    2026-01-01T00:00:00.000Z INFO request.answered method=PUT status=201 request=rq_…      text
    {"at":"2026-…","level":"INFO","event":"request.answered","part":"hanza.api",…}         json
"""

import json
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any, Literal, TextIO, TypeAlias

Value: TypeAlias = str | int | float | bool | None
Form: TypeAlias = Literal["text", "json"]
FORMS: tuple[Form, ...] = ("text", "json")
RECENT = Path("log") / "recent.jsonl"
"""Within a state folder: the last lines, for whoever has no other place that keeps them."""
RECENT_BYTES_MAX = 2**20
"""Of each of the two files that are kept."""
_PLAIN = re.compile(r"[\w.,:/@+\-\[\]]+", re.ASCII)
_ENCODER = json.JSONEncoder(separators=(",", ":"))
"""In ASCII: a terminal that shows it takes letters beyond for commands too."""
_bound: ContextVar[Mapping[str, Value]] = ContextVar("bound", default={})  # noqa: B039 -- never changed


def line_of(event: str, fields: Mapping[str, Value]) -> str:
    """`event key=value …`, each value bare when it is one plain word and quoted otherwise."""
    return " ".join([event, *(f"{key}={_word(value)}" for key, value in fields.items())])


def _word(value: Value) -> str:
    text = value if isinstance(value, str) else _ENCODER.encode(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


@contextmanager
def bound(**fields: Value) -> Iterator[None]:
    """Every line that is said within, also in threads that it hands work to, has these fields."""
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


class Log:
    """The log of one part, such as `hanza.agent`."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def info(self, event: str, **fields: Value) -> None:
        self._say(logging.INFO, event, None, fields)

    def warning(self, event: str, **fields: Value) -> None:
        self._say(logging.WARNING, event, None, fields)

    def error(self, event: str, error: BaseException | None = None, **fields: Value) -> None:
        """With an `error`, its traceback goes along: for what nobody foresaw."""
        self._say(logging.ERROR, event, error, fields)

    def _say(
        self, level: int, event: str, error: BaseException | None, fields: dict[str, Value]
    ) -> None:
        if self._logger.isEnabledFor(level):
            said = {**fields, **_bound.get()}
            cause = None if error is None else (type(error), error, error.__traceback__)
            # Not by `log`, which walks up the stack for a file and a line that nobody is told.
            record = self._logger.makeRecord(
                *(self._logger.name, level, "", 0, "%s", (line_of(event, said),), cause),
                extra={"event": event, "fields": said},
            )
            self._logger.handle(record)


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's name
        """Other libraries' words may be anybody's."""
        return _escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 -- logging's name
        """Lines of their own, which cannot be taken for those of another event."""
        lines = super().formatException(ei).split("\n")
        return "\n".join("    " + _escaped(line) for line in lines)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 -- logging's name
        return _instant(record)


class _Json(logging.Formatter):
    """One object on one line, whatever it is about; other libraries' words are `library.said`."""

    def format(self, record: logging.LogRecord) -> str:
        event = getattr(record, "event", None)
        fields: Mapping[str, Any] = getattr(record, "fields", {})
        if event is None:
            event, fields = "library.said", {"text": record.getMessage()}
        said: dict[str, Any] = {
            "at": _instant(record),
            "level": record.levelname,
            "event": event,
            "part": record.name,
            **fields,
        }
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return _ENCODER.encode(said)


class _Recent(RotatingFileHandler):
    """Readable by its owner only; begun anew after the line that made it too long."""

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: ARG002, N802 -- logging's name
        """The library's own would format each line twice, and ask for the file's kind before."""
        return self.stream is not None and self.stream.tell() >= self.maxBytes

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- logging's name
        """A full disk costs lines here; standard error has each of them, and no trace beside."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return TextIOWrapper(os.fdopen(descriptor, "ab"), encoding="utf-8")


def _escaped(text: str) -> str:
    """With whatever moves a cursor, ends a line or turns the direction of reading spelt out."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def _instant(record: logging.LogRecord) -> str:
    instant = datetime.fromtimestamp(record.created, UTC)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def log_to(stream: TextIO | None = None, level: int = logging.INFO, form: Form = "text") -> None:
    """Send every event of ours to a stream, standard error unless told otherwise.

    Of other libraries only warnings are passed on, and only where nobody else listens to them.
    """
    said: logging.StreamHandler[IO[str]] = logging.StreamHandler(
        sys.stderr if stream is None else stream
    )
    said.setFormatter(_Json() if form == "json" else _Text())
    ours, everybody = logging.getLogger("hanza"), logging.getLogger()
    for before in ours.handlers:
        before.close()
    ours.handlers = [said]
    ours.setLevel(level)
    ours.propagate = False
    if not everybody.handlers:
        everybody.handlers = [said]
        everybody.setLevel(logging.WARNING)


def keep_recent(folder: Path) -> None:
    """Keep the last events in a state folder too, as JSON; the folder is this process's alone."""
    path = folder / RECENT
    path.parent.mkdir(mode=0o700, exist_ok=True)
    kept = _Recent(path, maxBytes=RECENT_BYTES_MAX, backupCount=1, encoding="utf-8")
    kept.setFormatter(_Json())
    logging.getLogger("hanza").addHandler(kept)
