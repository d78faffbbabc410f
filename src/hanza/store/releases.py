"""Releases that may be rolled out, whose signatures count, and what each agent runs and lets run.

The archives are files in the plane's folder, see `hanza.kit.blobs`.  A release is kept until
another of the same version and platform takes its place.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hanza.model.errors import Conflict, InUse, NotFound
from hanza.model.ids import AgentId
from hanza.model.release import Consent, Release, Revocation, Signed
from hanza.plan.rollout import Said
from hanza.store.database import upsert
from hanza.store.events import append_event
from hanza.store.prepared import Prepared
from hanza.store.rollout_tables import agent_releases, release_keys, releases
from hanza.store.tx import Tx

KEYS_MAX = 32
"""Of revoked ones; an agent is told of no more."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A release that was given to the plane."""

    version: str
    tag: str
    digest: str
    size: int
    signed: Signed
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Runs:
    """What an agent has said of itself."""

    version: str
    tag: str
    consent: Consent
    words: frozenset[str]
    keys: frozenset[bytes]
    can_return: bool
    condition: Said
    about: str
    attempt: int
    why: str
    linked_since: datetime | None = None


def list_keys(tx: Tx) -> list[bytes]:
    """Whose signatures count, and are pinned by who joins; as they were added."""
    query = sa.select(release_keys.c.id).where(release_keys.c.revocation.is_(None))
    by_age = query.order_by(release_keys.c.created_at, release_keys.c.id)
    return [bytes.fromhex(one) for one in tx.scalars(by_age)]


def list_revoked(tx: Tx) -> list[Revocation]:
    """Keys that count no more, with their own words of it; by key."""
    revoked = release_keys.c.revocation.is_not(None)
    query = sa.select(release_keys).where(revoked).order_by(release_keys.c.id)
    return [Revocation(bytes.fromhex(one.id), bytes(one.revocation)) for one in tx.execute(query)]


def revoke_key(tx: Tx, said: Revocation, by: str, now: datetime) -> bool:
    """For ever, also a key that never counted here; whether it is new.  Raises `Conflict`."""
    known = list_revoked(tx)
    if said in known:
        return False
    if len(known) >= KEYS_MAX:
        raise Conflict(f"{KEYS_MAX} keys are revoked already, and no more can be told to agents")
    row = {"id": said.key.hex(), "created_at": now, "revocation": said.signature}
    upsert(tx, release_keys, ("id",), row)
    text = f"releases signed by {said.key.hex()} count nowhere any more, by {by}: it revoked itself"
    append_event(tx, now, "release.key_revoked", said.key.hex(), text)
    return True


def put_key(tx: Tx, key: bytes, by: str, now: datetime) -> bool:
    """Whether it is new.  Raises `Conflict` for one that is revoked."""
    if key in list_keys(tx):
        return False
    _refuse_revoked(tx, key)
    tx.execute(sa.insert(release_keys).values(id=key.hex(), created_at=now))
    text = f"releases signed by {key.hex()} count, by {by}; who joins from now on pins it"
    append_event(tx, now, "release.key_added", key.hex(), text)
    return True


def remove_key(tx: Tx, key: bytes, by: str, now: datetime) -> None:
    """Raises `NotFound`, `InUse` while a release is here that it has signed, and `Conflict`."""
    _refuse_revoked(tx, key)
    if tx.scalar(sa.select(releases.c.digest).where(releases.c.key == key).limit(1)) is not None:
        raise InUse("a release that this key has signed is here", field="key")
    if not tx.execute(sa.delete(release_keys).where(release_keys.c.id == key.hex())).rowcount:
        raise NotFound("this key is not one of those that count", field="key")
    text = f"releases signed by {key.hex()} count here no longer, by {by}"
    append_event(tx, now, "release.key_removed", key.hex(), text)


def _refuse_revoked(tx: Tx, key: bytes) -> None:
    if any(one.key == key for one in list_revoked(tx)):
        raise Conflict("this key has revoked itself", field="key", hint="make another one")


def put_release(tx: Tx, release: Release, signed: Signed, by: str, now: datetime) -> bool:
    """Keep it in the place of one of the same version and platform; whether it is another."""
    known = find_release(tx, release.version, release.tag)
    if known is not None and known.signed == signed:
        return False
    row = {
        "version": release.version,
        "tag": release.tag,
        "digest": release.digest,
        "size": release.size,
        "statement": signed.statement,
        "key": signed.key,
        "signature": signed.signature,
        "expires_at": release.expires_at,
        "created_at": now,
    }
    upsert(tx, releases, ("version", "tag"), row)
    text = f"release {release.version} for {release.tag} is here, by {by}"
    append_event(tx, now, "release.added", release.version, text)
    return True


def list_releases(tx: Tx, version: str | None = None) -> list[Kept]:
    """By version and platform; of one version, or all of them."""
    query = sa.select(releases).order_by(releases.c.version, releases.c.tag)
    if version is not None:
        query = query.where(releases.c.version == version)
    return [_kept_from_row(row) for row in tx.execute(query)]


def find_release(tx: Tx, version: str, tag: str) -> Kept | None:
    row = _RELEASE.first(tx, {"version": version, "tag": tag})
    return None if row is None else _kept_from_row(row)


def list_archives(tx: Tx) -> set[str]:
    """The digests of all archives that have to be kept."""
    return set(tx.scalars(sa.select(releases.c.digest)))


def record_runs(tx: Tx, agent: AgentId, said: Runs, *, is_first: bool, now: datetime) -> None:
    """The first word of a connection says since when it is linked."""
    before = find_runs(tx, agent)
    since = now if is_first or before is None else before.linked_since
    row = {
        "agent_id": agent,
        "version": said.version,
        "tag": said.tag,
        "consent": said.consent,
        "words": sorted(said.words),
        "keys": sorted(key.hex() for key in said.keys),
        "can_return": said.can_return,
        "condition": said.condition,
        "about": said.about,
        "attempt": said.attempt,
        "why": said.why,
        "linked_since": since,
    }
    upsert(tx, agent_releases, ("agent_id",), row)
    if before is not None and before.version != said.version:
        text = f"it runs {said.version} now, after {before.version}"
        append_event(tx, now, "agent.updated", agent, text)


def find_runs(tx: Tx, agent: AgentId) -> Runs | None:
    row = _RUNS.first(tx, {"agent": agent})
    return None if row is None else runs_from_row(row)


def runs_from_row(row: Any) -> Runs:
    return Runs(
        row.version,
        row.tag,
        row.consent,
        frozenset(row.words),
        frozenset(bytes.fromhex(key) for key in row.keys_),
        row.can_return,
        row.condition,
        row.about,
        row.attempt,
        row.why,
        row.linked_since,
    )


RUNS_COLUMNS = (
    *(column for column in agent_releases.c if column.name not in ("agent_id", "keys")),
    agent_releases.c["keys"].label("keys_"),
)
_RUNS = Prepared(sa.select(*RUNS_COLUMNS).where(agent_releases.c.agent_id == sa.bindparam("agent")))
_RELEASE = Prepared(
    sa.select(releases).where(
        releases.c.version == sa.bindparam("version"), releases.c.tag == sa.bindparam("tag")
    )
)


def _kept_from_row(row: Any) -> Kept:
    signed = Signed(bytes(row.statement), bytes(row.key), bytes(row.signature))
    return Kept(row.version, row.tag, row.digest, row.size, signed, row.expires_at)
