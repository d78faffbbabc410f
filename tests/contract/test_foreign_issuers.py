"""Tokens of a real OpenID provider at a plane, and of those who forge them."""

import contextlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.testclient import TestClient

from hanza.api.foreign import ForeignTokens
from hanza.api.routes import BASE
from hanza.kit.clock import ManualClock, SystemClock
from hanza.model.errors import IssuerUnavailable, Unauthenticated
from hanza.model.issuer import TrustedIssuer
from hanza.wire.base64url import to_base64url
from kit.apis import OPERATOR, an_api
from kit.issuers import AUDIENCE, RealIssuer, a_real_issuer
from kit.leagues import START, League
from kit.waiting import until


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealIssuer]:
    with a_real_issuer(tmp_path_factory.mktemp("issuer")) as found:
        yield found


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[TestClient, League]]:
    with an_api(tmp_path) as (client, league):
        league.clock.set(SystemClock().now())
        for name in ("acme", "rival"):
            client.put(f"{BASE}/tenants/{name}", headers=OPERATOR)
        yield client, league


def trust(client: TestClient, issuer: RealIssuer, **spec: Any) -> Any:
    asked = {"url": issuer.url, "audience": AUDIENCE, **spec}
    return client.put(f"{BASE}/issuers/corp", json={"spec": asked}, headers=OPERATOR)


def get(client: TestClient, token: str, path: str = "/tenants/acme") -> int:
    by = {"authorization": f"Bearer {token}"}
    return client.get(BASE + path, headers=by).status_code


def test_its_people_are_known_by_its_name_and_may_what_a_role_gives_them(
    api: tuple[TestClient, League], issuer: RealIssuer
) -> None:
    client, _ = api
    token = issuer.token_of("ana")
    assert get(client, token) == 401, "nobody believes it yet"
    assert trust(client, issuer, tenant="acme").status_code == 201
    assert get(client, token) == 403, "it vouches for ana, and gives her nothing"
    assert get(client, token, "/tenants/rival") == 404
    assert get(client, token, "/sites") == 200, "what is nobody's is for all"
    user = f"{BASE}/tenants/acme/users/corp:ana"
    grants = {"spec": {"grants": [{"role": "seca.workspace-viewer"}]}}
    assert client.put(user, json=grants, headers=OPERATOR).status_code == 201
    assert get(client, token) == 200
    own = client.post(
        f"{BASE}/tokens",
        json={"spec": {"subject": "corp:ana", "tenants": ["acme"]}},
        headers=OPERATOR,
    )
    assert own.status_code == 412, "our own issuer cannot speak for theirs"
    assert client.delete(f"{BASE}/issuers/corp", headers=OPERATOR).status_code == 202
    assert get(client, token) == 401


def test_a_claim_names_whose_each_is(api: tuple[TestClient, League], issuer: RealIssuer) -> None:
    client, _ = api
    assert trust(client, issuer, claim="teams").status_code == 201
    token = issuer.token_of("bob")
    everybody = {"subs": ["*"], "roles": ["seca.workspace-viewer"], "scopes": [{}]}
    path = "/providers/seca.authorization/v1/tenants/{}/role-assignments/all"
    for tenant in ("acme", "rival"):
        put = client.put(path.format(tenant), json={"spec": everybody}, headers=OPERATOR)
        assert put.status_code == 201, put.text
    assert (get(client, token), get(client, token, "/tenants/rival")) == (200, 404)
    assert trust(client, issuer, claim="no-such-claim").status_code == 200
    assert get(client, token) == 401


def test_keys_that_changed_are_fetched_and_a_silent_issuer_is_no_fault_of_the_bearer(
    tmp_path: Path,
) -> None:
    with a_real_issuer(tmp_path) as issuer:
        trusted = TrustedIssuer("corp", issuer.url, AUDIENCE, tenant="acme")
        at = [0.0]
        verifier = ForeignTokens(lambda: [trusted], SystemClock(), lambda: at[0])
        before = issuer.token_of("ana")
        assert verifier.principal_of(before) is not None
        issuer.restart()
        after = issuer.token_of("ana")
        with pytest.raises(Unauthenticated):
            verifier.principal_of(after)
        at[0] += 31
        found = verifier.principal_of(after)
        assert found is not None
        assert (found.name, found.tenants, found.is_vouched_for) == (
            "corp:ana",
            frozenset({"acme"}),
            True,
        )
        issuer.stop()
        at[0] += 86_000
        assert verifier.principal_of(after) is not None, "what was fetched is good for a day"
        at[0] += 1000
        with pytest.raises(IssuerUnavailable):
            verifier.principal_of(after)


# -- whoever forges ---------------------------------------------------------------------------


class Served:
    """An issuer whose every word a test decides, over real HTTP."""

    def __init__(self) -> None:
        self.rsa = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
        self.ec = ECKey.generate_key("P-256", {"kid": "ec"})
        self.asked: list[str] = []
        self.changes: dict[str, Any] = {}
        self.is_closing = threading.Event()
        self.drips_for_s = 0.0
        """How long it takes between two letters, if it has no haste."""
        self.extra: list[dict[str, Any]] = [{"kty": "XYZ", "kid": "new"}, {"kty": "RSA", "n": 1}]
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.asked.append(self.path)
                body = json.dumps(owner.answer(self.path)).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    for letter in body if owner.drips_for_s else ():
                        self.wfile.write(bytes([letter]))
                        owner.is_closing.wait(owner.drips_for_s)
                    self.wfile.write(b"" if owner.drips_for_s else body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path: str) -> Any:
        if path == "/jwks":
            keys = [one.as_dict(private=False) for one in (self.rsa, self.ec)]
            return {"keys": keys + self.extra}
        return {"issuer": self.url, "jwks_uri": f"{self.url}/jwks", **self.changes}

    def token(self, key: Any = None, alg: str = "RS256", **claims: Any) -> str:
        key = key or self.rsa
        at = int(START.timestamp())
        said = {"iss": self.url, "sub": "ana", "aud": AUDIENCE, "exp": at + 600, "iat": at}
        said = {name: value for name, value in {**said, **claims}.items() if value is not None}
        return jwt.encode({"alg": alg, "kid": key.kid}, said, key, algorithms=[alg])


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.server.shutdown()
    made.server.server_close()


def verifier(served: Served, clock: ManualClock | None = None) -> ForeignTokens:
    trusted = TrustedIssuer("corp", served.url, AUDIENCE, tenant="acme")
    return ForeignTokens(lambda: [trusted], clock or ManualClock(START), lambda: 0.0)


def test_what_is_signed_as_it_should_be_is_believed(served: Served) -> None:
    at = START.timestamp()
    for good in (
        served.token(),
        served.token(served.ec, "ES256"),
        served.token(alg="PS256"),
        served.token(aud=["x", AUDIENCE]),
        served.token(exp=at - 59),
        served.token(nbf=at + 59, iat=at + 59),
        served.token(scope="openid"),
        served.token(scope={"workspaces": ["shop"]}),
    ):
        found = verifier(served).principal_of(good)
        assert found is not None
        assert found.name == "corp:ana"


def test_what_is_forged_or_for_others_is_not(served: Served) -> None:
    at = START.timestamp()
    stranger = RSAKey.generate_key(2048, {"kid": "rsa"})
    head, body, signature = served.token().split(".")
    none = "eyJhbGciOiJub25lIiwia2lkIjoicnNhIn0"
    for bad in (
        served.token(stranger),
        signed_with_the_public_key(served, body),
        f"{none}.{body}.",
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{served.token(served.ec, 'ES256').split('.')[0]}.{body}.{signature}",
        served.token(aud="somebody-else"),
        served.token(aud=None),
        served.token(aud=5),
        served.token(exp=at - 60),
        served.token(exp=None),
        served.token(exp=10**30),
        served.token(nbf=at + 61),
        served.token(iat=at + 61),
        served.token(sub=""),
        served.token(sub=None),
        served.token(sub="a\nb"),
        served.token(sub="x" * 101),
        served.token(scope={"workspaces": 5}),
        f"W10.{body}.{signature}",
    ):
        with pytest.raises(Unauthenticated):
            verifier(served).principal_of(bad)
    assert verifier(served).principal_of("not.a.token") is None
    assert verifier(served).principal_of(served.token(iss="https://elsewhere.test")) is None


def signed_with_the_public_key(served: Served, body: str) -> str:
    """As if it were a secret, by HMAC: for a verifier that believes what a token says of itself."""
    head = to_base64url(json.dumps({"alg": "HS256", "kid": "rsa"}).encode())
    public = served.rsa.as_pem(private=False)
    mac = hmac.new(public, f"{head}.{body}".encode(), "sha256").digest()
    return f"{head}.{body}.{to_base64url(mac)}"


def test_tokens_that_name_unknown_keys_make_nobody_ask_again_and_again(served: Served) -> None:
    known = verifier(served)
    known.principal_of(served.token())
    served.asked.clear()
    stranger = RSAKey.generate_key(2048, {"kid": "unheard-of"})
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            known.principal_of(served.token(stranger))
    assert served.asked == []


def test_a_silent_issuer_holds_up_nobody_whose_keys_are_known(served: Served) -> None:
    """Neither the people of another issuer, nor its own."""
    speaks, asked = threading.Event(), threading.Event()

    class Silent(Served):
        is_silent = False

        def answer(self, path: str) -> Any:
            if self.is_silent:
                asked.set()
                speaks.wait(10)
            return super().answer(path)

    silent, at = Silent(), [0.0]
    trusted = [
        TrustedIssuer(name, one.url, AUDIENCE, tenant="acme")
        for name, one in (("corp", served), ("slow", silent))
    ]
    known = ForeignTokens(lambda: trusted, ManualClock(START), lambda: at[0])
    assert known.principal_of(silent.token()) is not None
    silent.is_silent = True
    at[0] += 601
    asking = threading.Thread(target=known.principal_of, args=(silent.token(),))
    asking.start()
    try:
        assert asked.wait(5), "its keys are due"
        for one in (served, silent):
            began = time.monotonic()
            assert known.principal_of(one.token()) is not None
            assert time.monotonic() - began < 1
        assert asking.is_alive()
    finally:
        speaks.set()
        asking.join()
        silent.server.shutdown()
        silent.server.server_close()


def test_a_name_never_comes_to_stand_for_another_issuers_people(
    api: tuple[TestClient, League], served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, league = api
    path, there = f"{BASE}/issuers/corp", f"{served.url}/other"
    token = served.token(exp=league.clock.now().timestamp() + 600)

    def put(url: str, path: str = path) -> int:
        monkeypatch.setitem(served.changes, "issuer", url)
        spec = {"url": url, "audience": AUDIENCE, "tenant": "acme"}
        return int(client.put(path, json={"spec": spec}, headers=OPERATOR).status_code)

    assert put(served.url) == 201
    user = f"{BASE}/tenants/acme/users/corp:ana"
    assert client.put(user, json={"spec": {}}, headers=OPERATOR).status_code == 201
    for verb, status in (("DELETE", 202), ("DELETE", 404)):
        assert client.request(verb, path, headers=OPERATOR).status_code == status
    assert client.get(f"{BASE}/issuers", headers=OPERATOR).json()["items"] == []
    assert put(there) == 412, "its people would be corp:ana, who may do everything in acme"
    assert put(served.url, f"{BASE}/issuers/corp2") == 412
    assert get(client, token) == 401
    assert put(served.url) == 201
    assert get(client, token) == 200


def test_an_issuer_that_leads_elsewhere_is_not_followed(
    served: Served, api: tuple[TestClient, League]
) -> None:
    client, _ = api

    def put(**spec: Any) -> int:
        asked = {"url": served.url, "audience": "a", "tenant": "acme", **spec}
        answer = client.put(f"{BASE}/issuers/corp", json={"spec": asked}, headers=OPERATOR)
        return int(answer.status_code)

    for changes in (
        {"issuer": "https://elsewhere.test"},
        {"jwks_uri": "http://192.0.2.1/jwks"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": ""},
        {"jwks_uri": f"{served.url}/.well-known/openid-configuration"},
    ):
        served.changes = changes
        assert put() == 412, changes
    served.changes = {}
    for url in (
        "http://192.0.2.1",
        "ftp://127.0.0.1",
        "https://a@b.test",
        "https://b.test?x=1",
        "",
    ):
        assert put(url=url) == 412, url
    assert (put(tenant=None), put(claim="c"), put(audience=""), put(tenant="nobody")) == (
        412,
        412,
        412,
        404,
    )
    assert put() == 201
    other = {"url": "http://127.0.0.1:1", "audience": "a", "tenant": "acme"}
    changed = client.put(f"{BASE}/issuers/corp", json={"spec": other}, headers=OPERATOR)
    assert changed.status_code == 412, "a name keeps its URL"


def test_an_issuer_that_drips_its_words_holds_up_neither_itself_nor_others() -> None:
    slow, quick = Served(), Served()
    slow.drips_for_s = 0.1
    issuers = [
        TrustedIssuer("slow", slow.url, AUDIENCE, tenant="acme"),
        TrustedIssuer("corp", quick.url, AUDIENCE, tenant="acme"),
    ]
    clock = ManualClock(START)
    tokens = ForeignTokens(lambda: issuers, clock, lambda: 0.0, answer_within_s=2)
    refused: list[Exception] = []

    def ask_the_slow_one() -> None:
        try:
            tokens.principal_of(slow.token())
        except IssuerUnavailable as error:
            refused.append(error)

    asking = threading.Thread(target=ask_the_slow_one, daemon=True)
    asking.start()
    until(lambda: bool(slow.asked), "the slow one is asked")
    assert tokens.principal_of(quick.token()) is not None
    assert asking.is_alive(), "nobody waited for the slow one"
    asking.join(6)
    slow.is_closing.set()
    for one in (slow, quick):
        one.server.shutdown()
        one.server.server_close()
    assert refused, "a document of some hundred letters does not take ten seconds"
