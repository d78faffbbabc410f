"""What a site decides and notes by itself, with or without a plane."""

from dataclasses import dataclass
from datetime import datetime

from hanza.model.guest import Mark

STOPPED = "local.stopped"
"""The code under which a guest that its provider stopped is reported."""


@dataclass(frozen=True, slots=True)
class LocalStop:
    """A run that the provider has stopped at the site, who did it, and why in their words."""

    mark: Mark
    since: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened at a site while no plane was there to be told.

    `kind` is `noun.verb`; `subject` is an instance's id, or empty for the site as a whole.
    """

    at: datetime
    kind: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class DiaryLine:
    """A happening with its place in the order; numbers of one agent only grow."""

    number: int
    happening: Happening
