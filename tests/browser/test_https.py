"""The page of an ordinary plane, by HTTPS under its own root, as `hanza web` prints the address."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, expect

from kit.browsers import Looker, a_tab
from kit.certificates import found_of_old
from kit.processes import LocalLeague, a_local_league

OF_NOW, OF_OLD = "founded now", "founded with Ed25519"


@pytest.fixture(scope="module", params=[OF_NOW, OF_OLD])
def founded(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def league(founded: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLeague]:
    folder = tmp_path_factory.mktemp("https")
    if founded == OF_OLD:
        (folder / "plane").mkdir(mode=0o700)
        found_of_old(folder / "plane", datetime.now(UTC))  # noqa: TID251 -- browsers have theirs
    with a_local_league(folder) as one:
        yield one


def test_a_browser_says_no_more_than_that_it_does_not_know_the_root(
    tab: Looker, league: LocalLeague, founded: str
) -> None:
    """The connection is made; a root of old is pinned by agents, so it stays, and is not taken."""
    said = "ERR_CERT_AUTHORITY_INVALID" if founded == OF_NOW else "ERR_CERT_INVALID"
    with pytest.raises(Error, match=said):
        tab.page.goto(league.ask("web")["web"])


def test_who_goes_on_sees_the_page(browser: Browser, league: LocalLeague) -> None:
    address = league.ask("web")["web"]
    assert address.startswith("https://")
    with a_tab(browser, ignore_https_errors=True) as looker:
        looker.page.goto(address)
        expect(looker.page.get_by_text("live", exact=True)).to_be_visible()
        assert looker.complaints == []


def test_the_commands_say_where_the_page_is_and_what_a_browser_will_say(tmp_path: Path) -> None:
    with a_local_league(tmp_path) as league:
        said = league.run("web")
        assert said.returncode == 0
        assert said.stdout.startswith(f"https://127.0.0.1:{league.port}/#token=")
        assert len(said.stdout.splitlines()) == 1, "what is printed is the address alone"
        assert "Browsers warn of this address" in said.stderr
        assert str(league.state / "root.pem") in said.stderr
        assert f"page: https://127.0.0.1:{league.port} " in league.plane.log.read_text()
        league.plane.stop()
        gone = league.run("web")
        assert gone.returncode != 0
        assert "does not answer" in gone.stderr
        assert gone.stdout == ""


def test_plain_http_on_loopback_is_not_warned_of(tmp_path: Path) -> None:
    with a_local_league(tmp_path, web=True) as league:
        said = league.run("web")
        assert said.stdout.startswith(f"http://127.0.0.1:{league.web}/#token=")
        assert said.stderr == ""
