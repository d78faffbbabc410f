"""A provider's own agents: invited, believed again and refused without the operator."""

from hanza.api.calls import Answer, Call
from hanza.api.mastery import own_site
from hanza.api.members import invite_agent, revoke_agent, trust_agent
from hanza.api.provider_users import provider_of
from hanza.api.told import BEGUN, says
from hanza.model.errors import NotFound
from hanza.store import agents
from hanza.store.sites import list_all_sites
from hanza.store.tx import Tx
from hanza.wire import federation_v1 as doc


@says({201: doc.JoinTokenDoc})
def invite_own_agent(call: Call) -> Answer:
    """Make the right to join one of its sites once."""
    call.plane.store.read(own_site, call)
    return invite_agent(call)


@says(BEGUN)
def trust_own_agent(call: Call) -> Answer:
    """A person has looked: only one copy of this agent's key is left."""
    call.plane.store.read(_check_own, call)
    return trust_agent(call)


@says({200: doc.RevokedDoc})
def revoke_own_agent(call: Call) -> Answer:
    """Its key is refused from now on; tells how many instances were placed with it."""
    call.plane.store.read(_check_own, call)
    return revoke_agent(call)


def _check_own(tx: Tx, call: Call) -> None:
    """Raises `NotFound` also for an agent at a site of another provider."""
    provider, agent = provider_of(call), call.path["agent"]
    mine = {site.name for site, owner in list_all_sites(tx) if owner == provider}
    if not any(one.id == agent and site in mine for one, site, _ in agents.list_agents(tx)):
        raise NotFound(f"provider {provider!r} has no agent {agent!r}", field="agent")
