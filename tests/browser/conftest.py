"""One browser for all tests, and a league of the demo's six sites with fake engines."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from hanza.boot.demo.scenario import MEMBERS
from hanza.drivers.contract.patience import until
from hanza.drivers.fake import FakeSite
from hanza.model.guest import GuestSpec, Mark
from hanza.model.ids import InstanceId
from kit.browsers import Looker, a_browser, a_tab
from kit.processes import LocalLeague, a_local_league

APP = """\
apiVersion: hanza.app/v1
workspace: demo
components:
  - {name: kava, image: tiny, country: HR, cpus: 1, memory: 96Mi, disk: 64Mi, near: [Split]}
  - {name: brezel, image: tiny, country: DE, cpus: 1, memory: 96Mi, disk: 64Mi, near: [Stuttgart]}
  - {name: handkaese, image: tiny, country: DE, cpus: 1, memory: 96Mi, disk: 64Mi}
  - {name: potica, image: tiny, country: SI, cpus: 1, memory: 96Mi, disk: 64Mi, near: [Maribor]}
  - {name: churros, image: tiny, country: ES, cpus: 1, memory: 96Mi, disk: 64Mi, near: [Valencia]}
"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with a_browser() as one:
        yield one


@pytest.fixture
def tab(browser: Browser) -> Iterator[Looker]:
    with a_tab(browser) as one:
        yield one


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLeague]:
    folder = tmp_path_factory.mktemp("page")
    with a_local_league(folder, web=True) as one:
        for member in MEMBERS:
            one.add_member(member)
            if member.site == "es-mad-1":
                add_stranger(one, member.site)
        one.add_image("tiny")
        (folder / "app.yaml").write_text(APP)
        one.ask("apply", str(folder / "app.yaml"))
        until(lambda: all(has_booted(one).values()), "every guest has booted", 60)
        yield one


def add_stranger(league: LocalLeague, site: str) -> None:
    """A guest that its owner runs beside the federation's."""
    with FakeSite(path=league.folder / f"{site}.engine").open() as inside:
        spec = GuestSpec("invoices", "theirs", 2, 512, 64)
        native = inside.add_guest(None, Mark(InstanceId("in_theirs"), 1), "host-1", spec)
        inside.set_power(inside.state.guests[native], "on")


def has_booted(league: LocalLeague) -> dict[str, bool]:
    return {row["name"]: row["boot"] == "seen" for row in league.ask("status")}


@pytest.fixture
def address(league: LocalLeague) -> str:
    """Where the operator opens the page, the token behind `#`."""
    context = json.loads((league.state / "context.json").read_text())
    return f"{context['web']}/#token={context['token']}"
