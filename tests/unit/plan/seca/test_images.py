"""The federation's images in the standard's words: of the right shape, active since they exist."""

from datetime import UTC, datetime

import pytest

from hanza.model.ids import ImageId
from hanza.model.image import Blob, BlobId, Bundle, Image
from hanza.model.kinds import BLOCK_STORAGE, IMAGE
from hanza.plan.image import bundle_of
from hanza.plan.seca.envelope import check_request
from hanza.plan.seca.images import resource_of
from hanza.plan.seca.references import target_of
from hanza.plan.seca.shape import references_in

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BLOB = Blob(BlobId("a" * 64), 1_000_001)
DISK = bundle_of(BLOB, None, None, "")
KERNEL = bundle_of(None, BLOB, BLOB, "quiet")


@pytest.mark.parametrize(
    ("bundle", "boot", "size_mb"), [(DISK, "BIOS", 2), (KERNEL, None, 3)], ids=["disk", "kernel"]
)
def test_it_has_the_standards_shape_and_names_its_bundle(
    bundle: Bundle, boot: str | None, size_mb: int
) -> None:
    image = resource_of(Image(ImageId("im_1"), "tiny", bundle, 1, NOW), "de", "public")
    check_request(image.path, image.words, "de")
    ((field, _, reference),) = references_in(image.words.spec, IMAGE.spec, "spec")
    target = target_of(reference, BLOCK_STORAGE.name, image.path, field)
    assert (target.tenant, target.name) == ("public", bundle.id)
    assert image.words.spec.get("boot") == boot
    assert image.status == {"sizeMB": size_mb}
    assert [one.state for one in image.conditions] == ["active", "creating", "pending"]
    assert {one.since for one in image.conditions} == {NOW}
