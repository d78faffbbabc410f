"""What one scenario makes and remembers; it takes all of it away again.

Each scenario has a workspace of its own and random names, so scenarios run side by side.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from hanza_conformance.cloud import Cloud, new_name
from hanza_conformance.exchange import Blocked, Document, Exchange, Failed
from hanza_conformance.kinds import BY_NAME, Kind, Spec, ref

ACCEPTED = (200, 201)
GONE = (202, 404)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one resource is."""

    kind: Kind
    tenant: str
    name: str
    workspace: str | None = None
    network: str | None = None

    @property
    def resource(self) -> str:
        """As `metadata.resource` has it."""
        inside = f"networks/{self.network}/" if self.kind.scope == "network" else ""
        return f"{inside}{self.kind.collection}/{self.name}"

    @property
    def path(self) -> str:
        """Below the provider's base and version."""
        inside = "" if self.kind.scope == "tenant" else f"workspaces/{self.workspace}/"
        return f"tenants/{self.tenant}/{inside}{self.resource}"

    @property
    def urn(self) -> str:
        return f"{self.kind.provider}/v1/{self.path}"


@dataclass
class World:
    """One scenario's."""

    cloud: Cloud
    places: dict[str, Place] = field(default_factory=dict)
    """The usual one of each kind."""
    made: list[Place] = field(default_factory=list)
    """What was accepted, in order."""
    memo: dict[str, Any] = field(default_factory=dict)

    @property
    def tenant(self) -> str:
        return self.cloud.target.tenant

    def place(self, kind: str, name: str | None = None) -> Place:
        """Of the usual one; with a name, of another beside it."""
        if kind not in self.places:
            self.places[kind] = self._new_place(BY_NAME[kind], new_name(BY_NAME[kind].name))
        usual = self.places[kind]
        return usual if name is None else replace(usual, name=name)

    def _new_place(self, kind: Kind, name: str) -> Place:
        workspace = None if kind.scope == "tenant" else self.place("workspace").name
        network = self.place("network").name if kind.scope == "network" else None
        return Place(kind, self.tenant, name, workspace, network)

    def urn(self, kind: str, name: str | None = None) -> str:
        return self.place(kind, name).urn

    def ref(self, kind: str, name: str | None = None) -> Spec:
        return ref(self.urn(kind, name))

    def host(self, number: int) -> str:
        return str(ipaddress.ip_network(self.cloud.subnet_cidr(1))[number + 3])

    def body(self, kind: str, **more: Any) -> Document:
        """A valid document."""
        made = {"labels": {"suite": "conformance"}, "annotations": {"note": "may be deleted"}}
        return {**made, "spec": BY_NAME[kind].spec(self), **more}

    def url(self, place: Place) -> str:
        return f"{self.cloud.url_of(place.kind.provider)}/v1/{place.path}"

    def collection_url(self, place: Place) -> str:
        return self.url(place).rsplit("/", 1)[0]

    def put(self, place: Place, body: Document) -> Exchange:
        """What was accepted is remembered, and deleted in the end."""
        found = self.cloud.ask("PUT", self.url(place), body)
        if found.status < 400 and place not in self.made:
            self.made.append(place)
        return found

    def get(self, place: Place, headers: Mapping[str, str] | None = None) -> Exchange:
        return self.cloud.ask("GET", self.url(place), headers=headers)

    def delete(self, place: Place) -> Exchange:
        return self.cloud.ask("DELETE", self.url(place))

    def act(self, place: Place, action: str) -> Exchange:
        return self.cloud.ask("POST", f"{self.url(place)}/{action}")

    def get_active(self, place: Place) -> Exchange:
        """Look until it is active.  Raises `Failed` when it is not in time, or not there."""
        found = self.cloud.until(lambda: self.get(place), _is_settled)
        if found.status != 200:
            raise Failed("200", str(found.status), found)
        state = found.document().get("status", {}).get("state")
        if state != "active":
            within = f"active within {self.cloud.target.patience_s:g} s"
            raise Failed(within, str(state), found)
        return found

    def await_gone(self, place: Place) -> Exchange:
        found = self.cloud.until(lambda: self.get(place), lambda one: one.status == 404)
        if found.status != 404:
            raise Failed("404 once it is deleted", str(found.status), found)
        return found

    def make(self, place: Place, **changes: Any) -> Exchange:
        """Raises `Failed` when it is not accepted."""
        found = self.put(place, self.body(place.kind.name, **changes))
        if found.status not in ACCEPTED:
            raise Failed("201", str(found.status), found)
        return found

    def prepare(self, kind: str) -> None:
        """Make what the kind needs, without waiting for any of it."""
        row = BY_NAME[kind]
        if row.scope != "tenant":
            self.ensure("workspace")
        if row.scope == "network":
            self.ensure("network")
        for one in row.needs:
            self.ensure(one)

    def ensure(self, kind: str) -> None:
        """Make the usual one of a kind and what it needs, unless it was made."""
        place = self.place(kind)
        if place not in self.made:
            self.prepare(kind)
            self.make(place)

    def recall(self, step: str) -> Exchange:
        """What a step before this one was answered.  Raises `Blocked` when it failed."""
        if step not in self.memo:
            raise Blocked(f"{step} failed")
        found = self.memo[step]
        assert isinstance(found, Exchange)
        return found

    def clean_up(self) -> list[Exchange]:
        """Delete everything, newest first; what would not go."""
        stuck = []
        for place in reversed(self.made):
            last = self.cloud.until(
                partial(self.delete, place),
                lambda one: one.status in GONE or one.status == 200,
            )
            if last.status not in GONE and last.status != 200:
                stuck.append(last)
        return stuck


def _is_settled(found: Exchange) -> bool:
    if found.status != 200:
        return True
    return bool(found.document().get("status", {}).get("state") == "active")
