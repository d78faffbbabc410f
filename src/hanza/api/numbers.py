"""What agents count of their sites, shown: to operator and provider, and to Prometheus.

Another plane's agents are not known here.
"""

from collections.abc import Iterable, Mapping

from hanza.api.board import Told
from hanza.api.calls import Answer, Call
from hanza.api.mastery import own_site
from hanza.api.told import Parameter, says
from hanza.kit.metrics import Reading
from hanza.model.ids import AgentId
from hanza.model.numbers import CATALOGUE
from hanza.store import agents, sites
from hanza.store.tx import Tx
from hanza.wire.site_v1 import AgentNumbersDoc, SiteNumbersDoc

AGENTS_SHOWN_MAX = 256
"""In Prometheus' page: a series for each number of each of them."""
FRESH = Parameter("fresh", "query", bool, "Ask the site now, instead of showing what it said last.")


@says({200: SiteNumbersDoc}, FRESH)
def get_site_numbers(call: Call) -> Answer:
    """What the agents of a site count: guests by state, calls of the engine, disk, link."""
    site = call.plane.store.read(sites.get_site, call.path["site"])
    return _answer(call, site.name)


@says({200: SiteNumbersDoc}, FRESH)
def get_own_site_numbers(call: Call) -> Answer:
    """The same of one of the provider's own sites."""
    return _answer(call, call.plane.store.read(own_site, call).name)


def _answer(call: Call, site: str) -> Answer:
    is_fresh, board = FRESH.is_said(call.query), call.plane.board
    mine = call.plane.store.read(_agents_of, site)
    if is_fresh:
        board.refresh(mine)
    told = board.told(call.plane.clock.now())
    items = [_shown(agent, told.get(agent)) for agent in mine]
    return Answer(200, SiteNumbersDoc(site, items))


def _shown(agent: AgentId, told: Told | None) -> AgentNumbersDoc:
    if told is None:
        return AgentNumbersDoc(agent, None, {})
    return AgentNumbersDoc(agent, told.at, dict(sorted(told.numbers.items())))


def _agents_of(tx: Tx, site: str) -> list[AgentId]:
    return [one.id for one, name, _ in agents.list_agents(tx) if name == site]


def sites_by_agent(tx: Tx) -> dict[AgentId, str]:
    return {one.id: name for one, name, _ in agents.list_agents(tx)}


def readings_of(told: Mapping[AgentId, Told], places: Mapping[AgentId, str]) -> Iterable[Reading]:
    """For Prometheus: of so many agents as are shown, in the order of their sites."""
    placed = sorted((places[agent], agent) for agent in told if agent in places)
    shown = placed[:AGENTS_SHOWN_MAX]
    yield Reading(
        "hanza_site_agents_not_shown",
        "Agents whose numbers are left out here: there are too many for one page.",
        (),
        {(): len(placed) - len(shown)},
    )
    for name, one in CATALOGUE.items():
        values: dict[tuple[str, ...], float] = {
            (site, agent): told[agent].numbers[name]
            for site, agent in shown
            if name in told[agent].numbers
        }
        if values:
            yield Reading(one.name, one.text, ("site", "agent"), values, one.only_grows)
