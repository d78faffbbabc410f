"""What of a guest can be reached: its console, a port, its log; and how each is asked for.

Who asks for one as for a page, without WebSocket, is told so here, too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hanza.api.calls import Answer, Call
from hanza.api.told import Parameter, says
from hanza.model.errors import BadQuery, NotFound
from hanza.wire import agent_v1 as v1

AFTER = Parameter("after", "query", int, "The first byte that is wanted, 0 by default.")
AFTER_MAX = 2**53
TAKE_OVER = Parameter("takeOver", "query", bool, "End the console that is open, if one is.")


@dataclass(frozen=True, slots=True)
class Lead:
    """What of a guest is wanted."""

    kind: str
    ability: str
    words: str
    """Between its name and its site."""
    wanted: Callable[[bytes, v1.MarkW], v1.Down]


@says({101: None}, TAKE_OVER)
def ask_for_upgrade(call: Call) -> Answer:
    """Who asks for a console as for a page is told how it is asked for."""
    raise BadQuery(
        f"the console of {call.path['instance']} is a WebSocket", hint="hanza console opens it"
    )


@says({101: None})
def ask_port_for_upgrade(call: Call) -> Answer:
    """Who asks for a port as for a page is told how it is asked for."""
    text = f"port {call.path['port']} of {call.path['instance']} is a WebSocket"
    raise BadQuery(text, hint="hanza port-forward opens it")


@says({101: None}, AFTER)
def ask_log_for_upgrade(call: Call) -> Answer:
    """Who asks for a guest's log as for a page is told how it is asked for."""
    text = f"the log of {call.path['instance']} is a WebSocket"
    raise BadQuery(text, hint="hanza logs --follow opens it")


def console_lead(query: Mapping[str, str]) -> Lead:
    takes_over = TAKE_OVER.is_said(query)
    return Lead(
        "console",
        v1.CONSOLE,
        "the console",
        lambda ticket, mark: v1.ConsoleWanted(ticket, mark, takes_over),
    )


def port_lead(path: Mapping[str, str]) -> Lead:
    text = path["port"]
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise NotFound("a port is a number from 1 to 65535")
    port = int(text)
    return Lead(
        "port", v1.PORTS, f"port {port}", lambda ticket, mark: v1.PortWanted(ticket, mark, port)
    )


def log_lead(query: Mapping[str, str]) -> Lead:
    text = query.get("after", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 17 and int(text) <= AFTER_MAX):
        raise BadQuery("after is the number of a byte", field="after")
    after = int(text)
    return Lead("log", v1.LOGS, "the log", lambda ticket, mark: v1.LogWanted(ticket, mark, after))
