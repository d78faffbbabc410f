"""The table of kinds holds together."""

from hanza.model.kinds import BY_NAME, INSTANCE_SKU, KINDS, STORAGE_SKU
from hanza.model.skus import SKUS, find_sku
from hanza.plan.seca.shape import check_shape


def test_every_kind_has_a_place_and_a_name_of_its_own() -> None:
    assert len(BY_NAME) == len(KINDS)
    assert len({(kind.urn_provider, kind.collection) for kind in KINDS}) == len(KINDS)


def test_every_sku_is_within_the_limits_of_its_kind() -> None:
    for sku in SKUS:
        check_shape(sku.spec, sku.kind.spec, "spec")
        assert find_sku(sku.kind, sku.name) == sku
        assert all(len(value) <= 63 for value in sku.labels.values())
    assert find_sku(INSTANCE_SKU, "hanza.local") is None
    assert find_sku(STORAGE_SKU, "hanza.local") is not None
    assert any(sku.labels["Tier"] == "D2XS" for sku in SKUS)
