"""Volumes as documents of `hanza.federation/v1`, see `wire.federation_v1`."""

from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from hanza.model.volume import SeenVolume, VolumeWanted
from hanza.plan.volumes import LOST, serial_of
from hanza.wire.federation_v1 import Metadata


class VolumeDocSpec(Struct):
    size_mib: int = field(name="sizeMiB")


class VolumeStatus(Struct, rename="camel"):
    """`pending` has no bytes yet; `device` is where a guest that has it attached finds it."""

    state: Literal["pending", "active", "deleting", "error"]
    size_mib: int = field(name="sizeMiB")
    site: str | None
    instance: str | None
    device: str
    reason: str | None
    reason_code: str | None
    pending_since: datetime | None = None
    """Since when what was asked for it waits: its site cannot know of it."""


class VolumeDoc(Struct):
    metadata: Metadata
    spec: VolumeDocSpec
    status: VolumeStatus


def volume_to_doc(
    wanted: VolumeWanted,
    site: str | None,
    instance: str | None,
    seen: SeenVolume | None,
    pending_since: datetime | None = None,
) -> VolumeDoc:
    """`seen` is the word on the stay in the books."""
    problem = None if seen is None else seen.problem
    state: Literal["pending", "active", "deleting", "error"] = "pending"
    if wanted.is_ended:
        state = "deleting"
    elif problem is not None and problem.code == LOST:
        state = "error"
    elif seen is not None and seen.presence == "present":
        state = "active"
    metadata = Metadata(
        wanted.id, wanted.name, wanted.tenant, wanted.workspace, 0, wanted.created_at
    )
    status = VolumeStatus(
        state,
        (seen.size_mib if seen else None) or 0,
        site,
        instance,
        f"/dev/disk/by-id/virtio-{serial_of(wanted.id)}",
        problem.text if problem else None,
        problem.code if problem else None,
        pending_since,
    )
    return VolumeDoc(metadata, VolumeDocSpec(wanted.size_mib), status)
