"""How manifests are hashed, compared, shortened and restored.

The hash is SHA-256 over canonical JSON (sorted keys, no spaces, UTF-8; as RFC 8785 for the
values used here) of agent, version, parent and content.  A delta names the hash it starts
from and the one it must end at: applied to anything else, or forged, it does not add up.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, TypeAlias, TypeVar

from hanza.kit.memo import Memo
from hanza.model.errors import Conflict
from hanza.model.guest import Mark
from hanza.model.ids import AgentId
from hanza.model.image import Bundle, BundleId
from hanza.model.manifest import Delta, Entry, Hash, Manifest, Tombstone, Version
from hanza.model.volume import Stay, VolumeEntry, VolumeTombstone

T = TypeVar("T", Entry, Tombstone)
V = TypeVar("V", VolumeEntry, VolumeTombstone)
K = TypeVar("K")
Kept = TypeVar("Kept")
Item: TypeAlias = Entry | Tombstone | Bundle | VolumeEntry | VolumeTombstone
VOLUMES = frozenset({"boot_volume", "volumes", "volume_tombstones"})
LATER = VOLUMES | {"bundles", "hostname", "is_confirmed", "ports", "ssh_keys", "user_data"}
"""Members that manifests have had since images have content, and since there are volumes."""
Judgement: TypeAlias = Literal["take", "held", "older", "forked"]


def _text_of(item: Item) -> str:
    """The item's part of the canonical text."""
    return _canonical(_said(item))


# Of a large manifest a change touches little.  What tenants may make large at will is not kept.
_TEXTS: Memo[Item, str] = Memo(_text_of, kept=20_000, is_kept=lambda text: len(text) <= 2_048)


def manifest_of(
    agent: AgentId,
    version: Version,
    parent: Hash,
    entries: Iterable[Entry],
    tombstones: Iterable[Tombstone],
    others: Iterable[Bundle | VolumeEntry | VolumeTombstone] = (),
) -> Manifest:
    """A manifest in canonical order, whatever order its content came in."""
    others = list(others)
    return Manifest(
        agent,
        version,
        parent,
        tuple(sorted(entries, key=lambda e: _key(e.mark))),
        tuple(sorted(tombstones, key=lambda t: _key(t.mark))),
        tuple(sorted((b for b in others if isinstance(b, Bundle)), key=lambda b: b.id)),
        tuple(sorted((v for v in others if isinstance(v, VolumeEntry)), key=_stay)),
        tuple(sorted((t for t in others if isinstance(t, VolumeTombstone)), key=_stay)),
    )


def hash_of(manifest: Manifest) -> Hash:
    """32 bytes that change when anything in the manifest does."""
    return _HASHES.of(manifest)


def _digest_of(manifest: Manifest) -> Hash:
    listed: dict[str, Sequence[Item]] = {
        "bundles": manifest.bundles,
        "entries": manifest.entries,
        "tombstones": manifest.tombstones,
        "volume_tombstones": manifest.volume_tombstones,
        "volumes": manifest.volumes,
    }
    members = {
        "agent": _canonical(manifest.agent),
        "parent": _canonical(manifest.parent.hex()),
        "version": _canonical(_said(manifest.version)),
    } | {
        name: f"[{','.join(map(_TEXTS.of, items))}]"
        for name, items in listed.items()
        if items or name not in LATER
    }
    text = ",".join(f'"{name}":{members[name]}' for name in sorted(members))
    return hashlib.sha256(f"{{{text}}}".encode("utf-8", "surrogatepass")).digest()


# Whoever takes or cuts one asks several times in a row.
_HASHES: Memo[Manifest, Hash] = Memo(_digest_of, kept=4)


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _said(value: Any) -> object:
    """As plain values.  What came later is left out where it says nothing: older manifests keep
    their hash."""
    if isinstance(value, tuple):
        return [_said(one) for one in value]
    names = _names_of(type(value))
    if not names:
        return value
    members = ((name, getattr(value, name)) for name in names)
    return {name: _said(one) for name, one in members if one or name not in LATER}


_NAMES: dict[type[Any], tuple[str, ...]] = {}


def _names_of(kind: type[Any]) -> tuple[str, ...]:
    """Of its members; nothing for what is no noun of ours."""
    if kind not in _NAMES:
        _NAMES[kind] = tuple(one.name for one in fields(kind)) if is_dataclass(kind) else ()
    return _NAMES[kind]


def says_the_same(one: Manifest, other: Manifest) -> bool:
    """Whether publishing `other` after `one` would tell the agent nothing new."""
    return replace(one, version=other.version, parent=other.parent) == other


def is_empty(manifest: Manifest) -> bool:
    """Whether it wants nothing and ends nothing."""
    wanted = manifest.entries or manifest.volumes
    return not (wanted or manifest.tombstones or manifest.volume_tombstones)


def is_worth_saying(last: Manifest | None, new: Manifest) -> bool:
    """Whether a manifest is published: it tells more than the last, or is the first to tell any."""
    return not (is_empty(new) if last is None else says_the_same(last, new))


def judge(held: Manifest | None, version: Version, parent: Hash, offered: Hash) -> Judgement:
    """What to do with an offered manifest.  A manifest never goes back.

    `forked` is another content under the version that is held, or a direct successor of
    something else: two planes disagree, or someone lies; it is refused, never taken.
    """
    if held is None:
        return "take"
    if version < held.version:
        return "older"
    if version == held.version:
        return "held" if hash_of(held) == offered else "forked"
    is_next = version == Version(held.version.epoch, held.version.number + 1)
    return "forked" if is_next and parent != hash_of(held) else "take"


def delta_between(base: Manifest, new: Manifest, known: tuple[Hash, Hash] | None = None) -> Delta:
    """The shortest way from one manifest to another of the same agent.

    `known` are their hashes, for whoever has them at hand.
    """
    base_hash, new_hash = known or (hash_of(base), hash_of(new))
    entries, tombstones = _by_mark(base.entries), _by_mark(base.tombstones)
    new_entries, new_tombstones = _by_mark(new.entries), _by_mark(new.tombstones)
    bundles, new_bundles = _by_id(base.bundles), _by_id(new.bundles)
    volumes, new_volumes = _by_stay(base.volumes), _by_stay(new.volumes)
    ended, new_ended = _by_stay(base.volume_tombstones), _by_stay(new.volume_tombstones)
    return Delta(
        agent=new.agent,
        base=base_hash,
        version=new.version,
        parent=new.parent,
        hash=new_hash,
        put_entries=_changed(new_entries, entries),
        drop_entries=tuple(m for m in entries if m not in new_entries),
        put_tombstones=tuple(t for m, t in new_tombstones.items() if tombstones.get(m) != t),
        drop_tombstones=tuple(m for m in tombstones if m not in new_tombstones),
        put_bundles=_changed(new_bundles, bundles),
        drop_bundles=tuple(i for i in bundles if i not in new_bundles),
        put_volumes=_changed(new_volumes, volumes),
        drop_volumes=tuple(s for s in volumes if s not in new_volumes),
        put_volume_tombstones=tuple(t for s, t in new_ended.items() if s not in ended),
        drop_volume_tombstones=tuple(s for s in ended if s not in new_ended),
    )


def apply_delta(base: Manifest | None, delta: Delta) -> Manifest:
    """The manifest that a delta leads to.

    Raises `Conflict` when it starts elsewhere or does not add up: ask for the whole then.
    """
    if base is None or base.agent != delta.agent or hash_of(base) != delta.base:
        raise Conflict("the delta starts from a manifest that is not held")
    entries = _by_mark(base.entries) | _by_mark(delta.put_entries)
    tombstones = _by_mark(base.tombstones) | _by_mark(delta.put_tombstones)
    bundles = _by_id(base.bundles) | _by_id(delta.put_bundles)
    volumes = _by_stay(base.volumes) | _by_stay(delta.put_volumes)
    ended = _by_stay(base.volume_tombstones) | _by_stay(delta.put_volume_tombstones)
    others: list[Bundle | VolumeEntry | VolumeTombstone] = [
        *_without(bundles, delta.drop_bundles),
        *_without(volumes, delta.drop_volumes),
        *_without(ended, delta.drop_volume_tombstones),
    ]
    content = (
        _without(entries, delta.drop_entries),
        _without(tombstones, delta.drop_tombstones),
    )
    new = manifest_of(delta.agent, delta.version, delta.parent, *content, others)
    if hash_of(new) != delta.hash:
        raise Conflict("the delta does not lead to the hash it names")
    return new


def _key(mark: Mark) -> tuple[str, int]:
    return mark.owner, mark.run_epoch


def _stay(item: VolumeEntry | VolumeTombstone) -> Stay:
    return item.stay


def _by_mark(items: Iterable[T]) -> dict[Mark, T]:
    return {item.mark: item for item in items}


def _by_id(bundles: Iterable[Bundle]) -> dict[BundleId, Bundle]:
    return {bundle.id: bundle for bundle in bundles}


def _by_stay(items: Iterable[V]) -> dict[Stay, V]:
    return {item.stay: item for item in items}


def _changed(new: Mapping[K, Kept], old: Mapping[K, Kept]) -> tuple[Kept, ...]:
    """What is not as it was; most of it is the very same object."""
    return tuple(
        item for key, item in new.items() if (was := old.get(key)) is not item and was != item
    )


def _without(items: Mapping[K, Kept], dropped: Iterable[K]) -> list[Kept]:
    gone = set(dropped)
    return [item for key, item in items.items() if key not in gone]
