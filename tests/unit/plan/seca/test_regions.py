"""Regions follow from sites."""

from hanza.plan.seca.regions import region_of, regions_of


def test_the_whole_comes_first_then_each_country() -> None:
    whole, germany, croatia = regions_of([("zagreb", "HR"), ("berlin", "DE"), ("bonn", "DE")])
    assert (whole.name, whole.country) == ("eu", None)
    assert whole.zones == ("any", "berlin", "bonn", "zagreb")
    assert (germany.name, germany.country, germany.zones) == ("de", "DE", ("any", "berlin", "bonn"))
    assert (croatia.name, croatia.sites) == ("hr", ("zagreb",))


def test_without_sites_there_is_still_a_region_to_ask() -> None:
    (whole,) = regions_of([])
    assert whole.zones == ("any",)


def test_no_more_zones_are_shown_than_fit_but_all_are_there() -> None:
    names = [f"site-{n:02}" for n in range(40)] + ["s" * 33, "any"]
    whole, *_ = regions_of([(name, "DE") for name in names])
    assert len(whole.zones) == 32
    assert whole.zones.count("any") == 1
    assert all(whole.has_zone(name) for name in names)
    assert not whole.has_zone("site-99")


def test_no_country_takes_the_name_of_the_whole() -> None:
    assert [region.name for region in regions_of([("x", "EU")])] == ["eu"]


def test_a_region_by_its_name_is_that_of_all() -> None:
    sites = [("zagreb", "HR"), ("berlin", "DE"), ("bonn", "DE")]
    for one in regions_of(sites):
        assert region_of(one.name, sites) == one
    assert region_of("at", sites) is None
    assert region_of("eu", []) == regions_of([])[0]
