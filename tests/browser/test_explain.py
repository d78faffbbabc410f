"""The page that explains one choice: every candidate on the map, by the rule that kept it out."""

import re
import socket
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from hanza.boot.demo.scenario import MEMBERS
from hanza.drivers.contract.patience import until
from kit.browsers import CONTRAST, NARROW, Looker, a_tab, picture
from kit.processes import LocalLeague

APP = """\
apiVersion: hanza.app/v1
workspace: demo
components:
  - name: burek
    image: tiny
    cpus: 1
    memory: 96Mi
    disk: 64Mi
    policy:
      residency: [HR, SI, DE, NL]
      near: [{city: Ljubljana, maxMs: 40}]
  - name: cuvee
    image: tiny
    cpus: 1
    memory: 96Mi
    disk: 64Mi
    policy: {residency: [DE, NL], near: [{city: Amsterdam, maxMs: 30}]}
"""
MINE = """\
apiVersion: hanza.app/v1
workspace: mill
components:
  - {name: pierogi, image: tiny, country: PL, cpus: 1, memory: 96Mi, disk: 64Mi}
"""
BUREK = "explain=demo/burek"
CONTRAST_OF_MARKS = """() => {
    const shade = colour => {
        const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(one => {
            const part = one / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const root = getComputedStyle(document.documentElement);
    const sheet = document.createElement('i');
    document.body.append(sheet);
    const real = name => {
        sheet.style.color = root.getPropertyValue(name);
        return getComputedStyle(sheet).color;
    };
    const papers = ['--panel', '--sea'].map(real);
    const tints = [0, 1, 2, 3, 4, 5, 6, 7].map(one => `--tint-${one}`);
    const poor = tints.flatMap(tint => papers.flatMap(paper => {
        const [dark, light] = [shade(real(tint)), shade(paper)].sort((a, b) => a - b);
        const ratio = (light + 0.05) / (dark + 0.05);
        return ratio < 4.5 ? [`${tint} on ${paper}: ${ratio.toFixed(2)}`] : [];
    }));
    const seen = new Set(tints.map(real)).size;
    sheet.remove();
    return [seen, poor];
}"""


@pytest.fixture(scope="module")
def explained(league: LocalLeague) -> LocalLeague:
    """The conftest's league, with burek near Ljubljana, cuvee that nobody may run, a probe in
    Ljubljana that answers, and another tenant's pierogi."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        league.ask("probe", "add", "lju", f"127.0.0.1:{port}", "--city", "Ljubljana")
        league.agents["si-lju-1"].stop()
        league.start_agent("si-lju-1", "--measure", "any")
        until(lambda: league.ask("probe", "measured"), "the round trip is known", 60)
    league.ask("tenant", "add", "rival")
    for name, text, flags in (("mine", MINE, ("--tenant", "rival")), ("app", APP, ())):
        file = league.folder / f"{name}-explained.yaml"
        file.write_text(text)
        league.ask("apply", str(file), *flags)

    def runs() -> bool:
        said = {one["name"]: one for one in league.ask("status")}
        return said["burek"]["boot"] == "seen" and bool(said["cuvee"]["reason"])

    until(runs, "burek runs, and cuvee was refused", 60)
    return league


@pytest.fixture
def page(tab: Looker, explained: LocalLeague, address: str) -> Iterator[Page]:
    assert explained.plane.is_alive
    yield open_at(tab, address, BUREK)
    assert tab.hosts() == {address.split("/")[2]}
    assert tab.complaints == []


def open_at(looker: Looker, address: str, view: str) -> Page:
    looker.page.goto(f"{address}&{view}")
    expect(looker.page.get_by_text("live", exact=True)).to_be_visible()
    return looker.page


def mark_of(page: Page, site: str) -> tuple[str, str]:
    """How a site stands on the map, and the letter of the rule that keeps it out."""
    one = page.locator(f"svg [data-candidate={site}]")
    standing = re.sub(r"candidate| chosen|tint-\d| ", "", one.get_attribute("class") or "")
    letter = one.locator(".letter")
    return standing, (letter.text_content() or "") if letter.count() else ""


def test_every_site_is_marked_by_what_became_of_it(page: Page) -> None:
    expect(page.get_by_role("heading", name="Where burek may run")).to_be_visible()
    assert page.locator("svg.map .candidate").count() == len(MEMBERS)
    assert mark_of(page, "si-lju-1") == ("here", "")
    assert mark_of(page, "hr-zag-1") == ("may", "")
    assert mark_of(page, "es-mad-1") == ("refused", "A")
    assert mark_of(page, "pl-waw-1") == ("refused", "A")
    assert mark_of(page, "de-fra-1") == ("refused", "B")
    assert mark_of(page, "nl-ams-1") == ("refused", "B")
    legend = page.get_by_role("list", name="What the marks mean")
    expect(legend.locator("[data-rule=residency]")).to_contain_text("2 hosts not in")
    expect(legend.locator("[data-rule=near]")).to_contain_text(
        "4 hosts not within 40 ms of Ljubljana, SI"
    )
    for member in MEMBERS:
        on_map = page.locator(f"svg [data-candidate={member.site}]").get_attribute("aria-label")
        row = page.locator(f".candidates [data-candidate={member.site}] .more").text_content()
        assert row
        assert (on_map or "").endswith(row), "map and list say the same"
    picture_of = [one.get_attribute("class") for one in page.locator("svg.map .candidate").all()]
    assert (
        len(
            {
                re.sub(r".*(tint-\d).*", r"\1", one or "")
                for one in picture_of
                if "tint" in (one or "")
            }
        )
        == 2
    )


def test_the_best_stand_with_their_terms_and_both_round_trips(page: Page) -> None:
    rows = page.locator("[data-best]")
    assert [one.get_attribute("data-best") for one in rows.all()] == ["si-lju-1", "hr-zag-1"]
    header = page.locator("table.best thead")
    for words in ("score", "nearness", "Ljubljana: predicted | measured"):
        expect(header).to_contain_text(words)
    expect(rows.nth(0)).to_contain_text("it is here")
    expect(rows.nth(0)).to_contain_text(re.compile(r"1\.00.*~11 ms \| \d+\.\d ms"))
    expect(rows.nth(1)).to_contain_text(re.compile(r"0\.\d\d.*~14 ms \| none"))
    here = page.locator("[data-looked=si-lju-1] table.trips")
    expect(here).to_contain_text(re.compile(r"Ljubljana, SI~11 ms ± 21 by distance\d+\.\d ms"))


def test_a_loser_is_told_what_it_lacked_and_rules_can_be_lit(page: Page) -> None:
    page.locator("svg [data-candidate=es-mad-1] .touch").click()
    looked = page.locator("[data-looked=es-mad-1]")
    expect(looked).to_contain_text("refused by A, not in")
    expect(looked.locator(".lacks")).to_contain_text(
        re.compile(r"it is in ES; is \d+ ms by distance, \d+ ms with the margin from Ljubljana, SI")
    )
    expect(looked.locator("table.trips")).to_contain_text(
        re.compile(r"by distance; a limit takes \d+ msnot lately")
    )
    assert page.url.endswith(f"#{BUREK}&site=es-mad-1"), "what is looked at has an address"
    expect(
        page.get_by_text("No change of one rule alone would give it a better place.")
    ).to_be_visible()
    unlit = page.locator("svg .candidate.unlit")
    page.locator("[data-rule=residency]").click()
    expect(unlit).to_have_count(len(MEMBERS) - 2)
    page.locator("[data-rule=residency]").click()
    expect(unlit).to_have_count(0)


def test_what_nobody_may_run_has_a_page_too(
    tab: Looker, explained: LocalLeague, address: str
) -> None:
    page = open_at(tab, address, "explain=demo/cuvee")
    expect(page.get_by_role("heading", name="Why nowhere")).to_be_visible()
    expect(page.locator(".verdict")).to_have_text(f"0 of {len(MEMBERS)} hosts may run it.")
    assert page.locator("svg .candidate.refused").count() == len(MEMBERS)
    change = page.get_by_role("button", name=re.compile(r"\+\d ms to Amsterdam, NL: site nl-ams-1"))
    change.click()
    expect(change).to_have_attribute("aria-pressed", "true")
    expect(page.locator("svg .candidate.unlit")).to_have_count(len(MEMBERS) - 1)
    opened = page.locator("svg [data-candidate=nl-ams-1]")
    assert "unlit" not in (opened.get_attribute("class") or "")
    expect(page.get_by_text("No host may run it.")).to_be_visible()
    assert explained.plane.is_alive


def test_it_is_reached_from_the_list_and_left_again(
    tab: Looker, explained: LocalLeague, address: str
) -> None:
    tab.page.goto(address)
    page = tab.page
    page.locator("svg [data-site=si-lju-1] .touch").click()
    page.get_by_role("link", name="Every candidate of burek on the map").click()
    expect(page.get_by_role("heading", name="Where burek may run")).to_be_focused()
    assert page.title() == "Why burek · Hanza"
    asked = [url for url in tab.asked if "/providers/" in url]
    page.get_by_role("link", name="Back to the league").click()
    expect(page.get_by_role("heading", name="What runs, and why there")).to_be_visible()
    assert page.title() == "Hanza"
    page.go_back()
    expect(page.get_by_role("heading", name="Where burek may run")).to_be_visible()
    assert [url for url in tab.asked if "/providers/" in url] == asked, "nothing was read anew"
    page.goto(f"{address}&explain=demo/nobody")
    expect(page.get_by_text("There is no instance nobody in workspace demo")).to_be_visible()
    assert explained.plane.is_alive


def test_it_works_by_keyboard_and_every_control_has_a_name(page: Page) -> None:
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        site, outline, ring = page.evaluate(
            """() => { const one = document.activeElement;
            if (one === document.body) return ['', 'solid', ''];
            const ring = one.querySelector?.('.halo');
            return [one.dataset.candidate ?? '', getComputedStyle(one).outlineStyle,
                    ring ? getComputedStyle(ring).strokeWidth : '']; }"""
        )
        reached.add(site)
        assert outline != "none" or ring == "5px", f"no focus is seen at {site}"
        if site == "nl-ams-1" and ring:
            page.keyboard.press("Enter")
            expect(page.locator("[data-looked=nl-ams-1]")).to_contain_text("refused by B")
            assert page.evaluate("document.activeElement.dataset.candidate") == site
    assert {member.site for member in MEMBERS} <= reached
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    names = [
        (one["role"]["value"], one.get("name", {}).get("value", "").strip())
        for one in tree["nodes"]
        if one.get("role", {}).get("value") != "RootWebArea"
        for fact in one.get("properties", [])
        if fact["name"] == "focusable" and fact["value"]["value"]
    ]
    assert len(names) > 2 * len(MEMBERS)
    assert [role for role, name in names if not name] == []


def test_it_follows_what_happens_and_never_polls(
    page: Page, tab: Looker, explained: LocalLeague
) -> None:
    page.wait_for_timeout(1500)
    tab.asked.clear()
    page.wait_for_timeout(3000)
    assert tab.asked == [], "nothing happens, nothing is asked"
    expect(page.locator("svg .candidate")).to_have_count(len(MEMBERS))
    place = ("--latitude", "45.55", "--longitude", "13.73")
    where = ("--provider", "kontora", "--country", "SI", "--city", "Koper", *place)
    explained.ask("site", "add", "si-kop-1", *where)
    expect(page.locator("svg .candidate")).to_have_count(len(MEMBERS) + 1)
    assert mark_of(page, "si-kop-1") == ("none", "")
    assert tab.asked != []


def test_another_tenant_can_be_looked_at(tab: Looker, explained: LocalLeague, address: str) -> None:
    page = open_at(tab, address, BUREK)
    page.get_by_label("Tenant").select_option("rival")
    expect(page.locator("[data-guest]")).to_have_count(1)
    expect(page.locator("[data-guest=pierogi]")).to_be_visible()
    assert page.url.endswith("#tenant=rival")
    page.locator("[data-guest=pierogi] summary").click()
    page.get_by_role("link", name="Every candidate of pierogi").click()
    expect(page.get_by_role("heading", name="Where pierogi may run")).to_be_visible()
    assert page.url.endswith("#tenant=rival&explain=mill/pierogi")
    page.reload()
    expect(page.get_by_role("heading", name="Where pierogi may run")).to_be_visible()
    assert tab.complaints == []
    assert explained.plane.is_alive


@pytest.mark.usefixtures("explained")
@pytest.mark.parametrize(
    ("name", "wishes"),
    [
        ("light", {}),
        ("dark", {"color_scheme": "dark"}),
        ("narrow", {"viewport": NARROW}),
        ("narrow-dark", {"viewport": NARROW, "color_scheme": "dark"}),
    ],
)
def test_it_is_whole_and_legible_in_every_light(
    browser: Browser, address: str, name: str, wishes: dict[str, object]
) -> None:
    with a_tab(browser, **wishes) as looker:
        page = open_at(looker, address, f"{BUREK}&site=de-fra-1")
        picture(looker, f"explain-{name}")
        wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], "nothing is wider than the screen"
        assert page.evaluate(CONTRAST) == [], "text has a contrast of 4.5 at least"
        assert page.evaluate(CONTRAST_OF_MARKS) == [8, []], "and so has every mark"
        assert looker.complaints == []
