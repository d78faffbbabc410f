"""The demo's acts, by button and by command: the page beside real cables, and fake engines."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from hanza.boot.demo import desk, plane
from hanza.boot.demo.settings import Demo
from hanza.boot.lab import network
from hanza.drivers.contract.patience import until
from hanza.model.errors import Conflict, NotFound
from kit.browsers import Looker
from kit.cables import a_cabled_league, serve_page

SILENCE_MS = 60_000
APP = """\
apiVersion: hanza.app/v1
workspace: demo
components:
  - name: kava
    image: tiny
    country: HR
    cpus: 1
    memory: 96Mi
    disk: 64Mi
    near: [Split]
    ports: [{port: 8080, to: 80}]
  - {name: brezel, image: tiny, country: DE, cpus: 1, memory: 96Mi, disk: 64Mi}
"""
PAGE = """<!doctype html><html><head><title>kava</title><style>body { color: red }</style>
<script>parent.document.title = "taken over"</script></head>
<body onload="alert(1)" style="color: red"><h1>Coffee from Zagreb</h1>
<img src="https://example.org/spy.png" alt="a cup"><dl><dt>boot</dt><dd>1 of this disk</dd></dl>
</body></html>
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with a_cabled_league(tmp_path_factory.mktemp("plug"), sites=3, app=APP) as one:
        serve_page(one.sites[0], 8080, PAGE)
        until(lambda: plane.count(plane.rows(one), "seen") == 2, "every guest has booted", 60)
        yield one


@pytest.fixture
def page(tab: Looker, demo: Demo) -> Iterator[Page]:
    tab.page.goto(plane.web_of(demo))
    expect(tab.page.get_by_text("live", exact=True)).to_be_visible()
    yield tab.page
    assert len(tab.hosts()) == 1
    assert tab.complaints == [], "\n".join(tab.complaints)


def command(demo: Demo, *words: str) -> "subprocess.CompletedProcess[str]":
    where = ["--state", str(demo.place.state), "--prefix", demo.place.prefix]
    return subprocess.run(
        [*plane.HANZA, "demo", *words, *where],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.timeout(300)
def test_a_pulled_plug_is_seen_and_plugging_in_catches_up(page: Page, demo: Demo) -> None:
    site, other = demo.sites[0], demo.sites[1]
    page.get_by_label("Site whose cable it is").select_option(site.name)
    expect(page.get_by_text("Served by kava at")).to_be_visible()
    page.get_by_role("button", name="Pull the plug").click()
    told = page.get_by_role("status").filter(has_text=f"The cable of {site.name} is out")
    expect(told).to_contain_text("kava there goes on serving")
    assert not network.is_plugged(site)
    assert network.is_plugged(other)
    expect(page.locator(f"svg [data-site={site.name}]")).to_contain_text("cable out")
    row = page.locator(f".sites [data-site={site.name}]")
    expect(row).to_contain_text("unplugged; nothing heard since")
    expect(page.locator(f".sites [data-site={other.name}]")).to_contain_text("heard")
    expect(page.get_by_text(f"hanza demo plug pull {site.name}")).to_be_visible()
    expect(page.get_by_text("it serves its neighbours all the same")).to_be_visible()
    visited = page.frame_locator("iframe[title='The page that kava serves']")
    expect(visited.get_by_role("heading", name="Coffee from Zagreb")).to_be_visible()

    on_map = page.locator(f"svg [data-site={site.name}]")
    expect(on_map).to_contain_text(re.compile(r"quiet for \d+ s"), timeout=SILENCE_MS)
    expect(told).to_contain_text(f"{site.name} is silent")
    expect(row).to_contain_text(re.compile(r"nothing heard since \d\d:\d\d:\d\d \(\d+ s\)"))
    expect(page.locator(f".sites [data-site={other.name}] .state")).to_have_text("heard")
    expect(page.locator(f"svg [data-site={site.name}]")).to_contain_text("kava")
    what_waits_is_shown_and_taken_back(page, demo)

    page.get_by_role("button", name="Plug in").click()
    told = page.get_by_role("status").filter(has_text="is in again")
    expect(told).to_contain_text("It is heard again after", timeout=SILENCE_MS)
    expect(told).to_contain_text("Nothing was restarted: kava")
    expect(row.locator(".state")).to_have_text("heard")
    assert network.is_plugged(site)


def what_waits_is_shown_and_taken_back(page: Page, demo: Demo) -> None:
    """While its site is silent, by keyboard."""
    path = "/tenants/default/workspaces/demo/instances/kava"
    with plane.client(demo) as client:
        client.put(path, {"spec": client.get(path)["spec"] | {"power": "off"}})
        queue = page.get_by_role("region", name="What waits for sites")
        expect(queue).to_contain_text("1 of 2 have what was asked; 1 change waits")
        expect(queue).to_contain_text(re.compile(r"kava for \S+ since \d\d:\d\d:\d\d"))
        expect(queue).to_contain_text("hanza withdraw kava")
        queue.get_by_role("button", name="Take back what was asked for kava").press("Enter")
        told = queue.get_by_role("status")
        expect(told).to_contain_text("What was asked for kava is taken back")
        expect(queue.get_by_role("button")).to_have_count(0)
        assert client.get(path)["spec"]["power"] == "on"


@pytest.mark.timeout(120)
def test_the_commands_do_what_the_buttons_do_and_the_page_follows(page: Page, demo: Demo) -> None:
    site = demo.sites[1]
    done = command(demo, "plug", "pull", site.name)
    assert done.returncode == 0, done.stderr
    assert "is out" in done.stdout
    assert not network.is_plugged(site)
    expect(page.locator(f"svg [data-site={site.name}]")).to_contain_text("cable out")
    expect(page.locator(".feed")).to_contain_text(f"the cable of {site.name} was pulled")
    again = command(demo, "plug", "pull", site.name, "--output", "json")
    assert json.loads(again.stdout)["changed"] is False
    assert command(demo, "plug", "in", site.name).returncode == 0
    expect(page.locator(f"svg [data-site={site.name}]")).not_to_contain_text("cable out")
    assert network.is_plugged(site)


def test_a_forbidden_country_is_refused_rule_by_rule(page: Page) -> None:
    page.get_by_label("Country to ask for").select_option("FR")
    page.get_by_role("button", name="Ask for a forbidden country").click()
    told = page.get_by_role("status").filter(has_text="Refused.")
    expect(told).to_contain_text("Nothing may run in France: 3 hosts were looked at")
    expect(told).to_contain_text("residency")
    expect(told).to_contain_text("3 hosts are not in FR")
    expect(told).to_contain_text(re.compile(r"allow \w\w: site \S+ \(1 host"))
    expect(page.locator("svg [data-country=FR]")).to_have_class(re.compile("asked"))
    expect(page.get_by_text("hanza demo ask-forbidden FR")).to_be_visible()
    assert page.locator("[data-guest=forbidden]").count() == 0, "nothing was started"


def test_a_moved_rule_names_what_is_against_it_and_ends_nothing(page: Page, demo: Demo) -> None:
    page.get_by_label("Country that is no longer allowed").select_option("DE")
    page.get_by_role("button", name="Move the rule").click()
    told = page.get_by_role("status").filter(has_text="now allows no data in Germany")
    expect(told).to_contain_text("1 guest stands against it, and nothing was ended")
    expect(told).to_contain_text("at de-fra-1: it is in DE")
    against = page.locator("[data-guest=brezel]")
    expect(against).to_contain_text("against a rule")
    expect(page.locator("[data-guest=kava]")).not_to_contain_text("against")
    expect(page.locator(".feed")).to_contain_text(
        "brezel at de-fra-1 violates the policy of workspace demo"
    )
    assert {row["name"] for row in plane.rows(demo)} == {"kava", "brezel"}
    page.get_by_role("button", name="Move it back").click()
    expect(page.get_by_text("Data may be in Germany again")).to_be_visible()
    expect(against).not_to_contain_text("against")
    assert plane.call(demo, "policy", "violations") == []


def test_the_forbidden_is_asked_for_by_command_too(demo: Demo) -> None:
    done = command(demo, "ask-forbidden", "FR")
    assert done.returncode == 0, done.stderr
    assert "3 of 3 hosts: 3 not in FR" in done.stdout
    assert "would help     allow DE: site de-fra-1 (1 host" in done.stdout
    assert "Nothing was started" in done.stdout
    assert {row["name"] for row in plane.rows(demo)} == {"kava", "brezel"}


def test_the_rule_is_moved_by_command_too(page: Page, demo: Demo) -> None:
    done = command(demo, "move-rule", "DE")
    assert done.returncode == 0, done.stderr
    assert "Against the rule now, and still running: 1." in done.stdout
    assert "brezel at de-fra-1 violates the policy of workspace demo" in done.stdout
    expect(page.locator("[data-guest=brezel]")).to_contain_text("against a rule")
    back = command(demo, "move-rule", "DE", "--back")
    assert "still running: 0." in back.stdout
    expect(page.locator("[data-guest=brezel]")).not_to_contain_text("against a rule")
    assert {row["name"] for row in plane.rows(demo)} == {"kava", "brezel"}


def test_the_context_of_another_plane_is_not_taken_for_the_demos(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "context.json"
    other.write_text(json.dumps({"url": "https://127.0.0.1:9", "token": "theirs", "ca": ""}))
    monkeypatch.setenv("HANZA_CONTEXT", str(other))
    for words in (("plug", "pull", demo.sites[0].name), ("move-rule", "DE"), ("ask-forbidden",)):
        done = command(demo, *words)
        assert done.returncode == 1
        assert "and not of this demo" in done.stderr
    assert network.is_plugged(demo.sites[0])
    monkeypatch.setenv("HANZA_CONTEXT", str(demo.context))
    assert command(demo, "ask-forbidden").returncode == 0


def test_a_guests_page_can_do_nothing_to_ours(page: Page, tab: Looker) -> None:
    frame = page.locator("iframe[title='The page that kava serves']")
    expect(frame.content_frame.get_by_text("1 of this disk")).to_be_visible()
    assert frame.get_attribute("sandbox") == ""
    within = frame.get_attribute("srcdoc") or ""
    assert "Coffee from Zagreb" in within
    for word in ("<script", "onload", "<style", "style=", "example.org"):
        assert word not in within
    assert page.title() == "Hanza"
    assert not any("example.org" in url for url in tab.asked)


def test_a_visit_that_brought_no_page_is_made_again(demo: Demo, tab: Looker) -> None:
    """A guest that is busy for a moment must not leave its page empty until somebody clicks."""
    tab.page.route("**/visits/kava", lambda route: route.abort("timedout"), times=1)
    tab.page.goto(plane.web_of(demo))
    expect(tab.page.get_by_text("Served by kava at")).to_be_visible()


def test_a_page_that_does_not_come_is_said_so(demo: Demo) -> None:
    with plane.client(demo, desk.BASE) as client:
        assert client.get("/visits/kava")["status"] == 200
        with pytest.raises(Conflict, match="publishes no port"):
            client.get("/visits/brezel")
        with pytest.raises(NotFound, match="no instance 'nobody'"):
            client.get("/visits/nobody")


def test_a_cable_is_the_operators_alone_and_only_of_this_demo(demo: Demo) -> None:
    unknown = command(demo, "plug", "pull", "xx-nowhere-1")
    assert unknown.returncode == 1
    assert "there is no site 'xx-nowhere-1' in this demo" in unknown.stderr
    plane.call(demo, "tenant", "add", "acme")
    token = plane.call(demo, "token", "someone", "--tenant", "acme")
    assert isinstance(token, dict)
    context = json.loads(demo.context.read_text())
    for bearer, status in (("nobody", 401), (token["token"], 403)):
        url = f"{context['web']}/demo/v1/cables/{demo.sites[0].name}/pull"
        header = {"authorization": f"Bearer {bearer}"}
        answer = httpx2.post(url, headers=header, timeout=10, trust_env=False).status_code
        assert answer == status
    assert network.is_plugged(demo.sites[0])
