"""Whether what a resource refers to is there: always, or as the tenant has chosen."""

from hanza.api.giving import may_get
from hanza.api.identity import Principal
from hanza.model.errors import Invalid
from hanza.model.kinds import IMAGE, WORKSPACE
from hanza.model.resource import Json, Path
from hanza.model.skus import find_sku
from hanza.model.tenant import References
from hanza.plan.image import UnknownImage
from hanza.plan.seca.addresses import is_range
from hanza.plan.seca.references import Target, target_near, target_of
from hanza.plan.seca.shape import references_in
from hanza.store.images import find_image
from hanza.store.resources import is_standing
from hanza.store.tx import Tx


def check_references(
    tx: Tx, path: Path, spec: Json, policy: References, who: Principal | None = None
) -> None:
    """Raises `Invalid` for a reference to nothing, or to what its writer may not read elsewhere.

    With the policy `deferred`, what the table calls deferrable may come into being later, and
    what another provider has no part in yet may do so for everybody; that it could be the right
    thing in the right place is checked all the same.
    """
    for field, shape, reference in references_in(spec, path.kind.spec, "spec"):
        if shape.may_be_range and is_range(reference["resource"]):
            continue
        target = (
            target_near(reference, path, field)
            if shape.kind is None
            else target_of(reference, shape.kind, path, field)
        )
        if target is None:
            continue
        if target.workspace not in ("", path.workspace):
            _check_other(tx, target, path.region, field, who)
        if shape.is_later:
            continue
        if shape.is_deferrable and policy == "deferred":
            _check_workspace(tx, target, path.region, field)
            continue
        if not is_there(tx, target, path.region):
            refusal = UnknownImage if target.is_shared and target.kind == IMAGE else Invalid
            raise refusal(f"there is no {target.kind.name} {target.name[:128]!r}", field=field)


def _check_other(tx: Tx, target: Target, region: str, field: str, who: Principal | None) -> None:
    """What somebody may not read in another workspace is as if it were not there."""
    if not target.is_shared and not may_get(tx, who, _path_of(target, region)):
        raise Invalid(f"there is no {target.kind.name} {target.name[:128]!r}", field=field)


def _path_of(target: Target, region: str) -> Path:
    return Path(target.kind, region, target.tenant, target.workspace, target.name, target.network)


def _check_workspace(tx: Tx, target: Target, region: str, field: str) -> None:
    """What may be made later is made in a workspace that is there."""
    if not target.workspace:
        return
    workspace = Target(WORKSPACE, target.tenant, "", target.workspace)
    if not is_there(tx, workspace, region):
        raise Invalid(f"there is no workspace {target.workspace[:128]!r}", field=field)


def is_there(tx: Tx, target: Target, region: str) -> bool:
    """Whether it can be used from this region; what is being deleted cannot."""
    if not target.kind.is_writable:
        return find_sku(target.kind, target.name) is not None
    if target.is_shared:
        return target.kind == IMAGE and find_image(tx, target.name) is not None
    return is_standing(tx, _path_of(target, region))
