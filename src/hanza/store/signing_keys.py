"""The keys that sign the federation's own tokens, with their private parts.

They are in the store, and not in a file of each plane, so that all planes of a federation know
them at once: whoever can write the store can give themselves any role anyway.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from hanza.model.errors import Bug, InUse, NotFound
from hanza.model.issuer import SigningKey
from hanza.store.access import count_up
from hanza.store.access_tables import signing_keys
from hanza.store.events import append_event
from hanza.store.tx import Tx

_SOONEST = timedelta(microseconds=1)


def found_keys(tx: Tx, keys: Iterable[SigningKey]) -> None:
    """Keep the keys that a plane has, unless they are known: also those that were retired.

    With several planes the first one's key signs; those of the others verify what it signed before.
    """
    known = {one.kid for one in list_keys(tx)}
    new = [one for one in keys if one.kid not in known]
    if known:
        signing = signing_key(list_keys(tx)).signs_from
        before = signing - _SOONEST
        new = [replace(one, signs_from=min(one.signs_from, before)) for one in new]
    for one in new:
        tx.execute(sa.insert(signing_keys).values(**_row(one)))
    if new:
        count_up(tx)


def add_key(tx: Tx, key: SigningKey) -> None:
    """It signs from now on; the one before verifies until it is retired."""
    latest = signing_key(list_keys(tx)).signs_from
    key = replace(key, signs_from=max(key.signs_from, latest + _SOONEST))
    tx.execute(sa.insert(signing_keys).values(**_row(key)))
    count_up(tx)
    text = f"signing key {key.kid} signs from now on"
    append_event(tx, key.created_at, "signing-key.added", key.kid, text)


def retire_key(tx: Tx, kid: str, now: datetime, *, is_forced: bool) -> SigningKey:
    """Have it verify nothing any more.  Raises `InUse` for the one that signs, and, unless it is
    forced, for one whose tokens are not over."""
    known = list_keys(tx)
    key = next((one for one in known if one.kid == kid), None)
    if key is None:
        raise NotFound(f"there is no signing key {kid!r}", field="key")
    if key.retired_at is not None:
        return key
    if key == signing_key(known):
        raise InUse(
            f"key {kid} is the one that signs", hint="rotate first: hanza signing-key rotate"
        )
    if not is_forced and key.tokens_until is not None and key.tokens_until > now:
        text = f"tokens that key {kid} signed are good until {key.tokens_until:%Y-%m-%d %H:%M} UTC"
        raise InUse(text, hint="wait until then; --now ends those tokens, for a key that leaked")
    tx.execute(sa.update(signing_keys).where(signing_keys.c.kid == kid).values(retired_at=now))
    count_up(tx)
    text = f"signing key {kid} verifies nothing any more"
    append_event(tx, now, "signing-key.retired", kid, text)
    return replace(key, retired_at=now)


def note_token(tx: Tx, kid: str, until: datetime) -> None:
    """A token that is good until then was signed with it.  Raises `InUse` for a retired key."""
    key = next((one for one in list_keys(tx) if one.kid == kid), None)
    if key is None or key.retired_at is not None:
        raise InUse("the key that would sign was retired a moment ago", hint="try again")
    if key.tokens_until is None or key.tokens_until < until:
        own = signing_keys.c.kid == kid
        tx.execute(sa.update(signing_keys).where(own).values(tokens_until=until))


def list_keys(tx: Tx) -> list[SigningKey]:
    """Oldest first, those that were retired too."""
    query = sa.select(signing_keys).order_by(signing_keys.c.signs_from, signing_keys.c.kid)
    return [
        SigningKey(
            row.kid, row.jwk, row.created_at, row.signs_from, row.tokens_until, row.retired_at
        )
        for row in tx.execute(query)
    ]


def signing_key(known: list[SigningKey]) -> SigningKey:
    """The newest of those that are not retired."""
    good = [one for one in known if one.retired_at is None]
    if not good:
        raise Bug("no key signs")
    return max(good, key=lambda one: (one.signs_from, one.kid))


def _row(key: SigningKey) -> dict[str, object]:
    return {
        "kid": key.kid,
        "jwk": key.jwk,
        "created_at": key.created_at,
        "signs_from": key.signs_from,
        "tokens_until": key.tokens_until,
        "retired_at": key.retired_at,
    }
