"""Publishing: the only way a number is given to a manifest.

Taking the next number is the first statement of the transaction and the content is read in the
same transaction, so any number of planes may publish and none can say old things under a new
number.  The last few manifests are kept, so that an agent that was away gets a delta.
"""

import functools
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from hanza.model.errors import Refusal
from hanza.model.guest import Mark
from hanza.model.ids import AgentId, InstanceId, VolumeId
from hanza.model.image import BLANK, Bundle
from hanza.model.manifest import Entry, Hash, Manifest, Tombstone, Version
from hanza.model.volume import Stay, VolumeEntry, VolumeTombstone
from hanza.plan.manifest import hash_of, is_worth_saying, manifest_of
from hanza.store.images import BUNDLE_COLUMNS, bundle_from_row
from hanza.store.instances import data_volumes_from_row, spec_from_row
from hanza.store.prepared import Prepared, Row, changing, inserting
from hanza.store.remade import LARGE, Remade
from hanza.store.schema import agents, bundles, holds, hosts, instances, manifests, volumes
from hanza.store.tx import Tx
from hanza.wire import agent_v1 as v1
from hanza.wire.agent_words import manifest_from_wire, manifest_to_wire

KEPT = 16
LAST, SMALL = 4, 2_000
"""Manifests of each agent that are remembered, and the most items of one that is."""
_REMEMBERED: dict[AgentId, dict[Hash, Manifest]] = {}
REMEMBERED_MAX = 1_024
"""Agents."""
_ENTRIES: Remade[Entry] = Remade(kept=20_000)
_VOLUMES: Remade[VolumeEntry] = Remade(kept=20_000)


class NothingNew(Refusal):
    """The manifest in force says all of it; the number is given back with the savepoint."""

    code = "manifest.nothing_new"


def publish_manifest(tx: Tx, agent: AgentId, now: datetime) -> Manifest:
    """Cut the agent's next manifest.  Raises `NothingNew` when it would repeat the last."""
    row = _NEXT.first(tx, {"b_id": agent})
    assert row is not None, "only of agents that there are"
    version, parent = Version(row.epoch, row.manifest_no), bytes(row.manifest_hash)
    manifest = _wanted_at(tx, agent, version, parent)
    held = find_manifest(tx, agent, parent)
    if not is_worth_saying(held, manifest):
        raise NothingNew("nothing has changed")
    digest = hash_of(manifest)
    _SET_HASH.run(tx, {"b_id": agent, "manifest_hash": digest})
    row = {
        "agent_id": agent,
        "epoch": version.epoch,
        "number": version.number,
        "hash": digest,
        "body": v1.encode(manifest_to_wire(manifest)),
        "published_at": now,
    }
    _INSERT.run(tx, row)
    _remember(manifest, digest)
    _DROP_OLD.run(tx, {"b_id": agent, "old": version.number - KEPT})
    return manifest


def find_manifest(tx: Tx, agent: AgentId, digest: Hash) -> Manifest | None:
    """The manifest that has this hash, if it is recent enough to be kept.

    What a hash stands for never changes, so those that were used last are remembered.
    """
    known = _REMEMBERED.get(agent, {}).get(digest)
    if known is None:
        known = _read_manifest(tx, agent, digest)
        if known is not None:
            _remember(known, digest)
    return known


def _remember(manifest: Manifest, digest: Hash) -> None:
    """Those of large sites are read each time: they would fill the memory."""
    if len(manifest.entries) + len(manifest.volumes) > SMALL:
        return
    if len(_REMEMBERED) >= REMEMBERED_MAX and manifest.agent not in _REMEMBERED:
        _REMEMBERED.clear()
    # Replaced and never changed: whoever looks meanwhile finds the one or the other.
    last = {**_REMEMBERED.get(manifest.agent, {}), digest: manifest}
    # The newest, not those asked for last: an agent that lags must not push out its next ones.
    newest = sorted(last.items(), key=lambda item: item[1].version)[-LAST:]
    _REMEMBERED[manifest.agent] = dict(newest)


def _read_manifest(tx: Tx, agent: AgentId, digest: Hash) -> Manifest | None:
    row = _BODY.first(tx, {"b_id": agent, "hash": digest})
    if row is None:
        return None
    whole = v1.decode_down(bytes(row.body))
    assert isinstance(whole, v1.ManifestWhole), "only whole manifests are kept"
    return manifest_from_wire(whole)


_IS_AGENT = agents.c.id == sa.bindparam("b_id")
_ITS_MANIFEST = manifests.c.agent_id == sa.bindparam("b_id")
_NEXT = Prepared(
    sa.update(agents)
    .where(_IS_AGENT)
    .values(manifest_no=agents.c.manifest_no + 1)
    .returning(agents.c.epoch, agents.c.manifest_no, agents.c.manifest_hash)
)
_SET_HASH = Prepared(changing(agents, "manifest_hash").where(_IS_AGENT))
_INSERT = Prepared(
    inserting(manifests, "agent_id", "epoch", "number", "hash", "body", "published_at")
)
_DROP_OLD = Prepared(
    sa.delete(manifests).where(_ITS_MANIFEST, manifests.c.number <= sa.bindparam("old"))
)
_BODY = Prepared(
    sa.select(manifests.c.body).where(_ITS_MANIFEST, manifests.c.hash == sa.bindparam("hash"))
)


@functools.cache
def _held_at() -> Prepared:
    return Prepared(
        sa.select(
            holds.c.instance_id,
            holds.c.run_epoch,
            holds.c.is_ending,
            holds.c.is_confirmed,
            holds.c.cpus,
            holds.c.memory_mib,
            # Who boots from a volume holds no disk of its own.
            sa.case(
                (instances.c.boot_volume.is_not(None), instances.c.disk_mib),
                else_=holds.c.disk_mib,
            ).label("disk_mib"),
            hosts.c.name.label("host"),
            instances.c.name,
            instances.c.image,
            sa.case(
                (instances.c.restarts > instances.c.restarts_done, "off"),
                else_=instances.c.power,
            ).label("power"),
            instances.c.bundle_id,
            instances.c.boot_volume,
            instances.c.data_volumes,
            instances.c.hostname,
            instances.c.ssh_keys,
            instances.c.user_data,
            instances.c.ports,
            *BUNDLE_COLUMNS,
        )
        .join(hosts, hosts.c.id == holds.c.host_id)
        .join(instances, instances.c.id == holds.c.instance_id)
        .outerjoin(bundles, bundles.c.id == instances.c.bundle_id)
        .where(holds.c.agent_id == sa.bindparam("b_id"))
    )


def _wanted_at(tx: Tx, agent: AgentId, version: Version, parent: Hash) -> Manifest:
    entries, tombstones = [], []
    kept = _volumes_at(tx, agent)
    needed: dict[str, Bundle] = dict(kept.bundles)
    known = _ENTRIES.begin(agent)
    for row in _held_at().all(tx, {"b_id": agent}):
        if row.is_ending:
            tombstones.append(Tombstone(_mark_of(row), row.is_confirmed))
            continue
        if row.bundle_id is not None and row.bundle_id not in needed:
            needed[row.bundle_id] = bundle_from_row(row)
        plugged = _plugged(row, kept)
        make = functools.partial(_entry_of, row, plugged)
        is_large = len(row.user_data) > LARGE
        entries.append(make() if is_large else known.of(row.instance_id, (row, plugged), make))
    _ENTRIES.keep(agent, known)
    others: list[Bundle | VolumeEntry | VolumeTombstone]
    others = [*needed.values(), *kept.entries, *kept.tombstones]
    return manifest_of(agent, version, parent, entries, tombstones, others)


def _mark_of(row: Row) -> Mark:
    return Mark(InstanceId(row.instance_id), row.run_epoch)


def _plugged(row: Row, kept: "_Kept") -> tuple[VolumeId, ...]:
    return tuple(
        volume
        for volume in data_volumes_from_row(row)
        if kept.attached.get(volume) == row.instance_id
    )


def _entry_of(row: Row, plugged: tuple[VolumeId, ...]) -> Entry:
    spec = spec_from_row(row, row.bundle_id or row.image)
    return Entry(_mark_of(row), row.host, spec, row.power, plugged)


@dataclass(slots=True)
class _Kept:
    """The volumes at one agent; `attached` tells to which instance each is."""

    entries: list[VolumeEntry] = field(default_factory=list)
    tombstones: list[VolumeTombstone] = field(default_factory=list)
    bundles: dict[str, Bundle] = field(default_factory=dict)
    attached: dict[VolumeId, InstanceId] = field(default_factory=dict)


def _volumes_at(tx: Tx, agent: AgentId) -> _Kept:
    kept, known = _Kept(), _VOLUMES.begin(agent)
    for row in _kept_at().all(tx, {"b_id": agent}):
        if row.is_leaving:
            kept.tombstones.append(VolumeTombstone(_stay_of(row)))
            continue
        kept.entries.append(known.of(row.id, row, functools.partial(_volume_of, row)))
        if row.bundle_id is not None and row.bundle_id not in kept.bundles:
            kept.bundles[row.bundle_id] = bundle_from_row(row)
        if row.instance_id is not None:
            kept.attached[VolumeId(row.id)] = InstanceId(row.instance_id)
    _VOLUMES.keep(agent, known)
    return kept


def _stay_of(row: Row) -> Stay:
    return Stay(VolumeId(row.id), row.stays)


def _volume_of(row: Row) -> VolumeEntry:
    return VolumeEntry(_stay_of(row), row.host, row.held_mib, row.bundle_id or BLANK, row.is_made)


@functools.cache
def _kept_at() -> Prepared:
    return Prepared(
        sa.select(
            volumes.c.id,
            volumes.c.stays,
            volumes.c.is_leaving,
            volumes.c.is_made,
            volumes.c.held_mib,
            volumes.c.bundle_id,
            volumes.c.instance_id,
            hosts.c.name.label("host"),
            *BUNDLE_COLUMNS,
        )
        .join(hosts, hosts.c.id == volumes.c.host_id)
        .outerjoin(bundles, bundles.c.id == volumes.c.bundle_id)
        .where(volumes.c.agent_id == sa.bindparam("b_id"))
    )
