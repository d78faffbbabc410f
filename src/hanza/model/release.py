"""A release of the agent: what is in force once its signature was found good.

The bytes are an archive that is named by its SHA-256; what is signed is the statement about it.
"""

from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

Consent: TypeAlias = Literal["always", "asked", "never"]
"""What somebody's policy says of updates: by themselves, each with its word, or none."""


@dataclass(frozen=True, slots=True)
class Release:
    """What a signer says of one archive."""

    version: str
    """MAJOR.MINOR.PATCH."""
    tag: str
    """For which Python, ABI and platform: as CPython names its extensions (SOABI)."""
    digest: str
    """SHA-256 of the archive, as 64 hexadecimal digits."""
    size: int
    """Of the archive, in bytes."""
    signed_at: datetime
    expires_at: datetime
    back_from: str = ""
    """The one version from which it may be gone back to this one; none when empty."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement as it travels: its bytes, and by which key (32 bytes) they were signed."""

    statement: bytes
    key: bytes
    signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Revocation:
    """A key's last word: that it counts no more.  Only who has the key can have said it."""

    key: bytes
    signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class UpdateRules:
    """What a site's own people have said of updates; it is asked at the agent, whoever asks."""

    consent: Consent = "asked"
    words: Set[str] = frozenset()
    """Versions that they have said yes to, each by itself."""
    keys: Set[bytes] = frozenset()
    """Whose signatures count; nobody's when empty."""
    forgiven: int = 0
    """Up to which of the launcher's returns it may be tried again."""
