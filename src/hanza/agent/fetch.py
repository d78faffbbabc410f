"""Blobs from whichever plane gives them, over HTTPS that trusts the federation's root alone.

Promises: each request is signed by the agent's key for its path and its second; nothing is
believed of what comes but by its hash, which is whoever calls us to compare; a plane that is
silent is left after `TIMEOUT_S`.  It writes nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Protocol

import msgspec

from hanza.agent.address import Address
from hanza.agent.link import trust_only
from hanza.agent.session import Speaker
from hanza.agent.wires import ProxyOf, http_over, no_proxy
from hanza.kit.clock import Clock
from hanza.model.errors import Unavailable
from hanza.model.image import Blob
from hanza.wire.agent_v1 import blob_path
from hanza.wire.credentials import sign_fetch

TIMEOUT_S = 30.0
CHUNK_BYTES = 2**18
PROBLEM_BYTES_MAX = 4096


class Fetch(Protocol):
    """How a blob's bytes are had: `PlaneFetch`, or a stand-in that needs no network."""

    def __call__(self, blob: Blob, offset: int) -> Iterator[bytes]:
        """The bytes from the offset on.  Raises `Unavailable`, also in the middle."""


class _Problem(msgspec.Struct):
    detail: str = ""
    code: str = ""


class PlaneFetch:
    def __init__(
        self,
        addresses: Callable[[], tuple[Address, ...]],
        speaker: Speaker,
        clock: Clock,
        root: Path | None,
        proxy: ProxyOf = no_proxy,
    ) -> None:
        """`root` is the federation's root certificate; None for plain HTTP on loopback."""
        self._addresses = addresses
        self._speaker = speaker
        self._clock = clock
        self._proxy = proxy
        self._context = None if root is None else trust_only(root.read_text())

    def __call__(self, blob: Blob, offset: int) -> Iterator[bytes]:
        """Every plane is asked until one has begun to answer."""
        refused: list[str] = []
        for address in self._addresses():
            has_begun = False
            try:
                with self._asked(address, blob, offset) as answer:
                    if answer.status not in (200, 206):
                        refused.append(f"{address.host}:{address.port}: {_words_of(answer)}")
                        continue
                    for chunk in _bytes_of(answer, offset if answer.status == 200 else 0):
                        has_begun = True
                        yield chunk
                    return
            except (OSError, HTTPException) as error:
                refused.append(f"{address.host}:{address.port}: {error or type(error).__name__}")
                if has_begun:
                    # Another one would begin again, and not where this one was cut.
                    break
        raise Unavailable("; ".join(refused))

    @contextmanager
    def _asked(self, address: Address, blob: Blob, offset: int) -> Iterator[HTTPResponse]:
        speaker, path = self._speaker, blob_path(blob.id)
        proof = sign_fetch(speaker.key, speaker.agent, path, self._clock.now(), speaker.pin)
        headers = {"Authorization": proof}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        connection = http_over(address, self._context, self._proxy(address), TIMEOUT_S)
        try:
            connection.request("GET", address.path + path, headers=headers)
            with connection.getresponse() as answer:
                yield answer
        finally:
            connection.close()


def _bytes_of(answer: HTTPResponse, skip: int) -> Iterator[bytes]:
    """`skip` is what a plane sends again that does not serve ranges."""
    while chunk := answer.read(CHUNK_BYTES):
        kept = chunk[skip:]
        skip -= len(chunk) - len(kept)
        if kept:
            yield kept


def _words_of(answer: HTTPResponse) -> str:
    try:
        problem = msgspec.json.decode(answer.read(PROBLEM_BYTES_MAX), type=_Problem)
    except msgspec.DecodeError:
        problem = _Problem()
    return f"{problem.detail or answer.status}" + (f" ({problem.code})" if problem.code else "")
