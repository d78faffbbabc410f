"""What a plane tells an agent to have: manifests; part of `agent_v1`, which says when."""

from typing import Annotated

from msgspec import Meta, Struct

from hanza.model.guest import Power
from hanza.plan.seed import SSH_KEY_CHARACTERS_MAX, USER_DATA_BYTES_MAX
from hanza.wire.agent_nearness_v1 import Count, Digest, Text
from hanza.wire.agent_reach_v1 import MarkW

SshKey = Annotated[str, Meta(max_length=SSH_KEY_CHARACTERS_MAX)]
UserData = Annotated[str, Meta(max_length=USER_DATA_BYTES_MAX)]
ITEMS_MAX = 50_000
"""Guests or hosts that one agent can speak of."""
VOLUMES_MAX = 64
"""Of one guest, besides the one that it boots from."""


class PortW(Struct, array_like=True):
    port: Count
    to: Count


class SpecW(Struct, array_like=True):
    name: Text
    image: Text
    cpus: Count
    memory_mib: Count
    disk_mib: Count
    hostname: Text = ""
    ssh_keys: list[SshKey] = []
    user_data: UserData = ""
    ports: list[PortW] = []
    boot_volume: Text | None = None

    def __repr__(self) -> str:
        """User data may hold secrets."""
        return f"SpecW({self.name!r}, {self.image!r}, ...)"


class EntryW(Struct, array_like=True):
    mark: MarkW
    host: Text
    spec: SpecW
    power: Power
    volumes: Annotated[list[Text], Meta(max_length=VOLUMES_MAX)] = []


class StayW(Struct, array_like=True):
    volume: Text
    number: Count


class VolumeW(Struct, array_like=True):
    stay: StayW
    host: Text
    size_mib: Count
    image: Text
    is_made: bool


class BlobW(Struct, array_like=True):
    id: Text
    size: Count


class BundleW(Struct, array_like=True):
    id: Text
    disk: BlobW | None
    kernel: BlobW | None
    initrd: BlobW | None
    cmdline: Text


class VersionW(Struct, array_like=True):
    epoch: Count
    number: Count


class ManifestWhole(Struct, array_like=True, tag="manifest"):
    agent: Text
    version: VersionW
    parent: Digest
    hash: Digest
    entries: Annotated[list[EntryW], Meta(max_length=ITEMS_MAX)]
    tombstones: Annotated[list[MarkW], Meta(max_length=ITEMS_MAX)]
    bundles: Annotated[list[BundleW], Meta(max_length=ITEMS_MAX)] = []
    volumes: Annotated[list[VolumeW], Meta(max_length=ITEMS_MAX)] = []
    volume_tombstones: Annotated[list[StayW], Meta(max_length=ITEMS_MAX)] = []
    confirmed: Annotated[list[MarkW], Meta(max_length=ITEMS_MAX)] = []
    """Those of the tombstones that a person has confirmed."""


class ManifestDelta(Struct, array_like=True, tag="delta"):
    agent: Text
    base: Digest
    version: VersionW
    parent: Digest
    hash: Digest
    put_entries: list[EntryW]
    drop_entries: list[MarkW]
    put_tombstones: list[MarkW]
    drop_tombstones: list[MarkW]
    put_bundles: list[BundleW] = []
    drop_bundles: list[Text] = []
    put_volumes: list[VolumeW] = []
    drop_volumes: list[StayW] = []
    put_volume_tombstones: list[StayW] = []
    drop_volume_tombstones: list[StayW] = []
    confirmed: list[MarkW] = []
    """Those of `put_tombstones` that a person has confirmed."""
