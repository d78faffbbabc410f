"""Whatever tenants ask, sites suffer and lines lose: the laws hold, and the league settles.

A whole plane with two fake sites, driven by hypothesis: wishes, cut lines, agents that start
anew, engines that fail, guests that vanish, time that passes.
"""

import contextlib
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hanza.drivers.fake.faults import Fault
from hanza.model.errors import Conflict, NotFound, QuotaExceeded
from hanza.model.guest import GuestSpec, Mark
from hanza.model.ids import InstanceId
from hanza.model.quota import Limits, Scope
from hanza.store.hosts import list_hosts
from hanza.store.quotas import get_quota, set_quota
from kit.laws import check_laws
from kit.leagues import League, SiteAgent

COUNTRIES = {"zagreb": "HR", "frankfurt": "DE"}
NAMES = st.sampled_from(["a", "b", "c"])
SITES = st.sampled_from(sorted(COUNTRIES))
CALLS = st.sampled_from(["create", "destroy", "set_power", "survey"])
KINDS = st.sampled_from(["lost", "silent", "unavailable", "exhausted"])
PATIENCE = 420
"""Seconds: a host that said it is full is left alone for five minutes."""
FOREIGN = Mark(InstanceId("in_theirs"), 1)


class LeagueMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.league = League(self.folder)
        self.wanted: dict[str, tuple[str, str]] = {}

    @initialize()
    def found(self) -> None:
        for site, country in COUNTRIES.items():
            agent = self.league.add_site(site, country)
            with agent.site.open() as inside:
                inside.add_guest(None, FOREIGN, "host-1", GuestSpec("theirs", "x", 1, 64, 1))

    @rule(name=NAMES, site=SITES, power=st.sampled_from(["on", "off"]))
    def tenant_asks(self, name: str, site: str, power: str) -> None:
        try:
            self.league.put(name, COUNTRIES[site], power=power)
        except (Conflict, QuotaExceeded):
            return  # it is being ended, or it stands in another country, or there are enough
        self.wanted[name] = (site, power)

    @rule(name=NAMES)
    def tenant_ends(self, name: str) -> None:
        with contextlib.suppress(NotFound):
            self.league.delete(name)
        self.wanted.pop(name, None)

    @rule(most=st.none() | st.integers(0, 2))
    def operator_limits(self, most: int | None) -> None:
        """Also to less than there is: then nothing ends, and nothing more comes."""
        now = self.league.clock.now()
        self.league.store.write(set_quota, Scope("acme"), Limits(instances=most), now)

    @rule(site=SITES)
    def line_is_cut_or_mended(self, site: str) -> None:
        link = self.league.agents[site].link
        link.is_cut = not link.is_cut

    @rule(site=SITES)
    def agent_starts_anew(self, site: str) -> None:
        self.league.agents[site].close()
        self.league.agents[site] = SiteAgent(self.league, site)

    @rule(site=SITES, call=CALLS, kind=KINDS)
    def engine_fails_next_time(self, site: str, call: str, kind: str) -> None:
        self.league.agents[site].site.order(Fault(call, 1, kind))  # type: ignore[arg-type]

    @rule(site=SITES)
    def guests_of_ours_vanish(self, site: str) -> None:
        agent = self.league.agents[site]
        with agent.site.open() as inside:
            for row in list(inside.state.guests.values()):
                if row.federation is not None:
                    inside.remove_guest(row.native)

    @rule(seconds=st.integers(1, 90))
    def time_passes(self, seconds: int) -> None:
        self.league.clock.advance(timedelta(seconds=seconds))
        self.league.step()

    @invariant()
    def laws_hold(self) -> None:
        check_laws(self.league)

    @invariant()
    def what_is_anothers_is_untouched(self) -> None:
        for agent in self.league.agents.values():
            with agent.site.look() as inside:
                others = [row for row in inside.state.guests.values() if row.federation is None]
            assert len(others) == 1

    def teardown(self) -> None:
        """Fair weather: everything wanted runs once, where it must; nothing else is left."""
        try:
            self._settles()
        finally:
            self.league.close()
            shutil.rmtree(self.folder)

    def _settles(self) -> None:
        for agent in self.league.agents.values():
            agent.link.is_cut = False
            agent.site.forget_faults()
        self.league.clock.advance(timedelta(minutes=10))
        wanted = sorted((site, name, power) for name, (site, power) in self.wanted.items())
        shown = {name: ("active", power, site) for site, name, power in wanted}
        self.league.run_until(
            lambda: self.league.guests() == wanted and self.league.shown() == shown, steps=PATIENCE
        )
        held = [host.held.cpus for host, _ in self.league.store.read(list_hosts)]
        assert sum(held) == len(wanted), "delete leaves nothing held"
        counted = self.league.store.read(get_quota, Scope("acme")).used
        assert counted.instances == len(wanted), "delete leaves nothing counted"


LeagueMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestLeague = LeagueMachine.TestCase
