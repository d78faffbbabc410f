"""One line for one event, whatever is in it."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from hanza.kit.log import RECENT, RECENT_BYTES_MAX, Log, bound, keep_recent, line_of, log_to


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


def test_as_json_every_line_is_one_object_whatever_is_in_it() -> None:
    stream = io.StringIO()
    log_to(stream, form="json")
    with bound(request="rq_1"):
        Log("hanza.test").info("thing.done", text='a "b"\n\u2028c', nth=None)
    Log("hanza.test").error("bug.caught", KeyError("k"))
    logging.getLogger("hanza.library").warning("no event of %s", "ours")
    log_to(None)
    logging.getLogger("hanza").handlers = []
    done, bug, said = [json.loads(line) for line in stream.getvalue().split("\n")[:-1]]
    assert (done["event"], done["level"], done["part"]) == ("thing.done", "INFO", "hanza.test")
    assert (done["text"], done["nth"], done["request"]) == ('a "b"\n\u2028c', None, "rq_1")
    assert "KeyError: 'k'" in bug["traceback"]
    assert "request" not in bug
    assert (said["event"], said["text"]) == ("library.said", "no event of ours")


def test_what_is_bound_is_on_every_line_within(lines: io.StringIO) -> None:
    log = Log("hanza.test")
    with bound(request="rq_1"), bound(agent="ag_1"):
        log.info("thing.done", nth=1)
    log.info("thing.done")
    first, second = lines.getvalue().splitlines()
    assert first.endswith("thing.done nth=1 request=rq_1 agent=ag_1")
    assert second.endswith("thing.done")


def test_the_last_lines_are_kept_for_their_owner_alone(lines: io.StringIO, tmp_path: Path) -> None:
    keep_recent(tmp_path)
    for nth in range(2 * RECENT_BYTES_MAX // 1000):
        Log("hanza.test").info("thing.done", nth=nth, text="x" * 1000)
    keep_recent(tmp_path)
    logging.getLogger("hanza").handlers[-2].close()
    logging.getLogger("hanza").handlers[-1].close()
    files = sorted((tmp_path / RECENT).parent.iterdir())
    assert [one.name for one in files] == ["recent.jsonl", "recent.jsonl.1"]
    assert all(one.stat().st_mode & 0o077 == 0 for one in files)
    assert sum(one.stat().st_size for one in files) <= 2 * RECENT_BYTES_MAX
    assert json.loads(files[0].read_text().splitlines()[-1])["event"] == "thing.done"
    assert lines.getvalue()


@pytest.mark.parametrize(("error", "is_said"), [(OSError(28, "full"), False), (ValueError(), True)])
def test_a_full_disk_costs_kept_lines_and_leaves_no_trace_beside_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: Exception, is_said: bool
) -> None:
    keep_recent(tmp_path)
    kept = logging.getLogger("hanza").handlers.pop()
    try:
        raise error
    except (OSError, ValueError):
        kept.handleError(logging.makeLogRecord({}))
    kept.close()
    assert bool(capsys.readouterr().err) == is_said


def test_less_is_said_when_less_is_asked_for() -> None:
    stream = io.StringIO()
    log_to(stream, logging.ERROR)
    Log("hanza.test").info("thing.done")
    log_to(None, logging.INFO)
    logging.getLogger("hanza").handlers = []
    assert stream.getvalue() == ""


NASTY = "x\n2026-01-01T00:00:00.000Z INFO forged.event\x1b[2J\x9b2J\u202e\r\x00"


@pytest.mark.parametrize("form", ["text", "json"])
def test_nobodys_words_break_a_line_or_reach_a_terminal(
    lines: io.StringIO, form: Literal["text", "json"]
) -> None:
    log_to(lines, form=form)
    Log("hanza.test").info("thing.done", name=NASTY)
    logging.getLogger("hanza.other").warning("library says %s", NASTY)
    Log("hanza.test").error("thing.broke", ValueError(NASTY), name=NASTY)
    said = lines.getvalue()
    assert all(letter.isprintable() or letter == "\n" for letter in said)
    assert said.isascii()
    starts = [line.split(" ")[2] for line in said.splitlines() if line.startswith("20")]
    if form == "text":
        assert starts == ["thing.done", "library", "thing.broke"]
    else:
        assert len([json.loads(line) for line in said.splitlines()]) == 3
