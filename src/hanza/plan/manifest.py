"""How manifests are hashed, compared, shortened and restored.

The hash is SHA-256 over canonical JSON (sorted keys, no spaces, UTF-8; as RFC 8785 for the
values used here) of agent, version, parent and content.  A delta names the hash it starts
from and the one it must end at: applied to anything else, or forged, it does not add up.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Literal, TypeAlias, TypeVar

from hanza.model.errors import Conflict
from hanza.model.guest import Mark
from hanza.model.ids import AgentId
from hanza.model.image import Bundle, BundleId
from hanza.model.manifest import Delta, Entry, Hash, Manifest, Tombstone, Version

T = TypeVar("T", Entry, Tombstone)
LATER = frozenset({"bundles", "hostname", "ports", "ssh_keys", "user_data"})
"""Members that manifests have had since images have content."""
Judgement: TypeAlias = Literal["take", "held", "older", "forked"]


def manifest_of(
    agent: AgentId,
    version: Version,
    parent: Hash,
    entries: Iterable[Entry],
    tombstones: Iterable[Tombstone],
    bundles: Iterable[Bundle] = (),
) -> Manifest:
    """A manifest in canonical order, whatever order its content came in."""
    return Manifest(
        agent,
        version,
        parent,
        tuple(sorted(entries, key=lambda e: _key(e.mark))),
        tuple(sorted(tombstones, key=lambda t: _key(t.mark))),
        tuple(sorted(bundles, key=lambda b: b.id)),
    )


def hash_of(manifest: Manifest) -> Hash:
    """32 bytes that change when anything in the manifest does."""
    document = asdict(manifest, dict_factory=_said) | {"parent": manifest.parent.hex()}
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).digest()


def _said(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """What came later is left out where it says nothing: older manifests keep their hash."""
    return {name: value for name, value in members if value or name not in LATER}


def says_the_same(one: Manifest, other: Manifest) -> bool:
    """Whether publishing `other` after `one` would tell the agent nothing new."""
    before, after = (one.entries, one.tombstones), (other.entries, other.tombstones)
    return before == after and one.bundles == other.bundles


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


def delta_between(base: Manifest, new: Manifest) -> Delta:
    """The shortest way from one manifest to another of the same agent."""
    entries, tombstones = _by_mark(base.entries), _by_mark(base.tombstones)
    new_entries, new_tombstones = _by_mark(new.entries), _by_mark(new.tombstones)
    bundles, new_bundles = _by_id(base.bundles), _by_id(new.bundles)
    return Delta(
        agent=new.agent,
        base=hash_of(base),
        version=new.version,
        parent=new.parent,
        hash=hash_of(new),
        put_entries=tuple(e for m, e in new_entries.items() if entries.get(m) != e),
        drop_entries=tuple(m for m in entries if m not in new_entries),
        put_tombstones=tuple(t for m, t in new_tombstones.items() if m not in tombstones),
        drop_tombstones=tuple(m for m in tombstones if m not in new_tombstones),
        put_bundles=tuple(b for i, b in new_bundles.items() if bundles.get(i) != b),
        drop_bundles=tuple(i for i in bundles if i not in new_bundles),
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
    for mark in delta.drop_entries:
        entries.pop(mark, None)
    for mark in delta.drop_tombstones:
        tombstones.pop(mark, None)
    for bundle in delta.drop_bundles:
        bundles.pop(bundle, None)
    content = (entries.values(), tombstones.values(), bundles.values())
    new = manifest_of(delta.agent, delta.version, delta.parent, *content)
    if hash_of(new) != delta.hash:
        raise Conflict("the delta does not lead to the hash it names")
    return new


def _key(mark: Mark) -> tuple[str, int]:
    return mark.owner, mark.run_epoch


def _by_mark(items: Iterable[T]) -> dict[Mark, T]:
    return {item.mark: item for item in items}


def _by_id(bundles: Iterable[Bundle]) -> dict[BundleId, Bundle]:
    return {bundle.id: bundle for bundle in bundles}
