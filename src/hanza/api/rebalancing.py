"""Plans of moves: what rebalancing a workspace or a tenant would move, and what it would gain.

Asked as a question and answered by the code of `plan.placement.rebalance`; nothing is written.
"""

from collections.abc import Sequence
from datetime import datetime

from hanza.api.calls import Answer, Call
from hanza.api.told import says
from hanza.model.ids import HostId
from hanza.model.instance import Wanted
from hanza.plan.placement.candidate import Candidate
from hanza.plan.placement.demand import Bounds
from hanza.plan.placement.rebalance import plan_moves
from hanza.plan.placement.rebalance_moves import stands_of
from hanza.store.hosts import list_candidates
from hanza.store.policies import bounds_of
from hanza.store.tx import Tx
from hanza.store.violations import list_standing
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
    candidates, standing, bounds = store.read(_look, *inside, now)
    aim, budget = doc.aim_of(request, candidates), doc.budget_of(request)
    plan = plan_moves(stands_of(standing, bounds), candidates, bounds.above, aim, budget)
    return Answer(200, doc.plan_to_doc(plan))


def _look(
    tx: Tx, tenant: str, workspace: str | None, now: datetime
) -> tuple[Sequence[Candidate], Standing, Bounds]:
    standing = list_standing(tx, tenant, workspace)
    bounds = bounds_of(tx, [wanted for wanted, _ in standing])
    return list_candidates(tx, now, load_carbon()), standing, bounds
