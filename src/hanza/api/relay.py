"""Two WebSockets joined: what a tenant types goes to an agent, what a guest says comes back.

Promises: one frame each way is in hand, so a slow side slows the other and fills no memory; what
breaks the rules of `wire.console_v1` ends it; it always says how it ended.  Who may have a
console, and what is written down of it, is `console`'s.
"""

import asyncio
import contextlib
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from hanza.wire.console_v1 import FRAME_BYTES_MAX, End, end_of

CLOSE_WITHIN_S = 5.0
SAY_WHY_WITHIN_S = 0.2
ENDS = (WebSocketDisconnect, TimeoutError, OSError, RuntimeError)
"""What a socket raises that is gone or stuck."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one plane; times in seconds."""

    consoles: int = 256
    of_a_tenant: int = 16
    ports: int = 1024
    """Connections to ports; each is one of TCP at its user."""
    ports_of_a_tenant: int = 64
    answer_s: float = 15.0
    idle_s: float = 900.0
    """Without a byte typed."""
    open_s: float = 14400.0
    """In all, so that a token that is too old does not type for ever."""
    stuck_s: float = 30.0
    """For one frame to be taken."""


async def relay(
    user: WebSocket,
    agent: WebSocket,
    limits: Limits,
    cut: asyncio.Event,
    *,
    may_be_empty: bool = False,
) -> End:
    """Until either side is gone, a limit is reached or it is cut; how it ended.

    `may_be_empty`: an empty frame says that one side has no more to say, and listens on.
    """
    ways = [
        asyncio.create_task(_await_cut(cut)),
        asyncio.create_task(_pass_up(user, agent, limits, 0 if may_be_empty else 1)),
        asyncio.create_task(_pass_down(agent, user, limits)),
    ]
    try:
        done, left = await asyncio.wait(
            ways, timeout=limits.open_s, return_when=asyncio.FIRST_COMPLETED
        )
        if done and left and not cut.is_set():
            # Both may have ended at once, and one of them knows more of why.
            done |= (await asyncio.wait(left, timeout=SAY_WHY_WITHIN_S))[0]
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
    if not done:
        return End.expired
    hows = [way.result() for way in ways if way in done]
    return next((how for how in hows if how is not End.lost), End.lost)


async def _await_cut(cut: asyncio.Event) -> End:
    await cut.wait()
    return End.lost


async def _pass_up(user: WebSocket, agent: WebSocket, limits: Limits, least: int) -> End:
    loop = asyncio.get_running_loop()
    idle_at = loop.time() + limits.idle_s
    while True:
        try:
            async with asyncio.timeout_at(idle_at):
                message = await user.receive()
        except TimeoutError:
            return End.idle
        if message["type"] != "websocket.receive":
            return End.left
        typed = message.get("bytes")
        if not isinstance(typed, bytes) or not least <= len(typed) <= FRAME_BYTES_MAX:
            return End.unruly
        idle_at = loop.time() + limits.idle_s
        if not await _is_sent(agent, typed, limits):
            return End.lost


async def _pass_down(agent: WebSocket, user: WebSocket, limits: Limits) -> End:
    while True:
        message = await agent.receive()
        if message["type"] != "websocket.receive":
            return end_of(message.get("code"))
        said = message.get("bytes")
        if not isinstance(said, bytes) or len(said) > FRAME_BYTES_MAX:
            return End.lost
        if not await _is_sent(user, said, limits):
            return End.lost


async def _is_sent(socket: WebSocket, frame: bytes, limits: Limits) -> bool:
    try:
        async with asyncio.timeout(limits.stuck_s):
            await socket.send_bytes(frame)
    except ENDS:
        return False
    return True


async def hang_up(socket: WebSocket, end: End) -> None:
    if socket.client_state is not WebSocketState.CONNECTED:
        return
    with contextlib.suppress(*ENDS):
        async with asyncio.timeout(CLOSE_WITHIN_S):
            await socket.close(end, end.name)
