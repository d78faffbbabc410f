"""Files that only this agent can have written: content under a MAC with a key of the agent's own.

Promises: what was changed, cut, moved to another name or written by anybody who has not the
agent's key is told from what the agent wrote.  It hides nothing: the folder's rights do.  An old
file of the agent's own, put back whole, is good here; the plane notices it by the count of starts.
"""

import hashlib
import hmac

from hanza.model.errors import Invalid

MAGIC = b"HZS1"
MAC_BYTES = 32
_CONTEXT = b"hanza agent state 1\0"


class Tampered(Invalid):
    """A file of the agent's folder is not as the agent wrote it: it is not gone by."""

    code = "agent.tampered"


def sealing_key(seed: bytes) -> bytes:
    """A key for this and nothing else, from the 32 bytes of the agent's own."""
    return hmac.digest(seed, _CONTEXT + b"key", hashlib.sha256)


def sealed(key: bytes, name: str, content: bytes) -> bytes:
    return MAGIC + _mac(key, name, content) + content


def opened(key: bytes, name: str, file: bytes) -> bytes:
    """The content.  Raises `Tampered`."""
    head = len(MAGIC) + MAC_BYTES
    content = file[head:]
    is_ours = file[: len(MAGIC)] == MAGIC and hmac.compare_digest(
        file[len(MAGIC) : head], _mac(key, name, content)
    )
    if not is_ours:
        raise Tampered(
            f"the file {name!r} is not as this agent wrote it",
            hint="it is not gone by; the plane sends what is wanted at the next connection",
        )
    return content


def _mac(key: bytes, name: str, content: bytes) -> bytes:
    return hmac.digest(key, _CONTEXT + name.encode() + b"\0" + content, hashlib.sha256)
