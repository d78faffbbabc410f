"""What an image may consist of, and what it is called by its content.

A bundle's id is SHA-256 over canonical JSON (sorted keys, no spaces) of what it consists of, so
that two who add the same image have the same bundle, and nobody can put another in its place.
"""

import hashlib
import json
import re

from hanza.model.errors import Invalid, Refusal
from hanza.model.image import Blob, BlobId, Bundle, BundleId

CMDLINE_CHARACTERS_MAX = 1024
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class UnknownImage(Refusal):
    """No image of this name is known to the federation."""

    code = "image.unknown"


class WrongChecksum(Refusal):
    """The bytes have another SHA-256 than was said.  Nothing of them is kept."""

    code = "image.wrong_checksum"


def is_digest(word: str) -> bool:
    """Whether it can be the id of a blob or a bundle, and so is safe as a file's name."""
    return _DIGEST.fullmatch(word) is not None


def check_blob_id(word: str, field: str) -> BlobId:
    if not is_digest(word):
        raise Invalid("a SHA-256 is 64 of 0-9 and a-f", field=field)
    return BlobId(word)


def bundle_of(disk: Blob | None, kernel: Blob | None, initrd: Blob | None, cmdline: str) -> Bundle:
    """Raises `Invalid` for parts that no guest could start from."""
    if disk is None and kernel is None:
        raise Invalid("an image has a disk, or a kernel and an initrd", field="spec")
    if (kernel is None) != (initrd is None):
        raise Invalid("a kernel comes with its initrd", field="spec.initrd")
    if cmdline and kernel is None:
        raise Invalid("a command line is a kernel's, and there is none", field="spec.cmdline")
    if len(cmdline) > CMDLINE_CHARACTERS_MAX or not (cmdline.isascii() and _is_printable(cmdline)):
        raise Invalid(
            f"a command line is at most {CMDLINE_CHARACTERS_MAX} printable characters of ASCII",
            field="spec.cmdline",
        )
    return Bundle(id_of(disk, kernel, initrd, cmdline), disk, kernel, initrd, cmdline)


def id_of(disk: Blob | None, kernel: Blob | None, initrd: Blob | None, cmdline: str) -> BundleId:
    blobs = {"disk": disk, "kernel": kernel, "initrd": initrd}
    said: dict[str, str] = {
        name: f"sha256:{blob.id}" for name, blob in blobs.items() if blob is not None
    }
    if kernel is not None:
        said["cmdline"] = cmdline
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return BundleId(hashlib.sha256(canonical.encode()).hexdigest())


def is_as_named(bundle: Bundle) -> bool:
    """Whether its id is that of what it consists of, and every part is named by a digest."""
    parts = (bundle.disk, bundle.kernel, bundle.initrd)
    return all(is_digest(blob.id) for _, blob in bundle.blobs()) and bundle.id == id_of(
        *parts, bundle.cmdline
    )


def _is_printable(words: str) -> bool:
    return all(" " <= letter <= "~" for letter in words)
