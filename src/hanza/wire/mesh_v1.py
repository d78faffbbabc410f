"""What agents ask each other: one datagram of 48 bytes there, one of 48 back.

    ask      "hzq1"  round  asker  nonce  mac        4 + 4 + 16 + 8 + 16 bytes
    answer   "hza1"  the same 28 bytes    mac

Whoever answers has a key from its plane, and the plane tells those who may ask it in a round a key
of that pair and round: HMAC-SHA256 of the answerer's key over round and asker.  So a datagram
without a right mac is answered by silence, an answer proves that it comes from whom the plane
meant, and nobody is ever sent more than it (or who pretends to be it) has sent.
"""

import hashlib
import hmac
import struct

from hanza.model.ids import AgentId
from hanza.plan.mesh import DATAGRAM_BYTES

KEY_BYTES = 32
NONCE_BYTES = 8
_ASK, _ANSWER = b"hzq1", b"hza1"
_MAC_BYTES = 16
_HEAD = struct.Struct(f">4sI16s{NONCE_BYTES}s")


def tag_of(agent: AgentId) -> bytes:
    """Who asks, in 16 bytes."""
    return hashlib.sha256(agent.encode()).digest()[:16]


def pair_key(answerer_key: bytes, number: int, asker: AgentId) -> bytes:
    """What one agent needs to ask another in one round."""
    said = b"hanza mesh v1\0" + struct.pack(">I", number) + tag_of(asker)
    return hmac.digest(answerer_key, said, "sha256")


def ask(key: bytes, number: int, asker: AgentId, nonce: bytes) -> bytes:
    """`key` is that of the pair; `nonce` is used once."""
    return _sealed(key, _HEAD.pack(_ASK, number, tag_of(asker), nonce))


def answer_to(answerer_key: bytes, number: int, datagram: bytes) -> bytes | None:
    """The answer; None for whatever was not asked rightly in this round or those beside it.

    The rounds beside count too, since not everybody is told of a round at once.
    """
    if len(datagram) != DATAGRAM_BYTES:
        return None
    head, mac = datagram[: _HEAD.size], datagram[_HEAD.size :]
    word, said, tag, _ = _HEAD.unpack(head)
    if word != _ASK or abs(said - number) > 1:
        return None
    secret = b"hanza mesh v1\0" + struct.pack(">I", said) + tag
    key = hmac.digest(answerer_key, secret, "sha256")
    if not hmac.compare_digest(mac, _mac(key, head)):
        return None
    return _sealed(key, _ANSWER + head[len(_ANSWER) :])


def is_answer(key: bytes, asked: bytes, datagram: bytes) -> bool:
    """Whether it is the one answer to what was asked."""
    head = _ANSWER + asked[len(_ANSWER) : _HEAD.size]
    return hmac.compare_digest(datagram, _sealed(key, head))


def _sealed(key: bytes, head: bytes) -> bytes:
    return head + _mac(key, head)


def _mac(key: bytes, head: bytes) -> bytes:
    return hmac.digest(key, head, "sha256")[:_MAC_BYTES]
