"""One line for one event, whatever is in it."""

import io
import logging
from collections.abc import Iterator

import pytest

from hanza.kit.log import Log, line_of, log_to


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    ours = logging.getLogger("hanza")
    before = ours.handlers, ours.level, ours.propagate
    log_to(stream)
    yield stream
    ours.handlers, ours.level, ours.propagate = before


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("plain", "plain"),
        ("https://a:1/b", "https://a:1/b"),
        ("two words", '"two words"'),
        ("a=b", '"a=b"'),
        ("line\nlevel=forged", '"line\\nlevel=forged"'),
        ("", '""'),
        (7, "7"),
        (True, "true"),
        (None, "null"),
    ],
)
def test_a_value_never_breaks_its_line(value: str | int | None, word: str) -> None:
    assert line_of("thing.done", {"key": value}) == f"thing.done key={word}"


def test_an_event_is_a_dated_line(lines: io.StringIO) -> None:
    Log("hanza.test").info("thing.done", nth=1)
    instant, level, event, field = lines.getvalue().split()
    assert instant.endswith("Z")
    assert len(instant) == len("2026-01-01T00:00:00.000Z")
    assert (level, event, field) == ("INFO", "thing.done", "nth=1")


def test_warnings_and_errors_are_told_apart(lines: io.StringIO) -> None:
    log = Log("hanza.test")
    log.warning("thing.failed")
    log.error("thing.broke")
    assert [line.split()[1] for line in lines.getvalue().splitlines()] == ["WARNING", "ERROR"]


def test_a_bug_brings_its_traceback(lines: io.StringIO) -> None:
    Log("hanza.test").error("bug.caught", KeyError("k"))
    assert "KeyError: 'k'" in lines.getvalue()


def test_less_is_said_when_less_is_asked_for() -> None:
    stream = io.StringIO()
    log_to(stream, logging.ERROR)
    Log("hanza.test").info("thing.done")
    log_to(None, logging.INFO)
    logging.getLogger("hanza").handlers = []
    assert stream.getvalue() == ""
