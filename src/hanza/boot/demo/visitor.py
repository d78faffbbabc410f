"""A visitor at a site: asks one guest for its page as somebody there would, and tells what came.

A program of its own, run in the site's network namespace, so that it sees what is seen there also
when nothing else does: `python -m hanza.boot.demo.visitor ADDRESS PORT`.  Promises: it waits and
reads within limits, follows nothing, and says in JSON what it got or why it got nothing.
"""

import http.client
import json
import sys
import time

WITHIN_S = 4.0
BYTES_MAX = 64 * 1024
AS = "hanza-demo-visitor"


def visit(address: str, port: int) -> dict[str, object]:
    """Status, media type, text and ms of the page at `/`; `trouble` instead when none came."""
    began = time.monotonic()
    line = http.client.HTTPConnection(address, port, timeout=WITHIN_S)
    try:
        line.request("GET", "/", headers={"user-agent": AS, "accept": "text/html, text/plain"})
        answer = line.getresponse()
        content = answer.read(BYTES_MAX + 1)
    except (OSError, http.client.HTTPException) as error:
        return {"trouble": f"{type(error).__name__}: {error}"[:200]}
    finally:
        line.close()
    if len(content) > BYTES_MAX:
        return {"trouble": f"the page has more than {BYTES_MAX} bytes"}
    return {
        "status": answer.status,
        "mediaType": answer.headers.get_content_type(),
        "text": content.decode("utf-8", "replace"),
        "ms": round((time.monotonic() - began) * 1000, 1),
    }


if __name__ == "__main__":
    print(json.dumps(visit(sys.argv[1], int(sys.argv[2]))))
