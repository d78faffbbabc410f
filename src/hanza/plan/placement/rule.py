"""What a rule is: something that tells what a host lacks, with the numbers, or nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from hanza.plan.placement.candidate import Candidate, Ground


@dataclass(frozen=True, slots=True)
class Lack:
    """Why one rule refuses one host."""

    rule: str
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """`says` completes the sentence "so many hosts are …"; `lack` is what a ground lacks."""

    name: str
    key: str
    says: str
    lack: Callable[[Ground], str | None]


@dataclass(frozen=True, slots=True)
class HostRule:
    """As a rule, for what differs between the hosts of one site."""

    name: str
    says: str
    lack: Callable[[Candidate], str | None]
    key: str = ""
