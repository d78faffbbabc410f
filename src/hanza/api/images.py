"""Images and their blobs: upload what it consists of, then give it a name.

A blob is taken by its SHA-256 and verified while it comes; an image is written only when every
blob that it names is here, and its disk is one that may be given to strangers' guests.
"""

import errno
from collections.abc import Iterable, Iterator
from datetime import timedelta

from hanza.api.calls import Answer, Call, Plane
from hanza.api.told import GONE, Bytes, keeps, lists, says
from hanza.kit.blobs import TooLong, WrongContent
from hanza.model.errors import Full, Invalid, NotFound, TooLarge
from hanza.model.ids import AgentId, ImageId
from hanza.model.image import BLANK, Blob, BlobId, Image
from hanza.plan.admission import check_name
from hanza.plan.image import WrongChecksum, bundle_of, check_blob_id
from hanza.store import images
from hanza.store.agents import public_key_of_agent, refuse_revoked_agent
from hanza.store.events import append_event
from hanza.store.releases import list_archives
from hanza.store.rollouts import may_fetch_archive
from hanza.store.tx import Tx
from hanza.wire import image_v1 as doc
from hanza.wire.agent_v1 import blob_path
from hanza.wire.credentials import check_fetch, fetch_proof_from_header
from hanza.wire.federation_v1 import request_from_json
from hanza.wire.qcow2 import HEADER_BYTES, disk_mib_of

KEEP_UNNAMED_FOR = timedelta(hours=1)
"""How long a blob waits for the image that it was sent for."""
LOOK_EVERY_BYTES = 16 * 2**20
ROOM_KEPT_BYTES = 256 * 2**20
"""What is left free for the database, which stands on the same disk by default."""


@says({201: doc.BlobDoc}, takes=Bytes("application/octet-stream"))
def put_blob(call: Call) -> Answer:
    """Take the bytes; sent again, nothing changes."""
    plane, blob = call.plane, check_blob_id(call.path["blob"], "blob")
    announced = _announced(call)
    if announced > plane.blob_bytes_max:
        raise TooLarge(f"a blob has at most {plane.blob_bytes_max} bytes", field="body")
    _refuse_full(plane, announced)
    word = plane.ids.new("up")
    try:
        chunks = _while_there_is_room(plane, call.chunks)
        size = plane.blobs.receive(blob, chunks, plane.blob_bytes_max, word)
    except TooLong as error:
        raise TooLarge(f"a blob has at most {plane.blob_bytes_max} bytes", field="body") from error
    except WrongContent as error:
        raise WrongChecksum("the bytes have another SHA-256 than was said", field="blob") from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Full("the plane's disk has no room for that") from error
        raise
    return Answer(201, doc.BlobDoc(f"sha256:{blob}", size))


@says({200: doc.BlobDoc})
def get_blob(call: Call) -> Answer:
    """Whether it is here already; asking keeps it from being swept for a while."""
    blob = check_blob_id(call.path["blob"], "blob")
    size = call.plane.blobs.claim(blob)
    if size is None:
        raise NotFound("this blob is not here")
    return Answer(200, doc.BlobDoc(f"sha256:{blob}", size))


@says({200: Bytes("application/octet-stream")})
def fetch_blob(call: Call) -> Answer:
    """For agents: the bytes, if something that is placed with the agent starts from them, or they
    are the release that is wanted of it."""
    blob = check_blob_id(call.path["blob"], "blob")
    plane = call.plane
    proof = fetch_proof_from_header(call.headers.get("authorization"))
    agent = AgentId(proof.agent)
    key = plane.store.read(public_key_of_agent, agent)
    check_fetch(key, proof, blob_path(blob), plane.clock.now(), plane.pin)
    plane.store.read(refuse_revoked_agent, agent)
    path = plane.blobs.find(blob)
    if path is None or not plane.store.read(_may_fetch, agent, blob):
        raise NotFound("this blob is not here")
    return Answer(200, path)


@says(keeps(doc.ImageDoc), takes=doc.ImagePut)
def put_image(call: Call) -> Answer:
    """Give a bundle its name; the same again changes nothing."""
    put = request_from_json(call.body, doc.ImagePut)
    plane, spec = call.plane, put.spec
    disk, kernel, initrd = (
        _blob(plane, getattr(spec, part), f"spec.{part}") for part in images.PARTS
    )
    bundle = bundle_of(disk, kernel, initrd, spec.cmdline)
    name = check_name(call.path["image"], "name")
    if name == BLANK:
        raise Invalid(f"{name!r} stands for an empty disk", field="name")
    disk_mib = 1 if disk is None else _disk_mib(plane, disk)
    image = Image(ImageId(plane.ids.new("im")), name, bundle, disk_mib, plane.clock.now())
    kept = plane.store.write(_write_image, image)
    return Answer(201 if kept.id == image.id else 200, doc.image_to_doc(kept))


@says({200: doc.ImageDoc})
def get_image(call: Call) -> Answer:
    found = call.plane.store.read(images.get_image, call.path["image"])
    return Answer(200, doc.image_to_doc(found))


@says(lists(doc.ImageDoc))
def list_images(call: Call) -> Answer:
    found = call.plane.store.read(images.list_images)
    return Answer(200, {"items": [doc.image_to_doc(one) for one in found]})


@says(GONE)
def delete_image(call: Call) -> Answer:
    call.plane.store.write(_remove_image, call.path["image"], call.plane)
    sweep_blobs(call.plane)
    return Answer(204)


def _may_fetch(tx: Tx, agent: AgentId, blob: BlobId) -> bool:
    return images.may_fetch(tx, agent, blob) or may_fetch_archive(tx, agent, blob)


def sweep_blobs(plane: Plane) -> list[str]:
    """Remove the files of blobs that no image has named for a while."""
    kept = plane.store.read(images.list_blobs) | plane.store.read(list_archives)
    before = plane.clock.now() - KEEP_UNNAMED_FOR
    return plane.blobs.sweep(kept, before.timestamp())


def _write_image(tx: Tx, image: Image) -> Image:
    kept = images.put_image(tx, image)
    if kept.id == image.id:
        text = f"the image {image.name} was added, {image.bundle.size} bytes"
        append_event(tx, image.created_at, "image.added", image.id, text)
    return kept


def _remove_image(tx: Tx, name: str, plane: Plane) -> None:
    image = images.get_image(tx, name)
    images.remove_image(tx, name)
    append_event(tx, plane.clock.now(), "image.removed", image.id, f"the image {name} was removed")


def _while_there_is_room(plane: Plane, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Looked at again and again, since others write too and not every request says its size."""
    since_look = 0
    for chunk in chunks:
        since_look += len(chunk)
        if since_look >= LOOK_EVERY_BYTES:
            _refuse_full(plane, since_look)
            since_look = 0
        yield chunk


def _refuse_full(plane: Plane, more: int) -> None:
    if plane.blobs.free_bytes() - more < ROOM_KEPT_BYTES:
        raise Full("the plane's disk has no room for that", hint="remove images nobody uses")


def _announced(call: Call) -> int:
    """How many bytes the request says it has; 0 when it does not say."""
    word = call.headers.get("content-length", "0")
    return int(word) if word.isascii() and word.isdigit() and len(word) < 20 else 0


def _blob(plane: Plane, word: str | None, field: str) -> Blob | None:
    """The blob that a request names as `sha256:...`, claimed so that it stays."""
    if word is None:
        return None
    algorithm, colon, digest = word.partition(":")
    if not colon or algorithm != "sha256":
        raise Invalid("a blob is named sha256: and 64 of 0-9 and a-f", field=field)
    blob = check_blob_id(digest, field)
    size = plane.blobs.claim(blob)
    if size is None:
        raise Invalid("this blob is not here", field=field, hint="send it first")
    return Blob(blob, size)


def _disk_mib(plane: Plane, disk: Blob) -> int:
    path = plane.blobs.find(disk.id)
    assert path is not None, "it was claimed just now"
    with path.open("rb") as file:
        return disk_mib_of(file.read(HEADER_BYTES), "spec.disk")
