"""What an agent does with a release that a plane wants of it; the plane may be anybody."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from hanza.agent.diary import Diary
from hanza.agent.journal import Journal
from hanza.agent.local import Request
from hanza.agent.slots import Launched, Slots
from hanza.agent.update_rules import keep_rules, load_rules
from hanza.agent.updates import Machine, Updates
from hanza.kit.clock import ManualClock, SystemClock
from hanza.kit.platform_tag import platform_tag
from hanza.model.errors import Refusal, Unavailable
from hanza.model.image import Blob
from hanza.model.release import Revocation, Signed, UpdateRules
from hanza.wire import agent_v1
from hanza.wire.agent_update_v1 import WORDS_MAX, RevokedW, Running, UpdateWanted
from hanza.wire.credentials import public_key_of
from hanza.wire.release_v1 import sign_release, sign_revocation
from kit.archives import KEY, OTHER_KEY, a_crooked_archive, a_release, an_archive, signed

PUBLIC = public_key_of(KEY)
ARCHIVE = an_archive()
WILLING = UpdateRules("always", keys=frozenset({PUBLIC}))


@dataclass
class Plane:
    """Gives the bytes that it was given, and notes from where they were asked."""

    content: bytes = ARCHIVE
    cut_at: int | None = None
    words: str = "the line was cut"
    asked: list[int] = field(default_factory=list)

    def __call__(self, _: Blob, offset: int) -> Iterator[bytes]:
        self.asked.append(offset)
        for at in range(offset, len(self.content), 64):
            if self.cut_at is not None and at >= self.cut_at:
                raise Unavailable(self.words)
            yield self.content[at : at + 64]


class Site:
    def __init__(self, journal: Journal, rules: UpdateRules = WILLING, slot: str = "0") -> None:
        self.plane, self.journal = Plane(), journal
        keep_rules(journal, rules)
        self.ended: list[bool] = []
        self.clock: SystemClock | ManualClock = SystemClock()
        self.restart(slot)

    def restart(self, slot: str = "0", trial: str = "", version: str = "0.1.0") -> None:
        launched = Launched(slot, trial, timedelta(seconds=60)) if slot else None
        machine = Machine(version, platform_tag(), launched)
        self.diary = Diary(self.journal, self.clock.now())
        self.updates = Updates(self.journal, machine, self.plane, self.diary, self.clock)
        self.updates.end = lambda: self.ended.append(True)

    def want(self, said: Signed, attempt: int = 0, *revoked: Revocation) -> Running:
        """What the agent says of it once it has done what it can."""
        self.updates.open()
        words = [RevokedW(one.key, one.signature) for one in revoked]
        told = UpdateWanted(said.statement, said.key, said.signature, attempt, words)
        self.updates.hear(told)
        self.updates.run_once()
        self.updates.open()
        (running,) = self.updates.hear(told)
        return running

    @property
    def is_staged(self) -> bool:
        return (self.journal.folder / "slots/staged.json").exists()

    def noted(self) -> list[str]:
        return [line.happening.kind for line in self.diary.waiting(99)]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / "agent")) as found:
        found.key(lambda size: bytes(size))
        yield found


@pytest.fixture
def site(journal: Journal) -> Site:
    return Site(journal)


def test_what_is_signed_allowed_and_newer_is_laid_beside_and_staged(site: Site) -> None:
    running = site.want(signed(ARCHIVE))
    assert (running.condition, running.about) == ("under_way", "0.2.0")
    assert site.ended == [True]
    assert site.is_staged
    assert (site.journal.folder / "slots/a/hanza/boot/main.py").exists()
    assert site.noted() == ["update.staged"]


@pytest.mark.parametrize("slot", ["a", "b"])
def test_it_never_writes_where_it_runs(journal: Journal, slot: str) -> None:
    site = Site(journal, slot=slot)
    site.want(signed(ARCHIVE))
    assert not site.is_staged, "its launcher would go back to what it has not yet kept"
    (journal.folder / "slots/launcher.json").write_text(f'{{"current": "{slot}"}}')
    site.want(signed(ARCHIVE))
    assert site.is_staged
    assert sorted(path.name for path in (journal.folder / "slots").glob("?")) == list(
        {"a": "b", "b": "a"}[slot]
    )


@pytest.mark.parametrize(
    ("rules", "said", "code"),
    [
        (UpdateRules("always"), signed(ARCHIVE), "release.signature"),
        (WILLING, sign_release(a_release(ARCHIVE), OTHER_KEY), "release.signature"),
        (WILLING, replace(signed(ARCHIVE), signature=bytes(64)), "release.signature"),
        (replace(WILLING, consent="never"), signed(ARCHIVE), "release.no_consent"),
        (replace(WILLING, consent="asked"), signed(ARCHIVE), "release.no_consent"),
        (WILLING, signed(ARCHIVE, "0.0.9"), "release.not_for_here"),
        (WILLING, signed(ARCHIVE, back_from="0.0.1", version="0.0.1"), "release.not_for_here"),
        (WILLING, signed(ARCHIVE, tag="cpython-27"), "release.not_for_here"),
        (WILLING, signed(ARCHIVE, size=2**31), "release.not_for_here"),
    ],
)
def test_a_hostile_plane_has_nothing_fetched_or_run(
    journal: Journal, rules: UpdateRules, said: Signed, code: str
) -> None:
    site = Site(journal, rules)
    running = site.want(said)
    assert running.condition == "failed"
    assert code in running.why
    assert (site.plane.asked, site.ended, site.is_staged) == ([], [], False)


def test_an_agent_without_a_launcher_could_not_go_back_and_takes_none(journal: Journal) -> None:
    site = Site(journal, slot="")
    assert "no launcher" in site.want(signed(ARCHIVE)).why
    assert not site.plane.asked


@pytest.mark.parametrize(
    "archive",
    [a_crooked_archive({"../out": b"x"}), an_archive("0.3.0"), b"no archive"],
)
def test_what_was_signed_by_mistake_is_not_laid_either(site: Site, archive: bytes) -> None:
    site.plane.content = archive
    running = site.want(signed(archive))
    assert "release.archive" in running.why
    assert not site.is_staged
    asked = len(site.plane.asked)
    site.updates.run_once()
    assert len(site.plane.asked) == asked, "and not fetched again and again"


def test_other_bytes_than_were_signed_are_thrown_away(site: Site) -> None:
    site.plane.content = ARCHIVE[:-1] + bytes([ARCHIVE[-1] ^ 1])
    assert "release.archive" in site.want(signed(ARCHIVE)).why
    assert not list((site.journal.folder / "slots/.blobs").iterdir())


def test_a_cut_line_is_gone_on_with_where_it_was_cut(site: Site) -> None:
    site.plane.cut_at = 192
    assert site.want(signed(ARCHIVE)).condition == "under_way"
    site.restart()
    site.plane.cut_at = None
    site.want(signed(ARCHIVE))
    assert site.plane.asked == [0, 192]
    assert site.is_staged


def test_what_was_begun_and_is_spoilt_is_begun_anew(site: Site) -> None:
    site.plane.cut_at = 192
    site.want(signed(ARCHIVE))
    (part,) = (site.journal.folder / "slots/.blobs").iterdir()
    part.write_bytes(bytes(192))
    site.restart()
    site.plane.cut_at = None
    assert site.want(signed(ARCHIVE)).condition == "under_way", "the machine went down, that is all"
    site.want(signed(ARCHIVE))
    assert site.plane.asked == [0, 192, 0]
    assert site.is_staged


def test_a_plane_of_many_words_makes_no_word_that_another_would_refuse(site: Site) -> None:
    site.plane.cut_at, site.plane.words = 0, "no " * 9999
    said = site.want(signed(ARCHIVE))
    assert agent_v1.decode_up(agent_v1.encode(said)) == said


def test_an_old_signature_is_none(site: Site) -> None:
    site.clock = ManualClock(SystemClock().now() + timedelta(days=10))
    site.restart()
    assert "good until" in site.want(signed(ARCHIVE)).why


def test_what_was_given_up_waits_for_somebodys_word(site: Site) -> None:
    slots, said = Slots(site.journal.folder), signed(ARCHIVE)
    digest = a_release(ARCHIVE).digest
    told = '{"returned": {"version": "0.2.0", "digest": "%s", "number": 1, "why": "no link"%s}}'
    (slots.folder / "launcher.json").write_text(told % (digest, ', "attempt": 3'))
    assert "no link" in site.want(said, attempt=3).why
    site.restart()
    assert site.noted() == ["update.returned"]
    site.updates.run_once()
    assert site.noted() == ["update.returned"], "told once"
    site.updates.ask(Request("updates", version="0.3.0"))
    assert site.want(said, attempt=3).condition == "failed", "that was said of another one"
    site.updates.ask(Request("updates", version="0.2.0"))
    site.want(said, attempt=3)
    assert site.is_staged, "the site's own people"
    (slots.folder / "staged.json").unlink()
    (slots.folder / "launcher.json").write_text(
        (told % (digest, ', "attempt": 3')).replace('"number": 1', '"number": 2')
    )
    site.restart()
    assert site.want(said, attempt=3).condition == "failed"
    site.want(said, attempt=4)
    assert site.is_staged, "or whoever rolls it out, anew"


def test_on_trial_it_says_that_it_is_good_once_its_link_was_kept(site: Site) -> None:
    site.clock = clock = ManualClock()
    site.restart("a", trial="d" * 64, version="0.2.0")
    good = site.journal.folder / "slots/good.json"
    is_linked = True
    site.updates.is_linked = lambda: is_linked
    site.updates.run_once()
    clock.advance(timedelta(seconds=59))
    is_linked = False
    site.updates.run_once()
    is_linked = True
    for _ in range(2):
        clock.advance(timedelta(seconds=59))
        site.updates.run_once()
    assert not good.exists(), "it was lost in between"
    clock.advance(timedelta(seconds=1))
    site.updates.run_once()
    assert "d" * 64 in good.read_text()
    assert site.noted() == ["update.good"]
    assert site.want(signed(ARCHIVE)).condition == "none", "that is what runs"


def test_its_people_say_what_counts_and_it_is_on_the_disk(journal: Journal) -> None:
    site = Site(journal, UpdateRules())
    shown = site.updates.ask(Request("updates"))
    assert (shown["version"], shown["consent"], shown["keys"]) == ("0.1.0", "asked", [])
    site.updates.ask(Request("updates", consent="never", version="0.2.0", pin=PUBLIC.hex()))
    kept = load_rules(journal.folder)
    assert kept == UpdateRules("never", frozenset({"0.2.0"}), frozenset({PUBLIC}))
    site.updates.ask(Request("updates", unpin=PUBLIC.hex()))
    assert not load_rules(journal.folder).keys
    for patch in range(40):
        site.updates.ask(Request("updates", version=f"0.3.{patch}"))
    shown = site.updates.ask(Request("updates", version="0.1.0"))
    assert (len(shown["allowed"]), shown["allowed"][0]) == (WORDS_MAX, "0.1.0")
    for wrong in ({"pin": "ab"}, {"unpin": PUBLIC.hex()}, {"version": "new"}):
        with pytest.raises(Refusal):
            site.updates.ask(Request("updates", **wrong))  # type: ignore[arg-type]


def test_rules_that_somebody_else_wrote_pin_nobody(journal: Journal) -> None:
    keep_rules(journal, WILLING)
    file = journal.folder / "updates"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert load_rules(journal.folder) == UpdateRules()


def test_nothing_is_said_of_itself_before_a_plane_asks(site: Site) -> None:
    assert site.updates.say() == []
    assert len(site.updates.hear(UpdateWanted())) == 1
    assert site.updates.say() == [], "nor twice"
    assert site.updates.run_once() >= timedelta(minutes=1)


def test_a_key_that_has_revoked_itself_counts_no_more_also_for_the_next_process(site: Site) -> None:
    both = replace(WILLING, keys=frozenset({PUBLIC, public_key_of(OTHER_KEY)}))
    keep_rules(site.journal, both)
    site.restart()
    running = site.want(signed(ARCHIVE), 0, sign_revocation(KEY))
    assert (running.condition, running.keys) == ("failed", [public_key_of(OTHER_KEY)])
    assert "release.signature" in running.why
    assert not site.is_staged
    assert site.noted() == ["update.key_revoked"]
    site.restart()
    assert site.want(signed(ARCHIVE)).condition == "failed", "no plane can say it counts again"
    assert load_rules(site.journal.folder).keys == {public_key_of(OTHER_KEY)}
    site.want(sign_release(a_release(ARCHIVE), OTHER_KEY))
    assert site.is_staged, "what others have signed is taken as before"


def test_no_plane_and_no_other_key_can_revoke_one(site: Site) -> None:
    others = sign_revocation(OTHER_KEY)
    release = sign_release(a_release(ARCHIVE), KEY)
    for forged in (
        others,
        replace(others, key=PUBLIC),
        Revocation(PUBLIC, bytes(64)),
        Revocation(PUBLIC, release.signature),
        Revocation(PUBLIC, b""),
    ):
        site.updates.hear(UpdateWanted(revoked=[RevokedW(forged.key, forged.signature)]))
        site.updates.run_once()
    assert load_rules(site.journal.folder) == WILLING
    assert site.noted() == []


def test_nothing_is_taken_while_the_disk_takes_no_revocation(site: Site) -> None:
    written = site.journal.folder / "updates.new"
    written.mkdir()
    assert site.want(signed(ARCHIVE), 0, sign_revocation(KEY)).keys == [PUBLIC]
    assert (site.is_staged, site.plane.asked) == (False, [])
    written.rmdir()
    assert site.want(signed(ARCHIVE), 0, sign_revocation(KEY)).keys == []
