"""No word on the map lies across another, however many sites there are, and none is lost."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from hanza.boot.demo.scenario import MEMBERS
from hanza.cli.client import Client, read_context
from hanza.drivers.contract.patience import until
from hanza.wire.places import load_cities
from kit.browsers import LAPTOP, NARROW, WIDE, a_tab, picture
from kit.processes import LocalLeague

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "examples" / "shop" / "app.yaml"
CHAIN = ROOT / "examples" / "chain" / "stores.csv"
MEETING = """() => {
    const of = (selector) => [...document.querySelectorAll(selector)].filter(
        one => getComputedStyle(one).display !== 'none');
    const box = (one) => one.getBoundingClientRect();
    const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
    const words = of('svg .site .label, svg .near text');
    const discs = of('svg .disc');
    const map = box(document.querySelector('svg.map'));
    const said = [];
    words.forEach((one, at) => {
        const [a, name] = [box(one), one.textContent];
        words.slice(at + 1).filter(other => meet(a, box(other))).forEach(
            other => said.push(`${name} lies across ${other.textContent}`));
        discs.filter(disc => disc.parentNode !== one.parentNode && meet(a, box(disc))).forEach(
            disc => said.push(`${name} lies across the disc of ${disc.parentNode.dataset.site}`));
        if (a.left < map.left || a.right > map.right || a.top < map.top || a.bottom > map.bottom)
            said.push(`${name} leaves the map`);
    });
    discs.forEach((one, at) => discs.slice(at + 1).forEach(other => {
        const [a, b] = [box(one), box(other)];
        const far = Math.hypot(a.x + a.width / 2 - b.x - b.width / 2,
                               a.y + a.height / 2 - b.y - b.height / 2);
        if (far < (a.width + b.width) / 2)
            said.push(`${one.parentNode.dataset.site} lies on ${other.parentNode.dataset.site}`);
    }));
    return said;
}"""


def opened(page: Page, address: str, sites: int) -> Page:
    page.goto(address)
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    expect(page.locator("svg .site")).to_have_count(sites)
    return page


@pytest.fixture(scope="module")
def shop(league: LocalLeague) -> LocalLeague:
    """The README's shop beside the demo's guests, at six sites."""
    league.ask("apply", str(SHOP))
    until(lambda: all(row["boot"] == "seen" for row in league.ask("status")), "all booted", 60)
    return league


@pytest.fixture(scope="module")
def chain(shop: LocalLeague) -> int:
    """The twenty stores of the example too, several of them in one city; how many sites that is."""
    with CHAIN.open() as file:
        stores = list(csv.DictReader(file))
    assert len(stores) == 20
    with Client(read_context(shop.state / "context.json")) as client:
        client.put("/providers/zito", {"spec": {"title": "Žito"}})
        for one in stores:
            city = load_cities().find(f"{one['city']}, {one['country']}", "city")
            spec = {
                "provider": "zito",
                "country": one["country"],
                "city": one["city"],
                "latitude": city.latitude,
                "longitude": city.longitude,
            }
            client.put(f"/sites/{one['name']}", {"spec": spec})
    return len(stores) + len(MEMBERS)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("size", [LAPTOP, WIDE, NARROW], ids=["laptop", "wide", "narrow"])
def test_six_sites_and_the_shop_are_all_named(
    browser: Browser, address: str, size: dict[str, int]
) -> None:
    with a_tab(browser, viewport=size) as looker:
        page = opened(looker.page, address, len(MEMBERS))
        picture(looker, f"labels-6-{size['width']}")
        row = page.locator("[data-guest=web-1] summary")
        expect(row).to_contain_text("law DE, NL, SI · nearest of")
        expect(row).to_contain_text("~11 ms Ljubljana")
        assert page.evaluate(MEETING) == []
        for member in MEMBERS:
            expect(page.locator(f"svg [data-site={member.site}] .label")).to_contain_text(
                member.city
            )
        runs = "" if size == NARROW else "potica, web-1"
        expect(page.locator("svg [data-site=si-lju-1] .label")).to_have_text(f"Ljubljana{runs}")


@pytest.mark.parametrize("size", [LAPTOP, WIDE, NARROW], ids=["laptop", "wide", "narrow"])
def test_twenty_stores_more_are_all_there_and_lie_on_nobody(
    browser: Browser, chain: int, address: str, size: dict[str, int]
) -> None:
    with a_tab(browser, viewport=size) as looker:
        page = opened(looker.page, address, chain)
        picture(looker, f"labels-26-{size['width']}")
        assert page.evaluate(MEETING) == []
        names = page.evaluate(
            "() => [...document.querySelectorAll('svg .site')].map(one => one.dataset.site)"
        )
        for name in names:
            expect(page.locator(f".sites [data-site={name}]")).to_have_count(1)


def test_what_has_no_room_is_told_to_whoever_looks(
    browser: Browser, chain: int, address: str
) -> None:
    hidden = """() => [...document.querySelectorAll('svg .site')].filter(
        one => !one.querySelector('.label')).map(one => one.dataset.site)"""
    with a_tab(browser, viewport=LAPTOP) as looker:
        page = opened(looker.page, address, chain)
        for name in page.evaluate(hidden):
            page.locator(f"svg [data-site={name}]").focus()
            expect(page.locator("svg .over")).to_contain_text(name)
            page.locator("h1").first.click()
            page.locator(f"svg [data-site={name}] .touch").hover()
            expect(page.locator("svg .over")).to_contain_text(name)
        page.locator("svg [data-site=si-lju-1]").focus()
        page.keyboard.press("Enter")
        assert page.evaluate(MEETING) == [], "also when one of them is chosen"
        assert looker.complaints == []
