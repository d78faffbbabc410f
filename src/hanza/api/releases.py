"""Releases of the agent, and the keys that sign them.

The plane checks a signature before it keeps a release, for the operator's sake: agents go by the
keys that they have pinned, and by nothing that a plane says.
"""

from hanza.api.calls import Answer, Call
from hanza.api.provider_users import by
from hanza.api.told import GONE, keeps, lists, says
from hanza.model.errors import Invalid
from hanza.model.release import Revocation, Signed
from hanza.plan.release import ARCHIVE_BYTES_MAX, BadSignature
from hanza.store import releases
from hanza.store.tx import Tx
from hanza.wire import rollout_v1 as doc
from hanza.wire.federation_v1 import request_from_json
from hanza.wire.release_v1 import check_revocation, key_from_text, read_release


@says(lists(doc.ReleaseKeyDoc))
def list_release_keys(call: Call) -> Answer:
    """Those that count, and those that have revoked themselves."""
    store = call.plane.store
    found = [doc.ReleaseKeyDoc(key.hex()) for key in store.read(releases.list_keys)]
    revoked = [doc.ReleaseKeyDoc(one.key.hex(), True) for one in store.read(releases.list_revoked)]
    return Answer(200, {"items": [*found, *revoked]})


@says(keeps(doc.ReleaseKeyDoc))
def put_release_key(call: Call) -> Answer:
    """Have its signatures count: who joins from now on pins it, others by their people's word."""
    key, plane = key_from_text(call.path["key"]), call.plane
    is_new = plane.store.write(releases.put_key, key, by(call), plane.clock.now())
    return Answer(201 if is_new else 200, doc.ReleaseKeyDoc(key.hex()))


@says(GONE)
def delete_release_key(call: Call) -> Answer:
    """It is told no more to who joins; agents that have pinned it go by it until their people
    unpin it."""
    key, plane = key_from_text(call.path["key"]), call.plane
    plane.store.write(releases.remove_key, key, by(call), plane.clock.now())
    return Answer(204)


@says(keeps(doc.ReleaseKeyDoc), takes=doc.RevocationPost)
def revoke_release_key(call: Call) -> Answer:
    """Carry a key's own word that it counts no more to every agent that has pinned it, for ever."""
    key, plane = key_from_text(call.path["key"]), call.plane
    said = Revocation(key, request_from_json(call.body, doc.RevocationPost).spec.signature)
    check_revocation(said)
    is_new = plane.store.write(releases.revoke_key, said, by(call), plane.clock.now())
    plane.wake()
    return Answer(201 if is_new else 200, doc.ReleaseKeyDoc(key.hex(), True))


@says(lists(doc.ReleaseDoc))
def list_releases(call: Call) -> Answer:
    found = call.plane.store.read(releases.list_releases)
    return Answer(200, {"items": [_document(one) for one in found]})


@says(keeps(doc.ReleaseDoc), takes=doc.ReleasePost)
def add_release(call: Call) -> Answer:
    """Keep a signed release whose archive is here; the same again changes nothing."""
    spec = request_from_json(call.body, doc.ReleasePost).spec
    signed = Signed(spec.statement, spec.key, spec.signature)
    release, plane = read_release(signed), call.plane
    if release.size > ARCHIVE_BYTES_MAX:
        raise Invalid(f"an archive has at most {ARCHIVE_BYTES_MAX} bytes", field="spec.statement")
    if release.expires_at <= plane.clock.now():
        raise Invalid("its signature has expired", field="spec.statement", hint="sign it anew")
    if plane.blobs.claim(release.digest) != release.size:
        raise Invalid("its archive is not here", field="spec.statement", hint="send it first")
    who, now = by(call), plane.clock.now()

    def keep(tx: Tx) -> bool:
        if signed.key not in releases.list_keys(tx):
            hint = f"hanza rollout key add {signed.key.hex()}"
            raise BadSignature("the key that signed it does not count here", hint=hint)
        return releases.put_release(tx, release, signed, who, now)

    is_new = plane.store.write(keep)
    kept = plane.store.read(releases.find_release, release.version, release.tag)
    assert kept is not None, "it was kept just now"
    return Answer(201 if is_new else 200, _document(kept))


def _document(one: releases.Kept) -> doc.ReleaseDoc:
    key = one.signed.key.hex()
    return doc.ReleaseDoc(one.version, one.tag, one.digest, one.size, key, one.expires_at)
