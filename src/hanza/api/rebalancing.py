"""Plans of moves: what rebalancing a workspace or a tenant would move, and what it would gain.

Asked as a question and answered by the code of `plan.placement.rebalance`; nothing is written.
The operator, who asks of a site and so of everybody at it, is told numbers and no names.
"""

from collections.abc import Sequence
from datetime import datetime

from hanza.api.calls import Answer, Call
from hanza.api.mastery import own_site
from hanza.api.told import says
from hanza.model.errors import Invalid
from hanza.model.ids import HostId
from hanza.model.instance import Wanted
from hanza.plan.placement.candidate import Candidate
from hanza.plan.placement.demand import Bounds
from hanza.plan.placement.rebalance import plan_moves
from hanza.plan.placement.rebalance_moves import Aim, Budget, residents_of
from hanza.store.claims import as_of
from hanza.store.hosts import list_candidates
from hanza.store.policies import bounds_of
from hanza.store.sites import get_site
from hanza.store.tx import Tx
from hanza.store.violations import list_standing, tenants_at
from hanza.wire import rebalance_v1 as doc
from hanza.wire.federation_v1 import request_from_json
from hanza.wire.places import load_carbon

Standing = Sequence[tuple[Wanted, HostId]]


@says({200: doc.RebalanceDoc}, takes=doc.RebalanceRequest, may_be_empty=True)
def plan_rebalance(call: Call) -> Answer:
    """Tell what to move, why, at what gain and cost, and what should go and cannot; no move is
    carried out."""
    request = request_from_json(call.body or b"{}", doc.RebalanceRequest)
    inside = call.path["tenant"], call.path.get("workspace")
    store, now = call.plane.store, call.plane.clock.now()
    if request.at is not None and request.at < now:
        raise Invalid("at is a moment that is still to come", field="at")
    candidates, standing, bounds = store.read(_look, *inside, now, request.at)
    aim, budget = doc.aim_of(request, candidates), doc.budget_of(request)
    plan = plan_moves(residents_of(standing, bounds), candidates, bounds.above, aim, budget)
    return Answer(200, doc.plan_to_doc(plan))


@says({200: doc.SiteDrainDoc})
def plan_drain(call: Call) -> Answer:
    """Tell what emptying a site would take, counted over all tenants; nothing is moved."""
    return _planned(call)


@says({200: doc.SiteDrainDoc})
def plan_own_drain(call: Call) -> Answer:
    """The same for a provider of its own site."""
    call.plane.store.read(own_site, call)
    return _planned(call)


def _planned(call: Call) -> Answer:
    site, store, now = call.path["site"], call.plane.store, call.plane.clock.now()
    candidates, standing, bounds = store.read(_look_at_site, site, now)
    there = frozenset(one.host for one in candidates if one.ground.name == site)
    residents = residents_of(standing, bounds)
    aim = Aim(there, mends=False, betters=False)
    plan = plan_moves(
        residents, candidates, bounds.above, aim, Budget(moves_max=len(residents) * 2)
    )
    return Answer(200, doc.drain_to_doc(site, sum(one.host in there for one in residents), plan))


def _look_at_site(tx: Tx, site: str, now: datetime) -> tuple[Sequence[Candidate], Standing, Bounds]:
    """Everything of those who have something at the site, for replicas elsewhere count too."""
    get_site(tx, site)
    candidates = list_candidates(tx, now, load_carbon())
    there = [one.host for one in candidates if one.ground.name == site]
    tenants = tenants_at(tx, there)
    standing = [one for tenant in tenants for one in list_standing(tx, tenant)]
    return candidates, standing, bounds_of(tx, [wanted for wanted, _ in standing])


def _look(
    tx: Tx, tenant: str, workspace: str | None, now: datetime, at: datetime | None
) -> tuple[Sequence[Candidate], Standing, Bounds]:
    standing = list_standing(tx, tenant, workspace)
    bounds = bounds_of(tx, [wanted for wanted, _ in standing])
    candidates = list_candidates(tx, now, load_carbon())
    return candidates if at is None else as_of(tx, candidates, at), standing, bounds
