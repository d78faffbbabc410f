"""Updates of the agent itself; part of `agent_v1`, which says when.

UpdateWanted(signed, attempt) ──────────►      to who can be updated: at once, and when it changes
◄─────────── Running(…)                        after the first of these, and when it is news
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from hanza.wire.agent_nearness_v1 import Count, Digest, Text
from hanza.wire.release_v1 import SIGNATURE_BYTES, STATEMENT_BYTES_MAX

UPDATES = "updates"
"""The ability to be updated: who has it is told which release is wanted."""
WORDS_MAX = KEYS_MAX = 32


class RevokedW(Struct, array_like=True):
    """A key of releases, and its own signature that it counts no more."""

    key: Digest
    signature: Annotated[bytes, Meta(max_length=SIGNATURE_BYTES)]


class UpdateWanted(Struct, array_like=True, tag="update"):
    """Empty when none is wanted.  A higher attempt means: try again what was given up."""

    statement: Annotated[bytes, Meta(max_length=STATEMENT_BYTES_MAX)] = b""
    key: Annotated[bytes, Meta(max_length=32)] = b""
    signature: Annotated[bytes, Meta(max_length=SIGNATURE_BYTES)] = b""
    attempt: Count = 0
    revoked: Annotated[list[RevokedW], Meta(max_length=KEYS_MAX)] = []
    """Keys that count no more, whoever has pinned them."""


class Running(Struct, array_like=True, tag="running"):
    """What runs, what the site's people let be run, and how far what is wanted has come."""

    version: Text
    tag: Text
    consent: Literal["always", "asked", "never"]
    words: Annotated[list[Text], Meta(max_length=WORDS_MAX)]
    keys: Annotated[list[Digest], Meta(max_length=KEYS_MAX)]
    can_return: bool
    """Whether a launcher runs it; without one it takes no release."""
    condition: Literal["none", "under_way", "failed"] = "none"
    about: Text = ""
    """Of which version the condition is said."""
    attempt: Count = 0
    why: Text = ""
