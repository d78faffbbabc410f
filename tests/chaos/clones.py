"""A copied key: an agent's folder is copied as it is, and both copies run beside one engine.

Once that is noticed neither offers capacity, until a person has ended one of them and says so.
"""

import signal

import sqlalchemy as sa

from chaos.observer import BrokenLaw
from chaos.world import Host, World
from hanza.agent.journal import load_identity
from hanza.boot.lab.process import is_alive
from hanza.boot.lab.waiting import is_soon
from hanza.store import schema
from hanza.store.tx import Tx

NOTICED_S = 60.0
CLONED = "cloned"


def clone_agent(world: World, host: Host) -> bool:
    """Whether there was one to copy."""
    if not world.signal(f"{host.name}.agent", signal.SIGSTOP):
        return False
    try:
        world.start_clone(host)
    finally:
        world.signal(f"{host.name}.agent", signal.SIGCONT)
    host.faults.add(CLONED)
    return True


def mend_clone(world: World, host: Host) -> bool:
    """End the copy and say so; whether it had been noticed, which it must have been in fair
    weather."""
    identity = load_identity(host.agent)
    assert identity is not None, "it has joined"
    agent = identity.agent
    with world.client() as client:

        def is_noticed() -> bool:
            (found,) = (one for one in client.items("/agents") if one["metadata"]["id"] == agent)
            return bool(found["status"]["isContested"])

        both = [world.processes(f"{host.name}.{role}") for role in ("agent", "clone")]
        could_see = host.faults == {CLONED} and all(any(map(is_alive, one)) for one in both)
        was_noticed = is_soon(is_noticed, NOTICED_S if could_see else 0.0)
        if could_see and not was_noticed:
            raise BrokenLaw(f"two copies of the key of {host.name} were not noticed")
        world.kill(f"{host.name}.clone")
        client.post(f"/agents/{agent}/trust")
    return was_noticed


def held_by_contested(tx: Tx) -> dict[str, set[str]]:
    """Instances by agent, of those whose key is alive twice."""
    holds, agents = schema.holds, schema.agents
    contested = tx.scalars(sa.select(agents.c.id).where(agents.c.is_contested))
    found: dict[str, set[str]] = {one: set() for one in contested}
    for row in tx.execute(sa.select(holds.c.agent_id, holds.c.instance_id)):
        if row.agent_id in found:
            found[row.agent_id].add(row.instance_id)
    return found


def check_contested(before: dict[str, set[str]], now: dict[str, set[str]]) -> None:
    """Who was contested already has got nothing new."""
    for agent, held in now.items():
        more = held - before.get(agent, held)
        assert not more, f"{agent} is contested, and was given {sorted(more)}"
