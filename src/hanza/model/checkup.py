"""What an agent's doctor found out about its machine."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Level: TypeAlias = Literal["good", "fair", "poor", "unknown"]
"""`poor` keeps a site from joining; `unknown` is what could not be found out."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried: what was found, and the line that mends it where that is needed."""

    check: str
    level: Level
    text: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Checkup:
    """All that was found at once; the score is from 0 to 100."""

    at: datetime
    score: int
    findings: tuple[Finding, ...]
