"""What the machine and the HTTP server allow: uvicorn, uvloop, httptools, and nothing behind.

    python -m bench.bare PORT

Every GET is answered with the same bytes, of the size of an instance's document.
"""

import sys
from typing import Any

import uvicorn

BODY = b'{"x":"' + b"x" * 1000 + b'"}'
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(BODY)).encode()),
    ],
}
END = {"type": "http.response.body", "body": BODY}


async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 -- ASGI
    await send(START)
    await send(END)


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
    )
