"""What is made of one manifest serves the next, and says nothing that its rows do not."""

from datetime import timedelta
from pathlib import Path

from hanza.api.instances import write_wish
from hanza.engine.loop import BATCH_MAX, PUBLISH_EVERY, REST_FOR_EACH, Engine
from hanza.kit.clock import ManualClock
from hanza.kit.ids import Ids
from hanza.kit.points import Point
from hanza.model.ids import AgentId, InstanceId
from hanza.model.instance import Address
from hanza.plan.admission import InstanceWish
from hanza.store.agents import list_agents, manifest_versions
from hanza.store.manifests import find_manifest
from hanza.store.remade import Latest, Remade
from hanza.store.tx import Tx
from kit.leagues import SIZE, START, a_league

TOOK = timedelta(milliseconds=20)
ONE, OTHER = AgentId("ag_one"), AgentId("ag_other")


def made(items: Remade[list[str]], agent: AgentId, *rows: str) -> list[list[str]]:
    known = items.begin(agent)
    found = [known.of(row[0], row, lambda row=row: [row]) for row in rows]
    items.keep(agent, known)
    return found


def test_a_row_that_is_as_it_was_gives_the_very_object() -> None:
    items: Remade[list[str]] = Remade(kept=10)
    first = made(items, ONE, "a1", "b1")
    second = made(items, ONE, "a1", "b2", "c1")
    assert second == [["a1"], ["b2"], ["c1"]]
    assert second[0] is first[0]
    assert made(items, OTHER, "a1")[0] is not first[0]
    assert made(items, ONE, "b1")[0] is not first[1], "only those of the last are known"


def test_what_is_known_is_bounded_and_the_oldest_goes_first() -> None:
    items: Remade[list[str]] = Remade(kept=3)
    first, second = made(items, ONE, "a1", "b1"), made(items, OTHER, "a1")
    assert made(items, ONE, "a1", "b1")[0] is first[0]
    third = made(items, AgentId("ag_third"), "a1")
    assert made(items, ONE, "a1", "b1")[0] is first[0]
    assert made(items, OTHER, "a1")[0] is not second[0], "it was published for longest ago"
    assert third == [["a1"]]
    many = made(items, ONE, *(f"{letter}1" for letter in "abcde"))
    assert made(items, ONE, "a1")[0] is not many[0], "one that is too large leaves nothing"


def test_a_look_again_gives_the_same_while_the_row_is_the_same() -> None:
    latest: Latest[list[int]] = Latest(kept=2)
    first = latest.of("a", (1,), lambda: [1], is_kept=True)
    assert latest.of("a", (1,), lambda: [1], is_kept=True) is first
    assert latest.of("a", (2,), lambda: [2], is_kept=True) == [2]
    assert latest.of("a", (1,), lambda: [1], is_kept=True) is not first
    large = latest.of("b", (1,), lambda: [1], is_kept=False)
    assert latest.of("b", (1,), lambda: [1], is_kept=False) is not large
    for key in "cde":
        assert latest.of(key, (1,), lambda: [1], is_kept=True) == [1]


def test_manifests_wait_a_little_while_more_waits_for_a_place(tmp_path: Path) -> None:
    """Each batch of placements would else cut one for each site, and each says all of its site."""
    count = BATCH_MAX["place"] + 1

    def ask(tx: Tx) -> None:
        for nth in range(count):
            address = Address("acme", "shop", f"i{nth}")
            wish = InstanceWish(address, "HR", "tiny", 1, 64, 64, "on")
            write_wish(tx, wish, InstanceId(f"in_{nth:026}"), START)

    with a_league(tmp_path) as league:
        league.add_site("zagreb", "HR", hosts=-(-count // SIZE.cpus))
        league.step()
        league.engine.run_round()
        league.store.write(ask)
        cut: list[int] = []
        league.engine.run_round()
        cut.append(len(league.store.read(_cut)))
        league.clock.advance(PUBLISH_EVERY)
        league.engine.run_round()
        cut.append(len(league.store.read(_cut)))
    assert cut == [0, count]


def _cut(tx: Tx) -> list[object]:
    """What the newest manifest says."""

    ((agent, _, _),) = list_agents(tx)
    _, digest = manifest_versions(tx, [agent.id])[agent.id]
    manifest = find_manifest(tx, agent.id, digest)
    return [] if manifest is None else list(manifest.entries)


def test_who_has_just_published_rests_by_what_it_took(tmp_path: Path) -> None:
    """Of much that is asked for at once few manifests tell, and each tells more of it."""

    def ask(tx: Tx, nth: int) -> None:
        address = Address("acme", "shop", f"i{nth}")
        wish = InstanceWish(address, "HR", "tiny", 1, 64, 64, "on")
        write_wish(tx, wish, InstanceId(f"in_{nth:026}"), START)

    with a_league(tmp_path) as league:
        league.add_site("zagreb", "HR", hosts=4)
        league.step()
        league.engine.run_round()
        slow = Engine(league.store, league.clock, Ids(league.clock), _taking(league.clock, TOOK))
        said = []
        for nth in range(3):
            league.store.write(ask, nth)
            slow.run_round()
            said.append(len(league.store.read(_cut)))
        league.clock.advance(REST_FOR_EACH * TOOK)
        slow.run_round()
        said.append(len(league.store.read(_cut)))
    assert said == [1, 1, 1, 3]


def _taking(clock: ManualClock, took: timedelta) -> Point:
    """As if publishing took so long."""
    return lambda name: clock.advance(took) if name == "publish.commit.after" else None
