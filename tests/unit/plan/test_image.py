"""What an image consists of decides what it is called, and nothing else does."""

from dataclasses import replace

import pytest

from hanza.model.errors import Invalid
from hanza.model.image import Blob, BlobId
from hanza.plan.image import bundle_of, check_blob_id, is_as_named, is_digest

DISK, KERNEL, INITRD = (Blob(BlobId(letter * 64), 7) for letter in "abc")


def test_the_same_parts_make_the_same_bundle_whatever_their_sizes_were_said_to_be() -> None:
    one = bundle_of(DISK, KERNEL, INITRD, "quiet")
    assert one.id == bundle_of(replace(DISK, size=9), KERNEL, INITRD, "quiet").id
    others = {
        bundle_of(DISK, None, None, "").id,
        bundle_of(None, KERNEL, INITRD, "").id,
        bundle_of(None, KERNEL, INITRD, "quiet").id,
        bundle_of(KERNEL, DISK, INITRD, "quiet").id,
    }
    assert len(others | {one.id}) == 5
    assert [name for name, _ in one.blobs()] == ["disk.qcow2", "kernel", "initrd"]
    assert one.size == 21


def test_the_id_of_a_bundle_is_the_same_for_ever() -> None:
    assert bundle_of(DISK, KERNEL, INITRD, "quiet").id == (
        "36aec8470bb85be4b741c20ce95da7d12726dd61e64524a430963c4a52a9abad"
    )


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ((None, None, None, ""), "spec"),
        ((DISK, KERNEL, None, ""), "spec.initrd"),
        ((DISK, None, INITRD, ""), "spec.initrd"),
        ((DISK, None, None, "quiet"), "spec.cmdline"),
        ((None, KERNEL, INITRD, "a\nb"), "spec.cmdline"),
        ((None, KERNEL, INITRD, "\x00"), "spec.cmdline"),
        ((None, KERNEL, INITRD, "ž"), "spec.cmdline"),
        ((None, KERNEL, INITRD, "x" * 1025), "spec.cmdline"),
    ],
)
def test_parts_that_no_guest_could_start_from_are_refused(
    parts: tuple[Blob | None, Blob | None, Blob | None, str], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        bundle_of(*parts)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "word", ["", "a" * 63, "A" * 64, "g" * 64, "../" + "a" * 61, "a" * 64 + "\n"]
)
def test_what_is_no_sha_256_is_refused(word: str) -> None:
    assert not is_digest(word)
    with pytest.raises(Invalid) as refusal:
        check_blob_id(word, "blob")
    assert refusal.value.field == "blob"
    assert check_blob_id("a" * 64, "blob") == "a" * 64


def test_a_bundle_under_anothers_id_is_found_out() -> None:
    bundle = bundle_of(DISK, KERNEL, INITRD, "quiet")
    assert is_as_named(bundle)
    assert not is_as_named(replace(bundle, cmdline="init=/bin/sh"))
    assert not is_as_named(replace(bundle, disk=KERNEL))
    assert not is_as_named(replace(bundle, disk=Blob(BlobId("../../etc/passwd"), 1)))
