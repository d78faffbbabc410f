"""The diary: in order, once, bounded, and no guest waits for a disk that takes nothing."""

from datetime import datetime, timedelta

import pytest

from hanza.agent.diary import ALIVE_EVERY, LINES_KEPT, Diary
from hanza.agent.telling import Telling
from hanza.model.capacity import Capacity
from hanza.model.checkup import Checkup, Finding
from hanza.model.guest import Stranger
from hanza.model.ids import NativeId
from hanza.model.local import Happening
from hanza.wire import agent_v1 as v1
from kit.agent_worlds import START, Memory, a_session, a_view

MINUTE = timedelta(minutes=1)
FIRST = int(START.timestamp())


class Shelf:
    """A disk in memory, which may be full."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.is_full = False

    def save(self, name: str, content: bytes) -> None:
        if self.is_full:
            raise OSError("No space left on device")
        self.files[name] = content

    def load(self, name: str) -> bytes | None:
        return self.files.get(name)


def a_line(text: str, at: datetime = START) -> Happening:
    return Happening(at, "guest.off", "in_a", text)


def texts(diary: Diary) -> list[str]:
    return [one.happening.text for one in diary.waiting(LINES_KEPT)]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def test_what_is_noted_is_there_for_the_next_process_in_order(shelf: Shelf) -> None:
    Diary(shelf, START).note([a_line("one"), a_line("two")])
    again = Diary(shelf, START)
    again.note([a_line("three")])
    lines = again.waiting(2)
    assert [(one.number, one.happening.text) for one in lines] == [
        (FIRST, "one"),
        (FIRST + 1, "two"),
    ]
    again.taken(lines[-1].number)
    assert texts(Diary(shelf, START)) == ["three"]


def test_the_time_in_which_nobody_looked_is_told_as_unknown(shelf: Shelf) -> None:
    first = Diary(shelf, START)
    first.begin(START, "boot-1")
    assert texts(first) == [], "nothing was before the first start"
    first.live(START + MINUTE / 2)
    first.live(START + MINUTE * 5)
    Diary(shelf, START).begin(START + MINUTE * 60, "boot-2")
    assert texts(Diary(shelf, START)) == [
        "the machine has booted and its agent began again; what happened from"
        " 2026-01-01 00:05:00 UTC to 2026-01-01 01:00:00 UTC is unknown"
    ]


def test_a_line_is_a_sign_of_life_too(shelf: Shelf) -> None:
    first = Diary(shelf, START)
    first.begin(START, "boot-1")
    first.note([Happening(START + MINUTE / 2, "local.stopped", "in_a", "stopped")])
    Diary(shelf, START).begin(START + MINUTE, "boot-1")
    assert texts(Diary(shelf, START))[1] == (
        "the agent began again; what happened from"
        " 2026-01-01 00:00:30 UTC to 2026-01-01 00:01:00 UTC is unknown"
    )


def test_a_sign_of_life_costs_one_write_a_minute_and_one_at_the_end(shelf: Shelf) -> None:
    diary = Diary(shelf, START)
    diary.begin(START, "boot-1")
    shelf.files.clear()
    diary.live(START + ALIVE_EVERY / 2)
    assert shelf.files == {}
    diary.live(START + ALIVE_EVERY / 2, is_last=True)
    assert list(shelf.files) == ["alive"]
    shelf.files.clear()
    diary.live(START - MINUTE)
    assert list(shelf.files) == ["alive"], "a clock that goes back stops nothing"


def test_a_full_disk_loses_nothing_while_the_agent_runs(shelf: Shelf) -> None:
    diary = Diary(shelf, START)
    shelf.is_full = True
    diary.note([a_line("one")])
    diary.live(START)
    assert texts(diary) == ["one"]
    shelf.is_full = False
    diary.note([a_line("two")])
    assert texts(Diary(shelf, START)) == ["one", "two"]


def test_what_had_to_go_is_told_as_a_gap(shelf: Shelf) -> None:
    diary = Diary(shelf, START)
    diary.note([a_line(str(n)) for n in range(LINES_KEPT + 5)])
    lines = diary.waiting(LINES_KEPT + 1)
    assert len(lines) == LINES_KEPT
    assert lines[0].happening.kind == "diary.gap"
    assert (lines[0].number, lines[-1].number) == (FIRST + 5, FIRST + LINES_KEPT + 4)


def test_lines_that_a_lost_diary_numbers_anew_are_told_all_the_same(shelf: Shelf) -> None:
    diary = Diary(shelf, START)
    diary.note([a_line("one"), a_line("two")])
    diary.taken(FIRST + 1000)
    assert [one.number for one in diary.waiting(9)] == [FIRST + 1001, FIRST + 1002]
    diary.taken(FIRST + 1002)
    assert diary.waiting(9) == ()


# -- telling ----------------------------------------------------------------------------------


CHECKUP = Checkup(START, 90, (Finding("clock", "fair", "3 s ahead", "set-ntp true"),))
PET = Stranger(NativeId("n-1"), "pet", "host-1", Capacity(2, 2048, 0), "on")


def test_nothing_is_said_to_a_plane_that_has_not_asked(shelf: Shelf) -> None:
    diary = Diary(shelf, START)
    diary.note([a_line("one")])
    telling = Telling(diary, lambda: CHECKUP)
    telling.strangers = (PET,)
    assert telling.say() == []


def test_one_portion_is_on_its_way_at_a_time_and_news_is_said_once(shelf: Shelf) -> None:
    diary = Diary(shelf, START)
    diary.note([a_line("one")])
    telling = Telling(diary, lambda: CHECKUP)
    telling.strangers = (PET,)
    checkup, strangers, lines = telling.hear(v1.DiaryTaken(0))
    assert isinstance(checkup, v1.Checkup)
    assert isinstance(strangers, v1.Strangers)
    assert isinstance(lines, v1.Diary)
    diary.note([a_line("two")])
    assert telling.say() == [], "what is on its way is waited for"
    (more,) = telling.hear(v1.DiaryTaken(FIRST))
    assert isinstance(more, v1.Diary)
    assert [one.text for one in more.lines] == ["two"]
    assert telling.hear(v1.DiaryTaken(FIRST + 1)) == []
    telling.strangers = ()
    assert telling.say() == [v1.Strangers([])]
    telling.open()
    assert telling.say() == []
    assert len(telling.hear(v1.DiaryTaken(FIRST + 1))) == 2, "a new connection is told anew"


def test_a_session_tells_its_site_beside_its_reports(shelf: Shelf) -> None:
    diary = Diary(shelf, START)
    telling = Telling(diary)
    session = a_session(Memory(), telling=telling)
    session.receive(v1.Challenge(bytes(32)))
    session.receive(v1.Welcome(0))
    assert session.receive(v1.DiaryTaken(0)) == []
    diary.note([a_line("one")])
    assert [type(up) for up in session.offer(a_view())] == [v1.ReportUp, v1.Diary]
