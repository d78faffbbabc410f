"""Releases at a plane, who is asked to take one, who consents, and what halts it."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hanza.api.images import sweep_blobs
from hanza.api.routes import BASE
from hanza.model.release import Signed
from hanza.store.alerts import list_alerts
from hanza.store.rollouts import may_fetch_archive
from hanza.wire import agent_v1 as v1
from hanza.wire.credentials import public_key_of
from hanza.wire.release_v1 import sign_release, sign_revocation, signed_to_json
from kit.apis import OPERATOR, an_api
from kit.archives import KEY, OTHER_KEY, a_release, an_archive
from kit.leagues import League

PUBLIC = public_key_of(KEY)
ARCHIVE = an_archive()
TAG = a_release(ARCHIVE).tag
BERLIN = BASE + "/providers/berlin"
QUICK = {"soakSeconds": 60, "backWithinSeconds": 120}
RINGS = [{"where": {"site": ["berlin"]}}, {"all": True}]


@dataclass
class Agent:
    """What an agent says of itself, as a test has it."""

    running: v1.Running = field(
        default_factory=lambda: v1.Running("0.1.0", TAG, "always", [], [PUBLIC], True)
    )
    wanted: v1.UpdateWanted | None = None

    def __post_init__(self) -> None:
        self._told: v1.Running | None = None

    def open(self) -> None:
        self.wanted, self._told = None, None

    def hear(self, message: v1.UpdateWanted) -> list[v1.Running]:
        self.wanted = message
        return self.say()

    def say(self) -> list[v1.Running]:
        if self.wanted is None or self._told == self.running:
            return []
        self._told = self.running
        return [self.running]

    def be(self, **more: Any) -> None:
        fields = {name: getattr(self.running, name) for name in self.running.__struct_fields__}
        self.running = v1.Running(**{**fields, **more})

    @property
    def is_asked(self) -> bool:
        return self.wanted is not None and bool(self.wanted.statement)


class World:
    def __init__(self, client: Any, league: League) -> None:
        self.client, self.league = client, league
        self.agents: dict[str, Agent] = {}
        for name, country in (("berlin", "DE"), ("paris", "FR"), ("rome", "IT")):
            self.agents[name] = Agent()
            league.add_site(name, country).be_updated(self.agents[name])
        self.ask("PUT", f"/release-keys/{PUBLIC.hex()}", status=201)
        self.live(2)

    def ask(
        self, method: str, path: str, spec: Any = None, status: int = 200, by: Any = OPERATOR
    ) -> Any:
        body = None if spec is None else {"spec": spec}
        answer = self.client.request(method, BASE + path, json=body, headers=by)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def give(self, signed: Signed, status: int = 201, archive: bytes = ARCHIVE) -> Any:
        digest = a_release(archive).digest
        path = f"{BASE}/blobs/{digest}"
        self.client.put(path, content=archive, headers=OPERATOR)
        return self.ask("POST", "/releases", json.loads(signed_to_json(signed)), status)

    def start(self, release: str = "0.2.0", **more: Any) -> Any:
        spec = {"release": release, "rings": RINGS, **QUICK, **more}
        return self.ask("POST", "/rollouts", spec)

    def live(self, seconds: int = 1) -> None:
        for _ in range(seconds):
            self.league.step()

    def wait(self, seconds: int) -> None:
        """Time in which everybody is heard of every ten seconds, as long as the engine looks."""
        for _ in range(seconds // 10 + 3):
            self.league.clock.advance(timedelta(seconds=9))
            self.live(1)

    def consent(self, *names: str) -> None:
        for name in names:
            self.ask("PUT", f"/providers/{name}/updates", {"consent": "always"})

    def shown(self) -> Any:
        (found,) = self.ask("GET", "/rollouts")["items"]
        return found

    def conditions(self) -> dict[str, str]:
        return {one["site"]: one["condition"] for one in self.shown()["agents"]}

    def why(self, site: str) -> str:
        return next(str(one["why"]) for one in self.shown()["agents"] if one["site"] == site)

    def asked(self) -> set[str]:
        return {name for name, agent in self.agents.items() if agent.is_asked}

    def kinds(self) -> list[str]:
        return [one["kind"] for one in self.ask("GET", "/events")["items"]]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with an_api(tmp_path) as (client, league):
        yield World(client, league)


def a_signed(world: World, archive: bytes = ARCHIVE, **more: Any) -> Signed:
    now = world.league.clock.now()
    times = {"signed_at": now, "expires_at": now + timedelta(days=90), **more}
    return sign_release(a_release(archive, **times), KEY)


def test_ring_after_ring_those_who_consent_have_it(world: World) -> None:
    world.give(a_signed(world))
    world.consent("berlin", "paris")
    assert {one["ring"] for one in world.start(dryRun=True)["agents"]} == {1, 2}
    assert world.ask("GET", "/rollouts")["items"] == []
    world.start()
    world.live(2)
    assert world.asked() == {"berlin"}, "the second ring waits"
    world.agents["berlin"].be(version="0.2.0")
    world.live(2)
    assert world.conditions() == {"berlin": "good", "paris": "untried", "rome": "none"}
    assert world.asked() == {"berlin"}, "it has to keep its link for a while"
    world.wait(61)
    assert world.asked() == {"berlin", "paris"}
    world.agents["paris"].be(version="0.2.0")
    world.live(2)
    world.wait(61)
    shown = world.shown()
    assert shown["state"] == "done"
    assert [one["good"] for one in shown["rings"]] == [1, 1]
    assert world.why("rome") == "its provider has not said yes to 0.2.0"
    own = world.ask("GET", "/providers/rome/updates")["rollout"]
    assert (own["release"], own["state"]) == ("0.2.0", "done")
    assert [(one["site"], one["why"]) for one in own["agents"]] == [("rome", world.why("rome"))]
    world.ask("POST", "/providers/rome/update-words", {"release": "0.2.0"})
    world.live(2)
    assert "rome" in world.asked(), "who says yes later is asked later"
    assert world.kinds().count("agent.updated") == 2


def test_what_is_told_is_what_was_signed_and_its_bytes_are_had_by_who_was_asked(
    world: World,
) -> None:
    signed = a_signed(world)
    world.give(signed)
    world.consent("berlin")
    world.start()
    world.live(2)
    told = world.agents["berlin"].wanted
    assert told == v1.UpdateWanted(signed.statement, signed.key, signed.signature, 1)
    digest, read = a_release(ARCHIVE).digest, world.league.store.read
    may = {
        name: read(may_fetch_archive, world.league.agents[name].id, digest) for name in world.agents
    }
    assert may == {"berlin": True, "paris": False, "rome": False}
    assert not read(may_fetch_archive, world.league.agents["berlin"].id, "ab" * 32)
    world.league.clock.advance(timedelta(hours=2))
    assert digest not in sweep_blobs(world.league.plane), "no sweep takes it"


def test_too_many_failures_halt_it_with_an_alert_until_somebody_goes_on(world: World) -> None:
    world.ask("PUT", "/alert-hooks/pager", {"url": "https://alerts.example/x"}, 201)
    world.give(a_signed(world))
    world.consent("berlin", "paris", "rome")
    world.start()
    world.live(2)
    failed = {"condition": "failed", "about": "0.2.0", "attempt": 1, "why": "no link (x)"}
    world.agents["berlin"].be(**failed)
    world.live(2)
    shown = world.shown()
    assert shown["state"] == "halted"
    assert "at berlin" in shown["why"]
    assert world.why("berlin") == "no link (x)"
    alerts = world.league.store.read(list_alerts)
    assert [one.kind for one in alerts] == ["rollout.halted"]
    world.wait(120)
    assert world.asked() == set(), "nobody is asked while it is halted, nor told to go on"
    world.agents["berlin"].be(condition="none", about="", attempt=0, why="")
    world.live(2)
    assert world.conditions()["berlin"] == "failed", "what it gave up it has given up"
    world.ask("POST", "/rollout-acts", {"act": "resume"})
    world.live(2)
    told = world.agents["berlin"].wanted
    assert told is not None
    assert told.attempt == 2
    assert world.conditions()["berlin"] == "under_way", "what it said was of the first attempt"


def test_who_does_not_come_back_has_failed(world: World) -> None:
    world.give(a_signed(world))
    world.consent("berlin")
    world.start()
    world.live(2)
    world.league.agents["berlin"].link.is_cut = True
    world.wait(130)
    world.live(1)
    assert world.conditions()["berlin"] == "failed"
    assert world.shown()["state"] == "halted"


def test_a_person_halts_and_the_next_rollout_takes_its_place(world: World) -> None:
    world.give(a_signed(world))
    world.consent("berlin")
    world.ask("POST", "/rollout-acts", {"act": "halt"}, 404)
    world.start()
    world.ask("POST", "/rollout-acts", {"act": "resume"}, 412)
    world.live(2)
    assert world.asked() == {"berlin"}
    halted = world.ask("POST", "/rollout-acts", {"act": "halt", "why": "lunch"})
    assert (halted["state"], halted["why"]) == ("halted", "lunch")
    world.live(2)
    assert world.asked() == set()
    assert world.start()["attempt"] == 1
    world.live(2)
    assert world.asked() == {"berlin"}


@pytest.mark.parametrize(
    ("lacks", "why"),
    [
        ({"consent": "never"}, "the agent takes none, by its own people's rule"),
        ({"consent": "asked"}, "the agent waits for a yes to 0.2.0, by its own people's rule"),
        ({"keys": []}, "the key of the release is not pinned there"),
        ({"can_return": False}, "no launcher runs it: it could not go back"),
        ({"tag": "cpython-27"}, "there is no archive for its platform"),
    ],
)
def test_whose_own_people_do_not_let_it_or_who_could_not_is_not_asked(
    world: World, lacks: dict[str, Any], why: str
) -> None:
    world.give(a_signed(world))
    world.consent("berlin")
    world.agents["berlin"].be(**lacks)
    world.live(2)
    world.start()
    world.live(2)
    assert world.asked() == set()
    assert world.why("berlin") == why
    world.agents["berlin"].be(version="0.2.0")
    world.live()
    assert (world.conditions()["berlin"], world.why("berlin")) == ("good", ""), "it has it"


def test_an_agent_of_before_updates_is_left_alone(world: World) -> None:
    world.give(a_signed(world))
    world.league.add_site("oslo", "NO")
    world.consent("oslo")
    world.start()
    world.live(3)
    assert "older than updates" in world.why("oslo")


def test_a_provider_says_yes_by_its_own_role_and_for_itself_alone(world: World) -> None:
    world.ask("PUT", "/providers/berlin/users/boss", {"role": "admin"}, 201)
    world.ask("PUT", "/providers/berlin/users/clerk", {"role": "viewer"}, 201)
    boss, clerk = (_token(world.league, name) for name in ("boss", "clerk"))
    said = world.ask("GET", "/providers/berlin/updates", by=clerk)
    assert (said["consent"], said["rollout"]) == ("asked", None)
    world.ask("PUT", "/providers/berlin/updates", {"consent": "never"}, 403, by=clerk)
    world.ask("PUT", "/providers/paris/updates", {"consent": "never"}, 403, by=boss)
    for words in (["0.2.0"], ["0.2.0", "0.10.0"]):
        path = "/providers/berlin/update-words"
        said = world.ask("POST", path, {"release": words[-1]}, by=boss)
        assert said["words"] == words
    world.ask("PUT", "/providers/berlin/updates", {"consent": "never"}, by=boss)
    world.ask("POST", "/rollout-acts", {"act": "halt"}, 403, by=boss)
    kinds = [one["kind"] for one in world.ask("GET", "/providers/berlin/events")["items"]]
    assert kinds[-3:] == ["provider.consented", "provider.consented", "provider.updates"]


def _token(league: League, name: str) -> dict[str, str]:
    from hanza.wire.tokens import Bearer  # noqa: PLC0415

    now = league.clock.now()
    good = Bearer(name, (), now + timedelta(hours=1))
    return {"authorization": f"Bearer {league.plane.issuer.issue(good, now)}"}


def test_a_plane_keeps_nothing_that_is_not_signed_and_whole(world: World) -> None:
    good, now = a_signed(world), world.league.clock.now()
    forged = Signed(good.statement, good.key, bytes(64))
    other = sign_release(a_release(ARCHIVE, expires_at=now + timedelta(days=1)), OTHER_KEY)
    old = a_signed(world, expires_at=now)
    world.give(forged, 403)
    world.give(other, 403)
    world.give(old, 412)
    world.give(a_signed(world, an_archive("0.3.0")), 412, archive=ARCHIVE)
    assert world.ask("GET", "/releases")["items"] == []
    world.ask("POST", "/rollouts", {"release": "0.2.0", "rings": RINGS}, 404)
    kept = world.give(good)
    assert (kept["version"], kept["key"]) == ("0.2.0", PUBLIC.hex())
    world.give(good, 200)
    world.ask("DELETE", f"/release-keys/{PUBLIC.hex()}", status=412)
    world.ask("DELETE", f"/release-keys/{public_key_of(OTHER_KEY).hex()}", status=404)


def test_a_key_ends_by_its_own_word_at_every_agent_and_for_ever(world: World) -> None:
    path, said = f"/release-keys/{PUBLIC.hex()}", sign_revocation(KEY)
    word = {"signature": base64.b64encode(said.signature).decode()}
    forged = sign_revocation(OTHER_KEY).signature
    world.ask("POST", path + "/revocation", {"signature": base64.b64encode(forged).decode()}, 403)
    world.give(a_signed(world))
    assert world.agents["berlin"].wanted == v1.UpdateWanted()
    world.ask("POST", path + "/revocation", word, 201)
    world.ask("POST", path + "/revocation", word, 200)
    world.live(2)
    told = v1.UpdateWanted(revoked=[v1.RevokedW(said.key, said.signature)])
    assert {name: agent.wanted for name, agent in world.agents.items()} == dict.fromkeys(
        world.agents, told
    )
    assert world.ask("GET", "/release-keys")["items"] == [{"key": PUBLIC.hex(), "isRevoked": True}]
    assert world.client.get("/agent/v1/federation").json()["release_keys"] == []
    world.ask("PUT", path, status=412)
    world.ask("DELETE", path, status=412)
    world.give(a_signed(world, an_archive("0.3.0")), 403, archive=an_archive("0.3.0"))
    kinds = [one["kind"] for one in world.ask("GET", "/events")["items"]]
    assert kinds.count("release.key_revoked") == 1


def test_who_joins_is_told_whose_signatures_count(world: World) -> None:
    told = world.client.get("/agent/v1/federation").json()
    assert [base64.b64decode(one) for one in told["release_keys"]] == [PUBLIC]


def test_a_rollout_lives_on_postgresql_too(tmp_path: Path, database_url: str) -> None:
    with an_api(tmp_path, url=database_url) as (client, league):
        world = World(client, league)
        world.give(a_signed(world))
        world.consent("berlin")
        world.start()
        world.live(2)
        assert world.asked() == {"berlin"}
        world.agents["berlin"].be(version="0.2.0")
        world.live(2)
        assert world.conditions()["berlin"] == "good"
