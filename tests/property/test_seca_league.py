"""The standard's laws under any order of wishes, cuts and moments: what was accepted is done.

In fair weather every instance becomes active with the power that was wished last, its log has
three entries for the creation and two for each accepted change, and what was deleted is gone.
"""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kit.laws import check_laws
from kit.standard import Asker, a_storage, an_instance, askers, ref

NAMES = ("one", "two")
VERBS = ("put", "start", "stop", "restart", "delete", "step", "step", "cut", "heal")
WISHES = st.lists(st.tuples(st.sampled_from(VERBS), st.sampled_from(NAMES)), max_size=24)
CONDITIONS_MAX = 32


class World:
    """What was accepted, kept beside the league by the simplest means."""

    def __init__(self, ana: Asker) -> None:
        self.ana = ana
        self.changes: dict[str, int] = {}
        self.power: dict[str, str] = {}
        self.ending: set[str] = set()

    def wish(self, verb: str, name: str) -> None:
        link = self.ana.league.agents["berlin"].link
        match verb:
            case "step":
                self.ana.league.step()
                check_laws(self.ana.league)
            case "cut" | "heal":
                link.is_cut = verb == "cut"
            case "put":
                self._put(name)
            case "delete":
                self._delete(name)
            case _:
                self._power(name, verb)
        self._notice_the_gone()

    def settle(self) -> None:
        self.ana.league.agents["berlin"].link.is_cut = False
        self.ana.league.run_until(self._is_done)
        for name, changes in self.changes.items():
            status = self.ana.get(self._path(name)).json()["status"]
            assert status["powerState"] == self.power[name]
            assert len(status["conditions"]) == min(3 + 2 * changes, CONDITIONS_MAX)
        kept = {name for _, name, _ in self.ana.league.guests()}
        assert kept == self.changes.keys()
        check_laws(self.ana.league)

    def _path(self, name: str) -> str:
        return f"{self.ana.instances()}/{name}"

    def _put(self, name: str) -> None:
        spec = an_instance() | {"bootVolume": {"deviceRef": ref(f"block-storages/{name}")}}
        answer = self.ana.put(self._path(name), spec)
        if name in self.ending:
            assert answer.status_code == 412
        elif name in self.changes:
            assert answer.status_code == 200
            self.changes[name] += 1
        else:
            assert answer.status_code == 201
            self.changes[name], self.power[name] = 0, "off"

    def _delete(self, name: str) -> None:
        known = name in self.changes or name in self.ending
        assert self.ana.ask("DELETE", self._path(name)).status_code == (202 if known else 404)
        if self.changes.pop(name, None) is not None:
            self.ending.add(name)

    def _power(self, name: str, verb: str) -> None:
        answer = self.ana.ask("POST", f"{self._path(name)}/{verb}")
        if name not in self.changes:
            assert answer.status_code == (412 if name in self.ending else 404)
            return
        may = self.power[name] == ("off" if verb == "start" else "on")
        assert answer.status_code == (202 if may else 412)
        if may:
            self.changes[name] += 1
            self.power[name] = "off" if verb == "stop" else "on"

    def _notice_the_gone(self) -> None:
        for name in list(self.ending):
            if self.ana.get(self._path(name)).status_code == 404:
                self.ending.discard(name)

    def _is_done(self) -> bool:
        self._notice_the_gone()
        documents = [self.ana.get(self._path(name)).json() for name in self.changes]
        return not self.ending and all(one["status"]["state"] == "active" for one in documents)


@settings(max_examples=25, deadline=None)
@given(wishes=WISHES)
def test_whatever_is_wished_in_whatever_order_is_done_and_logged_exactly(
    wishes: list[tuple[str, str]],
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        askers(Path(folder), {"berlin": "DE"}) as (ana, _),
    ):
        ana.add_workspace()
        for name in NAMES:
            assert ana.put(f"{ana.storages()}/{name}", a_storage()).status_code == 201
        ana.league.step()
        world = World(ana)
        for verb, name in wishes:
            world.wish(verb, name)
        world.settle()
