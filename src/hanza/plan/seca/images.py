"""The federation's images as the standard shows them: those of a tenant that all share.

Pure, and for reading alone: they are added and removed in the federation's own API.
"""

from hanza.model.image import Image
from hanza.model.kinds import IMAGE
from hanza.model.resource import Path, Resource, Words
from hanza.plan.seca.conditions import Outlook, advanced, requested

MB = 10**6


def resource_of(image: Image, region: str, tenant: str) -> Resource:
    """As it stands since it was added; the same in every region.

    The standard makes images from block storages, and this one is made from a bundle: the
    reference that it must have names the bundle by its content, and leads nowhere.
    """
    bundle = image.bundle
    spec: dict[str, object] = {
        "blockStorageRef": {
            "resource": f"block-storages/{bundle.id}",
            "tenant": tenant,
            "workspace": "bundles",
        },
        "cpuArchitecture": "amd64",
        **({} if bundle.disk is None else {"boot": "BIOS"}),
    }
    history = advanced(requested(image.created_at), Outlook("active"), image.created_at)
    return Resource(
        id=image.id,
        path=Path(IMAGE, region, tenant, "", image.name),
        words=Words(None, None, None, spec),
        version=1,
        created_at=image.created_at,
        modified_at=image.created_at,
        deleted_at=None,
        conditions=history.log,
        owed=0,
        status={"sizeMB": -(-bundle.size // MB)},
    )
