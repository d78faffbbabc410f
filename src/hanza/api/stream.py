"""A request's body as it comes, for a handler that runs in a thread of its own.

Promises: who sends too slowly or hangs up is refused, and never keeps a thread for longer than
`CHUNK_WITHIN_S` a chunk.
"""

import asyncio
from collections.abc import Iterator

from starlette.requests import ClientDisconnect, Request

from hanza.model.errors import Invalid, TooSlow

STREAMS_MAX = 4
CHUNK_WITHIN_S = 60.0


def chunks_of(request: Request, loop: asyncio.AbstractEventLoop) -> Iterator[bytes]:
    """To be read in another thread than the loop's.  Raises `Invalid` for a body cut short."""
    stream = aiter(request.stream())

    async def fetch_next() -> bytes | None:
        return await anext(stream, None)

    while True:
        coming = asyncio.run_coroutine_threadsafe(fetch_next(), loop)
        try:
            chunk = coming.result(CHUNK_WITHIN_S)
        except TimeoutError as error:
            coming.cancel()
            raise TooSlow("the upload came to a halt", field="body") from error
        except ClientDisconnect as error:
            raise Invalid("the upload was cut short", field="body") from error
        if chunk is None:
            return
        yield chunk
