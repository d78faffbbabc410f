"""A resource as the standard's API knows it: who, what was asked, and the log of its states."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from hanza.model.kinds import Kind

Json: TypeAlias = Mapping[str, object]
"""A decoded JSON object."""

State: TypeAlias = Literal["pending", "creating", "active", "updating", "deleting", "error"]


@dataclass(frozen=True, slots=True)
class Path:
    """Where a resource is in the API.  `workspace` and `network` are empty where its kind has none.

    Names are unique without the region: a URN has none.
    """

    kind: Kind
    region: str
    tenant: str
    workspace: str
    name: str
    network: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """That a state was entered, when, and why, in words for people."""

    state: State
    since: datetime
    reason: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """What is the tenant's own, and is echoed as it was sent.  None where nothing was."""

    labels: Mapping[str, str] | None
    annotations: Mapping[str, str] | None
    extensions: Mapping[str, str] | None
    spec: Json


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource.  `conditions` is newest first; the newest is the state."""

    id: str
    path: Path
    words: Words
    version: int
    """Grows with every accepted change of a tenant's, and with nothing else."""
    created_at: datetime
    modified_at: datetime
    deleted_at: datetime | None
    conditions: tuple[Condition, ...]
    owed: int
    """Changes that were accepted before the one before was done; each is logged in its turn."""
    status: Json
    """Members of the status beside state and conditions."""

    @property
    def state(self) -> State:
        return self.conditions[0].state
