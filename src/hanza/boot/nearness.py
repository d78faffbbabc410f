"""What an agent measures beside its work: probes, and other sites if its owner lets it answer."""

import os
import threading
import time
from dataclasses import dataclass

from hanza.agent.link import Link
from hanza.agent.measure import Measurer, Scope
from hanza.agent.peers import Allowance, Answerer, Asker
from hanza.model.errors import Invalid
from hanza.model.ids import AgentId


@dataclass(frozen=True, slots=True)
class Nearness:
    """What the machine's owner lets the agent measure, and the port where it answers others."""

    scope: Scope
    answer_port: int | None = None


NOT_MEASURED = Nearness("none")


def measuring(
    link: Link, agent: AgentId, nearness: Nearness, stop: threading.Event
) -> tuple[Measurer | None, Asker | None, Answerer | None]:
    """Raises `Invalid` where the port cannot be had, or nothing may be measured."""
    scope, port = nearness.scope, nearness.answer_port
    if scope == "none":
        if port is not None:
            raise Invalid("who measures nothing answers nobody", field="answer-port")
        return None, None, None
    allowance = Allowance(time.monotonic)
    try:
        answerer = None if port is None else Answerer(link, port, allowance)
    except OSError as error:
        raise Invalid(f"UDP port {port} cannot be had: {error}", field="answer-port") from error
    asker = Asker(link, agent, scope, os.urandom, stop, allowance)
    return Measurer(link, scope, os.urandom, stop), asker, answerer
