"""The page as a visitor has it: map and lists, by mouse and keyboard, in every light."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from hanza.boot.demo.scenario import MEMBERS
from kit.browsers import CONTRAST, LAPTOP, NARROW, Looker, a_tab
from kit.processes import LocalLeague


@pytest.fixture
def page(tab: Looker, address: str) -> Iterator[Page]:
    """The page, opened and live; at the end, nothing went wrong and nobody else was asked."""
    opened = open_page(tab, address)
    yield opened
    assert tab.hosts() == {address.split("/")[2]}
    assert tab.complaints == []


def open_page(looker: Looker, address: str) -> Page:
    looker.page.goto(address)
    expect(looker.page.get_by_text("live", exact=True)).to_be_visible()
    return looker.page


def test_the_map_and_the_lists_say_the_same(page: Page) -> None:
    assert page.locator("svg .site").count() == len(MEMBERS)
    for member in MEMBERS:
        on_map = page.locator(f"svg [data-site={member.site}]")
        row = page.locator(f".sites [data-site={member.site}]")
        said = on_map.get_attribute("aria-label") or ""
        for words in (member.city, member.title, "heard"):
            assert words in said
            expect(row).to_contain_text(words)
    expect(page.locator("svg [data-site=de-fra-1]")).to_contain_text("brezel, handkaese")
    expect(page.locator(".sites [data-site=de-fra-1]")).to_contain_text("brezel, handkaese")
    expect(page.locator("svg [data-near=Split]")).to_contain_text(re.compile(r"~\d+ ms"))
    page.locator("[data-guest=kava] summary").click()
    expect(page.locator("[data-guest=kava]")).to_contain_text(re.compile(r"Split, HR ~\d+ ms"))
    page.locator("[data-guest=kava] summary").click()


def test_why_is_there_at_first_sight_and_opens_in_view(browser: Browser, address: str) -> None:
    """On a laptop's screen: nothing was clicked, and then a row, and then a site on the map."""
    with a_tab(browser, viewport=LAPTOP) as looker:
        page = open_page(looker, address)
        row = page.locator("[data-guest=kava]")
        summary = row.locator("summary")
        expect(summary).to_contain_text("law HR · nearest of 1 that may")
        expect(summary).to_contain_text(re.compile(r"~\d+ ms Split"))
        expect(summary.locator(".opens")).to_be_in_viewport()
        expect(row.get_by_text("not elsewhere")).to_be_hidden()
        summary.click()
        expect(row.get_by_text("not elsewhere")).to_be_in_viewport()
        page.locator("svg [data-site=es-mad-1] .touch").click()
        expect(page.get_by_role("heading", name="What runs at es-mad-1")).to_be_in_viewport()
        expect(page.get_by_text("Mesetanube S.L.").last).to_be_visible()
        reasons = page.locator("[data-guest=churros]").get_by_text("5 of 6 hosts: 5 not in ES")
        expect(reasons).to_be_in_viewport()
    with a_tab(browser, viewport=NARROW) as looker:
        page = open_page(looker, address)
        page.locator("svg [data-site=es-mad-1] .touch").click()
        expect(page.get_by_role("heading", name="What runs at es-mad-1")).to_be_in_viewport()


def test_a_site_tells_its_doctors_score_and_whose_guests_are_there_too(page: Page) -> None:
    page.locator(".sites [data-site=es-mad-1] button").click()
    facts = page.locator(".sitefacts")
    doctor = facts.locator("summary").filter(has_text=re.compile(r"Doctor: \d+ of 100"))
    doctor.press("Enter")
    for words in ("engine", "boot", "clock"):
        expect(facts.locator("dt").filter(has_text=words).first).to_be_visible()
    expect(facts).to_contain_text("1 guest of others: 2 processors and 512 MiB in use are not")
    facts.locator("summary").filter(has_text="guest of others").press("Enter")
    expect(facts.get_by_text("invoices at host-1: 2 processors, 512 MiB, on")).to_be_visible()


def test_a_lost_host_is_shown_as_that(page: Page) -> None:
    """As the API tells it once a second agent of the site has fallen silent."""

    def lost(one: dict[str, Any]) -> dict[str, Any]:
        status = one["status"] | {"isHeard": False, "isOffered": False}
        spec = one["spec"] | ({"agent": "ag_lost"} if "agent" in one["spec"] else {})
        return {"metadata": {"id": "ag_lost", "name": "host-2"}, "spec": spec, "status": status}

    def with_one_lost(route: Route) -> None:
        answer = route.fetch()
        items = answer.json()["items"]
        (there,) = (one for one in items if one["spec"]["site"] == "hr-zag-1")
        route.fulfill(response=answer, json={"items": [*items, lost(there)]})

    page.route(re.compile("/v1/(hosts|agents)$"), with_one_lost)
    page.reload()
    row = page.locator(".sites [data-site=hr-zag-1]")
    expect(row.locator(".state")).to_have_text("1 of 2 hosts heard")
    said = page.locator("svg [data-site=hr-zag-1]").get_attribute("aria-label") or ""
    assert "some hosts are silent; 1 of 2 hosts heard" in said
    row.get_by_role("button").press("Enter")
    expect(page.locator(".sitefacts")).to_contain_text("1 of 2 hosts heard; lost: host-2")


def test_a_site_whose_reports_are_refused_is_marked(page: Page) -> None:
    """As the API tells it of an agent that said what cannot be."""
    why = "'host-1' is said to have 1000000000 cpus"

    def with_one_refused(route: Route) -> None:
        answer = route.fetch()
        items = answer.json()["items"]
        for one in items:
            if one["spec"]["site"] == "hr-zag-1":
                assert one["status"]["refusedSince"] is None
                one["status"] |= {"refusedSince": "2026-01-01T00:00:00Z", "refused": why}
        route.fulfill(response=answer, json={"items": items})

    page.route(re.compile("/v1/agents$"), with_one_refused)
    page.reload()
    row = page.locator(".sites [data-site=hr-zag-1]")
    expect(row.locator(".state")).to_have_text("its reports are refused")
    expect(page.locator("svg [data-site=hr-zag-1]")).to_have_class(re.compile("refused"))
    row.get_by_role("button").press("Enter")
    expect(page.locator(".sitefacts")).to_contain_text(f"is refused: {why}.")


def test_what_waits_and_how_far_a_release_is_are_told(page: Page) -> None:
    """As the API tells it of volumes at a silent site, and of a rollout that was halted."""
    since = "2026-03-04T05:06:07Z"
    volume = {
        "metadata": {"id": "vo_1", "name": "db/data", "workspace": "demo"},
        "spec": {"sizeMiB": 64},
        "status": {"state": "active", "site": "hr-zag-1", "pendingSince": since},
    }
    counts = {"none": 0, "untried": 2, "underWay": 1, "good": 0, "failed": 1}
    agent = {"agent": "ag_1", "provider": "p", "ring": 1, "release": "0.1.0"}
    rollout = {
        **{"release": "0.2.0", "state": "halted", "by": "operator", "attempt": 1},
        **{"why": "1 of 2 failed", "since": since},
        "rings": [{"ring": 1, **counts}],
        "agents": [agent | {"site": "hr-zag-1", "condition": "failed", "why": "no link"}],
    }
    page.route(re.compile("/v1/rollouts$"), lambda one: one.fulfill(json={"items": [rollout]}))
    page.route(re.compile("waiting=true$"), lambda one: one.fulfill(json={"items": [volume]}))
    expect(page.locator(".rollout")).to_have_count(0)
    page.reload()
    section = page.get_by_role("region", name="Agents' release 0.2.0")
    expect(section).to_contain_text("halted, begun ")
    expect(section).to_contain_text("1 of 2 failed")
    expect(section.locator("[data-ring='1'] td")).to_have_text(["0", "1", "2", "1", "0"])
    section.locator("summary").press("Enter")
    told = section.locator("[data-updating=hr-zag-1]")
    expect(told).to_have_text("hr-zag-1 runs 0.1.0: failed, in ring 1; no link")
    queue = page.get_by_role("region", name="What waits for sites")
    expect(queue.locator("[data-waits='db/data']")).to_contain_text("64 MiB, for hr-zag-1 since")
    expect(queue).to_contain_text("hanza volume withdraw db/data")


def test_what_happened_begins_with_what_matters(page: Page) -> None:
    feed = page.locator(".feed")
    expect(feed).to_contain_text("kava got a place at hr-zag-1")
    expect(feed).not_to_contain_text("its power is on")
    page.get_by_role("button", name="Every step too").click()
    expect(feed).to_contain_text("its power is on")
    page.get_by_role("button", name="Only what matters").click()
    expect(feed).not_to_contain_text("its power is on")


def test_the_map_is_where_the_earth_is(page: Page) -> None:
    """A site's disc lies in the outline of its country, though two programs projected them."""
    inside = """([site, country]) => {
        const disc = document.querySelector(`svg [data-site="${site}"] .disc`);
        const outline = document.querySelector(`svg [data-country="${country}"]`);
        const at = new DOMPoint(disc.cx.baseVal.value, disc.cy.baseVal.value);
        return outline.isPointInFill(at);
    }"""
    for member in MEMBERS:
        assert page.evaluate(inside, [member.site, member.country]), member.site
    assert not page.evaluate(inside, ["si-lju-1", "HR"])


def test_it_follows_what_happens_and_never_polls(
    page: Page, tab: Looker, league: LocalLeague
) -> None:
    page.wait_for_timeout(500)
    tab.asked.clear()
    page.wait_for_timeout(3000)
    assert tab.asked == [], "nothing happens, nothing is asked"
    file = league.folder / "more.yaml"
    file.write_text(
        "apiVersion: hanza.app/v1\nworkspace: demo\ncomponents:\n"
        "  - {name: stroopwafel, image: tiny, country: NL, cpus: 1, memory: 96Mi, disk: 64Mi}\n"
    )
    league.ask("apply", str(file))
    expect(page.locator("svg [data-site=nl-ams-1]")).to_contain_text("stroopwafel")
    expect(page.locator("[data-guest=stroopwafel]")).to_contain_text("runs")
    expect(page.locator(".feed")).to_contain_text("stroopwafel got a place at nl-ams-1")
    league.ask("destroy", "stroopwafel", "--yes")
    expect(page.locator("[data-guest=stroopwafel]")).to_have_count(0)
    expect(page.locator("svg [data-site=nl-ams-1]")).not_to_contain_text("stroopwafel")


def test_the_token_leaves_the_address_at_once(page: Page, address: str) -> None:
    token = address.partition("#token=")[2]
    assert token not in page.url
    assert page.evaluate("sessionStorage.getItem('hanza.token')") == token
    page.reload()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Your token")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    assert page.locator("svg").count() == 0, "without a token nothing is shown"


def test_a_wrong_token_is_refused_in_words(tab: Looker, address: str) -> None:
    page = tab.page
    page.goto(address.partition("#")[0])
    page.get_by_label("Your token").fill("nobody")
    page.get_by_role("button", name="Open the league").click()
    expect(page.get_by_role("alert")).to_contain_text("not known here")
    page.get_by_label("Your token").fill(address.partition("#token=")[2])
    page.keyboard.press("Enter")
    expect(page.get_by_text("live", exact=True)).to_be_visible()


def test_a_plane_that_is_no_demos_has_no_buttons_that_act(page: Page, tab: Looker) -> None:
    expect(page.get_by_role("heading", name="What runs")).to_be_visible()
    assert page.get_by_role("heading", name="Try it").count() == 0
    for name in ("Ask for a forbidden country", "Move the rule", "Pull the plug"):
        assert page.get_by_role("button", name=name).count() == 0
    assert not any("/demo/v1" in url for url in tab.asked), "and no desk is asked for"


def test_every_control_has_a_name(page: Page) -> None:
    controls = named_controls(page)
    assert len(controls) > 15
    assert [role for role, name in controls if not name.strip()] == []
    for member in MEMBERS:
        assert page.get_by_role("button", name=member.site).count() == 2, "on the map, in the list"


def named_controls(page: Page) -> list[tuple[str, str]]:
    """Role and name of whatever can have the focus, as Chromium tells assistive technology."""
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    return [
        (one["role"]["value"], one.get("name", {}).get("value", ""))
        for one in tree["nodes"]
        if one.get("role", {}).get("value") != "RootWebArea"
        for fact in one.get("properties", [])
        if fact["name"] == "focusable" and fact["value"]["value"]
    ]


def test_all_of_it_works_by_keyboard_alone(page: Page) -> None:
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """() => { const one = document.activeElement;
            if (one === document.body) return ['', 'solid', ''];
            const style = getComputedStyle(one);
            const ring = one.querySelector?.('.halo');
            return [one.dataset.site ?? one.textContent.slice(0, 30),
                    style.outlineStyle, ring ? getComputedStyle(ring).strokeWidth : '']; }"""
        )
        reached.add(focused[0])
        assert focused[1] != "none" or focused[2] == "5px", f"no focus is seen at {focused}"
        if focused[0] == "hr-zag-1" and focused[2]:
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", name="What runs at hr-zag-1")).to_be_visible()
            expect(page.locator("[data-guest]")).to_have_count(1)
            assert page.evaluate("document.activeElement.dataset.site") == "hr-zag-1"
    assert {member.site for member in MEMBERS} <= reached
    assert page.url.endswith("#site=hr-zag-1"), "what is chosen has an address"


@pytest.mark.parametrize(
    "wishes",
    [
        {"color_scheme": "dark"},
        {"viewport": NARROW},
        {"viewport": NARROW, "color_scheme": "dark"},
    ],
)
def test_it_is_whole_and_legible_in_every_light(
    browser: Browser, address: str, wishes: dict[str, object]
) -> None:
    with a_tab(browser, **wishes) as looker:
        page = open_page(looker, address)
        page.locator(".sites [data-site=es-mad-1] button").click()
        expect(page.locator(".sitefacts summary")).to_have_count(2)
        for summary in page.locator(".sitefacts summary").all():
            summary.click()
        wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], "nothing is wider than the screen"
        poor = page.evaluate(CONTRAST)
        assert poor == [], "text has a contrast of 4.5 at least"
        assert looker.complaints == []


def test_motion_stops_where_it_is_not_wanted(browser: Browser, address: str) -> None:
    asked = "getComputedStyle(document.querySelector('.disc')).transitionDuration"
    with a_tab(browser, reduced_motion="reduce") as looker:
        assert open_page(looker, address).evaluate(asked) == "0s"
    with a_tab(browser, reduced_motion="no-preference") as looker:
        assert "0.6s" in open_page(looker, address).evaluate(asked)


def test_a_browser_is_told_to_let_nothing_else_in(tab: Looker, address: str) -> None:
    answer = tab.page.goto(address.partition("#")[0])
    assert answer is not None
    headers = answer.headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    beyond = tab.page.evaluate("fetch('https://example.org/').then(() => 'sent', () => 'kept')")
    assert beyond == "kept"


def test_it_comes_back_after_a_break_and_has_lost_nothing(
    tab: Looker, address: str, league: LocalLeague
) -> None:
    """The plane ends and starts again while an app is changed; the page says so and catches up."""
    page = open_page(tab, address)
    league.plane.kill()
    expect(page.get_by_text("no answer from the plane; trying again")).to_be_visible()
    league.restart_plane()
    league.ask("destroy", "handkaese", "--yes")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    expect(page.locator("[data-guest=handkaese]")).to_have_count(0)
    context = json.loads((league.state / "context.json").read_text())
    assert address.startswith(context["web"])
