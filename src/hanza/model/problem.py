"""Why something is not as wanted, and whether it is there: words of every report."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Presence: TypeAlias = Literal["present", "absent", "unknown"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something is not as wanted: a stable code, a sentence, and since when."""

    code: str
    text: str
    since: datetime
