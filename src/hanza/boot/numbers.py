"""The numbers of a plane or an agent, served on an address of their own, or read from an agent.

The agent loads this module only when it is to serve its numbers, so that one that serves none
does not carry the library for it.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version

from hanza.agent.loop import Agent
from hanza.boot.settings import Address
from hanza.kit.metrics import Metrics, Reading, one, total
from hanza.model.errors import Conflict
from hanza.model.verdict import Settled


@contextmanager
def served(metrics: Metrics, address: Address | None) -> Iterator[None]:
    """Serve them as long as the block runs; nothing without an address.

    Raises `Conflict` when the address is taken.
    """
    with ExitStack() as stack:
        if address is not None:
            try:
                stack.enter_context(metrics.served(address.host, address.port))
            except OSError as error:
                raise Conflict(
                    f"cannot serve metrics on {address.host}:{address.port}: {error.strerror}",
                    hint="something else listens there, or the address is not this machine's",
                ) from error
        yield


def numbers_of(agent: Agent) -> Metrics:
    """What an agent tells, looked up in it whenever somebody asks."""
    metrics = Metrics()
    metrics.look(lambda: _readings_of(agent))
    return metrics


def _readings_of(agent: Agent) -> Iterable[Reading]:
    manifest = agent.journal.manifest
    yield Reading("hanza_build_info", "The release.", ("version",), {(version("hanza"),): 1})
    yield one("hanza_agent_linked", "Whether a plane is there.", agent.link.is_linked)
    yield total("hanza_agent_passes", "Passes that came to their end.", agent.passes)
    yield one(
        "hanza_agent_settled",
        "Whether the last pass left nothing to be done.",
        isinstance(agent.last_verdict, Settled),
    )
    yield total("hanza_agent_bugs", "What nobody foresaw; see the log.", agent.bugs)
    if manifest is not None:
        yield one("hanza_agent_manifest", "The number that is held.", manifest.version.number)
        yield one("hanza_agent_entries", "Guests that shall be here.", len(manifest.entries))
