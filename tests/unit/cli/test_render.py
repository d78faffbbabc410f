import json
from datetime import UTC, datetime

import pytest

from hanza.cli.render import Output, ago, last_line, show, show_one, show_refusal
from hanza.model.errors import Invalid

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "never"),
        ("2026-01-01T12:00:00Z", "0 s ago"),
        ("2026-01-01T12:00:05Z", "0 s ago"),
        ("2026-01-01T11:58:01Z", "119 s ago"),
        ("2026-01-01T11:58:00Z", "2 min ago"),
        ("2026-01-01T09:00:00Z", "3 h ago"),
    ],
)
def test_instants_are_told_as_ages(text: str | None, words: str) -> None:
    assert ago(text, NOW) == words


def test_the_last_line_is_the_last_with_something_in_it() -> None:
    assert last_line("a\n b \n\n") == "b"
    assert last_line("") == ""


def test_json_has_all_members_and_a_table_the_named_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    records = [{"name": "kava", "cpus": 1, "on": True, "site": None, "more": "hidden"}]
    show(records, ["name"], Output.json, "none")
    assert json.loads(capsys.readouterr().out) == records
    show(records, ["name", "cpus", "on", "site"], Output.table, "none")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "cpus", "on", "site"]
    assert lines[1].split() == ["kava", "1", "yes", "-"]
    show([], ["name"], Output.table, "nothing runs here")
    assert capsys.readouterr().out == "nothing runs here\n"
    show([], ["name"], Output.json, "nothing runs here")
    assert json.loads(capsys.readouterr().out) == []


def test_markup_of_a_hostile_guest_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    show([{"serial": "[red]x[/red]"}], ["serial"], Output.table, "")
    assert "[red]x[/red]" in capsys.readouterr().out


def test_one_outcome_is_a_sentence_or_a_record(capsys: pytest.CaptureFixture[str]) -> None:
    show_one({"a": 1}, Output.json, "done")
    assert json.loads(capsys.readouterr().out) == {"a": 1}
    show_one({"a": 1}, Output.table, "done")
    assert capsys.readouterr().out == "done\n"


def test_a_refusal_says_what_where_and_what_would_help(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_refusal(Invalid("no country", field="app.yaml:3:5", hint="DE"))
    assert capsys.readouterr().err.splitlines() == [
        "error: no country  [invalid]",
        "  where: app.yaml:3:5",
        "  would help: DE",
    ]
