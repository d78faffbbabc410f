"""Consoles at the plane: a tenant's WebSocket and an agent's, joined for as long as both are there.

Ports that guests publish and what guests write are reached in the same way (`leads`), one such pair
for each connection.

Promises: nobody's bytes flow before it is written down who opened what; a refusal is an answer
of HTTP with a stable code; one user per guest; what waits in between is a frame each way, so a
slow side slows the other and fills no memory.  A plane reaches only agents whose link it has
itself; a plane that is killed leaves no event of the end.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.websockets import WebSocket

from hanza.api.calls import Plane
from hanza.api.gate import Caller, Gate
from hanza.api.identity import Principal
from hanza.api.leads import Lead, console_lead, log_lead, port_lead
from hanza.api.link import Hub
from hanza.api.problems import refusal_response
from hanza.api.relay import ENDS, Limits, hang_up, relay
from hanza.api.route import Route
from hanza.kit.text import harmless
from hanza.model import errors
from hanza.model.errors import Busy, InUse, NotFound, NotHere, NotOffered, NotRunning
from hanza.model.guest import Mark
from hanza.model.ids import AgentId
from hanza.model.instance import Address
from hanza.model.report import Incarnation
from hanza.store.agents import believed_starts, manifest_versions
from hanza.store.events import append_event
from hanza.store.holds import get_hold
from hanza.store.instances import get_overview
from hanza.store.tx import Tx
from hanza.wire import agent_v1 as v1
from hanza.wire.agent_words import mark_to_wire
from hanza.wire.console_v1 import (
    PROTOCOL,
    TICKET_BYTES,
    End,
    authorization_of,
    reason_of,
    ticket_from_header,
)

log = logging.getLogger("hanza.console")
LOOKED_AT_EVERY_S = 1.0
"""Whether who has a console may still have it."""
REASON_CHARACTERS_MAX = 200
_REFUSALS: Mapping[str, type[errors.Refusal]] = {
    InUse.code: InUse,
    Busy.code: Busy,
    NotRunning.code: NotRunning,
    errors.Rejected.code: NotRunning,
    errors.Unsupported.code: NotOffered,
    NotOffered.code: NotOffered,
}
"""What an agent's word of why not is here; any other is that its site cannot be asked now."""


@dataclass(frozen=True, slots=True)
class _Target:
    """The run of an instance whose serial port is wanted, and who can reach it."""

    mark: Mark
    name: str
    site: str
    agent: AgentId
    start: Incarnation
    heard_at: datetime | None


@dataclass(eq=False, slots=True)
class _Console:
    """One that is open or about to be."""

    lead: Lead
    who: str
    tenant: str
    target: _Target
    since: datetime
    arrived: "asyncio.Future[WebSocket]"
    """The agent's socket; or why it does not come."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    cut: asyncio.Event = field(default_factory=asyncio.Event)
    """Its agent is believed no longer."""


@dataclass(frozen=True, slots=True)
class Doors:
    """The routes by which each of these is asked for, which say who may have it."""

    console: Route
    port: Route
    log: Route


class Consoles:
    def __init__(self, plane: Plane, gate: Gate, doors: Doors, hub: Hub, limits: Limits) -> None:
        self._plane = plane
        self._gate = gate
        self._doors = doors
        self._hub = hub
        self._limits = limits
        self._awaited: dict[bytes, _Console] = {}
        self._all: set[_Console] = set()
        hub.on_console_refused = self._note_refused
        hub.on_disbelieved = self._cut_all_of

    # -- the tenant's side --------------------------------------------------------------------

    async def serve(self, user: WebSocket) -> None:
        """One tenant's request, from its admission to the end of the console."""
        await self._serve(user, self._doors.console, lambda: console_lead(user.query_params))

    async def serve_port(self, user: WebSocket) -> None:
        """As `serve`, for one connection to a port."""
        await self._serve(user, self._doors.port, lambda: port_lead(user.path_params))

    async def serve_log(self, user: WebSocket) -> None:
        """As `serve`, for who reads what a guest writes."""
        await self._serve(user, self._doors.log, lambda: log_lead(user.query_params))

    async def _serve(self, user: WebSocket, door: Route, read: Callable[[], Lead]) -> None:
        try:
            who = await self._gate.admit(door, user.path_params, _caller_of(user))
            assert who is not None, "none of these is public"
            lead, named = read(), _address_of(user.path_params)
            target = await asyncio.to_thread(self._plane.store.read, _find, named)
            async with self._reached(who, named.tenant, target, lead) as (one, agent):
                watch = asyncio.create_task(self._watch(one, who, door, dict(user.path_params)))
                try:
                    await self._run(one, user, agent)
                finally:
                    watch.cancel()
        except errors.Refusal as refusal:
            with contextlib.suppress(*ENDS):
                await _refuse(user, refusal)

    async def _watch(
        self, one: _Console, who: Principal, door: Route, names: Mapping[str, str]
    ) -> None:
        """Whoever may no longer have it has it no longer."""
        while True:
            await asyncio.sleep(LOOKED_AT_EVERY_S)
            try:
                await self._gate.authorise(who, door, names)
            except errors.StoreUnavailable:
                continue
            except errors.Refusal:
                one.cut.set()
                return

    @contextlib.asynccontextmanager
    async def _reached(
        self, who: Principal, tenant: str, target: _Target, lead: Lead
    ) -> AsyncIterator[tuple[_Console, WebSocket]]:
        """The agent's socket, open to the guest's port.  Raises why there is none."""
        self._refuse_crowd(tenant, lead)
        session = self._hub.session_of(target.agent, target.start)
        if session is None:
            raise self._not_here(target)
        if not session.can(lead.ability):
            raise NotOffered(f"{target.site} offers no {lead.kind}s")
        arrived: asyncio.Future[WebSocket] = asyncio.get_running_loop().create_future()
        one = _Console(lead, who.name, tenant, target, self._plane.clock.now(), arrived)
        ticket = self._plane.ids.secret(TICKET_BYTES)
        self._awaited[ticket] = one
        self._all.add(one)
        try:
            wanted = lead.wanted(ticket, mark_to_wire(target.mark))
            yield one, await self._ask(one, wanted)
        finally:
            self._awaited.pop(ticket, None)
            self._all.discard(one)
            one.over.set()

    async def _ask(self, one: _Console, wanted: v1.Down) -> WebSocket:
        target = one.target
        if not await self._hub.say(target.agent, target.start, wanted):
            raise self._not_here(target)
        try:
            return await asyncio.wait_for(one.arrived, self._limits.answer_s)
        except TimeoutError:
            raise NotHere(f"{target.site} did not answer in time", hint="try again") from None

    def _refuse_crowd(self, tenant: str, lead: Lead) -> None:
        limits = self._limits
        alike = [one for one in self._all if one.lead.kind == lead.kind]
        theirs = sum(one.tenant == tenant for one in alike)
        most, of_a_tenant = limits.consoles, limits.of_a_tenant
        if lead.kind == "port":
            most, of_a_tenant = limits.ports, limits.ports_of_a_tenant
        if len(alike) >= most or theirs >= of_a_tenant:
            raise Busy(f"too many {lead.kind}s are open", hint="close one, or try again in a while")

    def _not_here(self, target: _Target) -> NotHere:
        heard, now = target.heard_at, self._plane.clock.now()
        if heard is not None and now - heard < timedelta(seconds=3 * v1.HEARTBEAT_EVERY_S):
            return NotHere(
                f"the agent of {target.site} is connected to another plane of this federation",
                hint="ask that one; planes do not pass consoles on to each other",
            )
        return NotHere(f"{target.site} is not connected", hint="hanza status says since when")

    # -- the agent's side ---------------------------------------------------------------------

    async def serve_agent(self, agent: WebSocket) -> None:
        """An agent comes with a ticket, which is good once."""
        try:
            ticket = ticket_from_header(agent.headers.get("authorization"))
            one = self._awaited.pop(ticket, None)
            if one is None or one.arrived.done():
                raise errors.Unauthenticated("nobody waits for this ticket")
        except errors.Refusal as refusal:
            with contextlib.suppress(*ENDS):
                await agent.send_denial_response(refusal_response(refusal, agent.url.path))
            return
        await agent.accept()
        if not one.arrived.done():
            one.arrived.set_result(agent)
            # The socket is served from the other side; it lives as long as this call.
            await one.over.wait()

    def _cut_all_of(self, agent: AgentId, start: Incarnation) -> None:
        """What is typed goes to no agent that was revoked, although its socket may live on."""
        for one in self._all:
            if (one.target.agent, one.target.start) == (agent, start):
                one.cut.set()

    def _note_refused(self, refused: v1.ConsoleRefused) -> None:
        one = self._awaited.pop(refused.ticket, None)
        if one is None or one.arrived.done():
            return
        target = one.target
        why = harmless(refused.text)[:REASON_CHARACTERS_MAX]
        text = f"{target.name} at {target.site}: {why}"
        kind = _REFUSALS.get(refused.code, NotHere)
        hint = None
        if kind is InUse:
            text, hint = self._in_use(target), "--force takes it over"
        one.arrived.set_exception(kind(text, hint=hint))

    def _in_use(self, target: _Target) -> str:
        for one in self._all:
            if one.target.mark == target.mark and one.arrived.done():
                since = one.since.strftime("%H:%M:%S UTC")
                return f"{one.who} has had the console of {target.name} open since {since}"
        return f"somebody else has the console of {target.name} open"

    # -- both ---------------------------------------------------------------------------------

    async def _run(self, one: _Console, user: WebSocket, agent: WebSocket) -> None:
        target, kind = one.target, one.lead.kind
        where = f"{one.lead.words} of {target.name} at {target.site}"
        end = End.lost
        await self._noted(f"{kind}.opened", target, f"{one.who} opened {where}")
        try:
            await user.accept(_protocol_of(user))
            is_port = kind == "port"
            end = await relay(user, agent, self._limits, one.cut, may_be_empty=is_port)
        except ENDS:
            end = End.lost
        finally:
            lasted_s = (self._plane.clock.now() - one.since).total_seconds()
            text = f"{one.who} had {where} open for {lasted_s:.0f} s: {end.name}"
            # Handed over first: a plane that is told to stop waits for nothing here.
            noted = self._noted(f"{kind}.closed", target, text)
            for socket in (user, agent):
                await hang_up(socket, end)
            await noted

    def _noted(self, kind: str, target: _Target, text: str) -> "asyncio.Future[None]":
        log.info("%s owner=%s", kind, target.mark.owner)
        now, subject = self._plane.clock.now(), target.mark.owner
        return asyncio.wrap_future(self._plane.store.submit(append_event, now, kind, subject, text))


def _find(tx: Tx, address: Address) -> _Target:
    overview = get_overview(tx, address)
    hold = get_hold(tx, overview.wanted.id)
    if hold is None or overview.place is None or hold.is_ending:
        raise NotRunning(f"{address.name} runs nowhere now", hint="hanza status says why")
    place, agent = overview.place, hold.agent
    if not manifest_versions(tx, [agent]):
        # Two copies of its key are alive, and nobody knows to which one the words would go.
        raise NotHere(f"the agent of {place.site} is not trusted now", hint="ask its operator")
    start = believed_starts(tx, [agent])[agent]
    return _Target(hold.mark, address.name, place.site, agent, start, place.heard_at)


def _caller_of(user: WebSocket) -> Caller:
    said = user.headers.get("authorization") or authorization_of(user.scope["subprotocols"])
    return Caller(said, "" if user.client is None else user.client.host)


def _protocol_of(user: WebSocket) -> str | None:
    """That of browsers, where it is offered; the token beside it is never said back."""
    return PROTOCOL if PROTOCOL in user.scope["subprotocols"] else None


async def _refuse(user: WebSocket, refusal: errors.Refusal) -> None:
    protocol = _protocol_of(user)
    if protocol is None:
        await user.send_denial_response(refusal_response(refusal, user.url.path))
        return
    await user.accept(protocol)
    await user.close(End.refused, reason_of(refusal.code, str(refusal)))


def _address_of(path: Mapping[str, str]) -> Address:
    if any("\0" in word for word in path.values()):
        raise NotFound("there is nothing of such a name")
    return Address(path["tenant"], path["workspace"], path["instance"])
