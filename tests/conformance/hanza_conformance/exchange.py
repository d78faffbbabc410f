"""One request and what came back, kept so that a failure can be told; and why a check failed."""

import json
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]
SHOWN_CHARACTERS_MAX = 1500


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request without its token, and its answer."""

    method: str
    url: str
    sent: Document | None
    status: int
    headers: dict[str, str]
    text: str

    def document(self) -> Document:
        """The answer as a JSON object.  Raises `Failed` when it is none."""
        try:
            found = json.loads(self.text)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Failed("a JSON object", self.text[:200] or "an empty body", self)
        return found

    @property
    def request_words(self) -> str:
        body = "" if self.sent is None else f" {_short(json.dumps(self.sent))}"
        return f"{self.method} {self.url}{body}"

    @property
    def answer_words(self) -> str:
        return f"{self.status} {_short(self.text)}".rstrip()


class Failed(Exception):
    """The cloud did otherwise than the standard says."""

    def __init__(self, expected: str, got: str, exchange: Exchange | None = None) -> None:
        super().__init__(f"expected {expected}, got {got}")
        self.expected = expected
        self.got = got
        self.exchange = exchange


class Blocked(Exception):
    """The check could not be made, because one that it builds on failed."""


@dataclass(frozen=True, slots=True)
class Unanswered(Exception):
    """Nobody answered at all."""

    method: str
    url: str
    reason: str = field(default="")


def _short(text: str) -> str:
    if len(text) <= SHOWN_CHARACTERS_MAX:
        return text
    return f"{text[:SHOWN_CHARACTERS_MAX]}… ({len(text)} characters)"
