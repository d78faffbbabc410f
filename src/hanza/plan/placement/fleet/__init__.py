"""The hosts of a federation as columns, kept up to date change by change, and what they decide.

Decisions are those of `placement.choose` on candidates made from the same facts, to the last tie;
only the way to them is another.  Nothing here is safe against two threads at once, and nothing
holds room: that is the store's guarded update.
"""

from hanza.plan.placement.fleet.fleet import Fleet, at_once
from hanza.plan.placement.fleet.group import Stuck
from hanza.plan.placement.fleet.host import Host, Standing
from hanza.plan.placement.fleet.trial import Trial

__all__ = ["Fleet", "Host", "Standing", "Stuck", "Trial", "at_once"]
