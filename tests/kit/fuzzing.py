"""The whole API of a real plane over HTTP, asked what its own documents allow and what they do not.

`check_operation` asks one operation many things, made by Schemathesis from the document: good
ones, and ones that are wrong somewhere.  Names in paths are mostly of things that are there.
Whatever is asked, the answer must come in time, be no fault of the plane's, and be what the
document says: status, media type, members.  `python -m kit.fuzzing MINUTES` goes on for so long,
with another seed each round; `HANZA_FUZZ_SEED` begins with that one.
"""

import contextlib
import copy
import json
import os
import secrets
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from hanza.api.app import build_app
from hanza.api.gate import CallLimits, build_gate
from hanza.api.identity import OperatorToken
from hanza.api.link import Hub
from hanza.api.openapi import documents
from hanza.boot.guarded_http import GuardedHttp
from hanza.kit.buckets import Rate
from kit.apis import OPERATOR, TOKEN, bearer
from kit.fuzzed_things import (
    BLOB,
    BY_COLLECTION,
    CHANGED,
    DIGEST,
    NEEDS,
    OWN,
    STRANGE,
    THERE,
    good_bodies,
    nearly_good,
)
from kit.leagues import League, a_league
from kit.standard import Asker
from kit.standard_kinds import furnish
from kit.waiting import until

ANSWER_WITHIN_S = 20.0
UNLIMITED = CallLimits(Rate(0, 0), Rate(0, 0))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
CONDITIONS = {"if-match", "if-none-match", "if-unmodified-since"}
"""They make most requests fail before anything else is looked at."""
LIMITS = ("PolicyOfTenant", "PolicyOfWorkspace", "QuotaOfTenant", "QuotaOfWorkspace")
"""What keeps other things from being made."""
BY_DESIGN = {429, 503}
"""With `Retry-After`: what is asked for is refused for now."""


@dataclass(frozen=True)
class Plane:
    """One that listens, and the headers of those who ask it."""

    league: League
    url: str
    session: requests.Session

    def callers(self) -> list[Mapping[str, str]]:
        return [OPERATOR, bearer(self.league, "ana", "acme")]


@contextlib.contextmanager
def a_plane(folder: Path) -> Iterator[Plane]:
    """Two tenants, two sites, one of each kind of resource; no request is one too many."""
    with a_league(folder) as league, socket.socket() as listener:
        for name, country in (("berlin", "DE"), ("utrecht", "NL")):
            league.add_site(name, country)
        gate = build_gate(league.plane, OperatorToken(TOKEN), limits=UNLIMITED)
        app = build_app(league.plane, gate, Hub(league.plane), pulse=league.engine.pulse)
        bearer(league, "ana", "acme", "rival")
        furnish(Asker(TestClient(app), league, "acme"))
        league.put("web", "DE")
        league.put("left", "DE", disk="data")
        league.delete("left")
        for _ in range(4):
            league.step()
        engine, stop, wake = league.engine, threading.Event(), threading.Event()
        league.plane.blobs.receive(DIGEST, [BLOB], len(BLOB), "up")
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, http=GuardedHttp, log_config=None, access_log=False)
        server = uvicorn.Server(config)
        threads = [
            threading.Thread(target=server.run, kwargs={"sockets": [listener]}),
            threading.Thread(target=engine.run_until, args=(stop, wake)),
        ]
        for thread in threads:
            thread.start()
        until(lambda: server.started, "the server listens")
        try:
            with requests.Session() as session:
                session.trust_env = False
                url = f"http://127.0.0.1:{listener.getsockname()[1]}"
                yield Plane(league, url, session)
        finally:
            server.should_exit = True
            stop.set()
            wake.set()
            for thread in threads:
                thread.join()


def operations() -> dict[str, APIOperation]:
    """Every operation of every document, by document and id: first what makes, last what ends."""
    found: dict[str, APIOperation] = {}
    for name, document in documents().items():
        schema = schemathesis.openapi.from_dict(closed(document))
        for result in schema.get_all_operations():
            operation = result.ok()
            assert operation is not None, result.err()
            found[f"{name}.{operation.definition.raw['operationId']}"] = operation
    order = ["put", "post", "limit", "get", "delete"]

    def turn(one: tuple[str, APIOperation]) -> int:
        # After what is made: policies and quotas made at random would keep it from being made.
        is_limit = any(one[0].endswith("put" + limit) for limit in LIMITS)
        return order.index("limit" if is_limit else one[1].method.lower())

    return dict(sorted(found.items(), key=turn))


def closed(document: Any) -> Any:
    """The same, where every object has the members that it names and no others."""
    found = copy.deepcopy(document)
    _close(found)
    return found


def _close(node: Any) -> None:
    if isinstance(node, list):
        for one in node:
            _close(one)
    elif isinstance(node, dict):
        if node.get("type") == "object" and "properties" in node:
            node.setdefault("additionalProperties", False)
        for one in node.values():
            _close(one)


def check_operation(plane: Plane, operation: APIOperation, examples: int, number: int) -> set[int]:
    """Which statuses there were.

    Raises at the first answer that is not as it must be, with how to ask it again.
    """
    seen = ask_well(plane, operation)
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    cases = st.one_of([operation.as_strategy(generation_mode=one) for one in modes])

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=cases,
        names=names_for(operation),
        body=bodies_for(operation),
        caller=st.sampled_from(plane.callers()),
        is_bound=st.integers(0, 5).map(lambda one: one == 0),
    )
    def ask(
        case: Any, names: dict[str, str], body: bytes | None, caller: dict[str, str], is_bound: bool
    ) -> None:
        case.path_parameters = {**(case.path_parameters or {}), **names}
        request = case.as_transport_kwargs(base_url=plane.url + base_of(operation))
        headers = request["headers"]
        headers["authorization"] = caller["authorization"]
        for name in [name for name in headers if name.lower() in CONDITIONS and not is_bound]:
            del headers[name]
        if body is not None:
            request = {name: value for name, value in request.items() if name != "json"}
            request["data"] = body
            headers["content-type"] = "application/json"
        seen.add(send(plane, case, request))

    ask()
    return seen


def ask_well(plane: Plane, operation: APIOperation) -> set[int]:
    """Each good body, or each thing that is there, once: by the operator and by a tenant's user."""
    name, seen = operation.definition.raw["operationId"], set()
    parameters = [one.name for one in operation.path_parameters]
    looks = operation.method.upper() in ("GET", "POST")
    bodies: list[Any] = [BLOB] if name == "putBlob" else good_bodies(name, operation.path)
    for body in bodies or [None]:
        for named in names_of(operation.path):
            usual = THERE | {"name": named} if looks else changed_by(operation)
            names = {one: (OWN | usual).get(one, "thing") for one in parameters}
            for caller in plane.callers():
                case = operation.Case(path_parameters=names)
                request = case.as_transport_kwargs(base_url=plane.url + base_of(operation))
                request["headers"]["authorization"] = caller["authorization"]
                if body is not None:
                    request["data"] = body if isinstance(body, bytes) else json.dumps(body)
                seen.add(send(plane, case, request))
    return seen


def make_ready(plane: Plane, name: str, known: Mapping[str, APIOperation]) -> None:
    """Make what is asked for or acted on.

    Who has other operations beside it, or has them in another order, may not have made it, or may
    have ended it; and what was made at random may forbid it.
    """
    document, path = name.partition(".")[0], known[name].path.split("/")
    for limit in LIMITS:
        ask_well(plane, known[f"hanza.federation.delete{limit}"])
    for maker, operation in known.items():
        at = operation.path.split("/")
        makes = operation.method.upper() == "PUT" and maker.partition(".")[0] == document
        if (makes and path[: len(at)] == at) or maker in NEEDS.get(name, ()):
            ask_well(plane, operation)


def send(plane: Plane, case: Any, request: dict[str, Any]) -> int:
    """The status of the answer, which is one that may be."""
    answer = plane.session.request(**request, timeout=ANSWER_WITHIN_S, allow_redirects=False)
    if not (answer.status_code in BY_DESIGN and "retry-after" in answer.headers):
        case.validate_response(answer, checks=CHECKS)
    return answer.status_code


def names_for(operation: APIOperation) -> st.SearchStrategy[dict[str, str]]:
    """Names for some or all of the places in the path."""
    looks = operation.method.upper() in ("GET", "POST")
    there: dict[str, st.SearchStrategy[str]] = {}
    for parameter in operation.path_parameters:
        name = parameter.name
        if name in OWN:
            there[name] = st.just(OWN[name])
        elif looks and name in THERE:
            there[name] = st.just(THERE[name])
        elif looks and name == "name":
            there[name] = st.sampled_from(names_of(operation.path))
        else:
            there[name] = st.just(changed_by(operation).get(name, "thing"))
    wrong = {name: st.one_of(usual, st.sampled_from(STRANGE)) for name, usual in there.items()}
    good = st.fixed_dictionaries(there)
    return st.one_of(good, good, good, st.fixed_dictionaries({}, optional=wrong))


def changed_by(operation: APIOperation) -> dict[str, str]:
    """The volume that may be ended is of an instance that nothing else is asked about."""
    is_of_volume = any(one.name == "volume" for one in operation.path_parameters)
    return CHANGED | ({"instance": "left"} if is_of_volume else {})


def names_of(path: str) -> list[str]:
    collection = path.split("/{name}")[0].rpartition("/")[2]
    return list(BY_COLLECTION.get(collection, ("thing",)))


def bodies_for(operation: APIOperation) -> st.SearchStrategy[bytes | None]:
    """None leaves the body that the document led to."""
    if operation.definition.raw["operationId"] == "putBlob":
        return st.sampled_from([BLOB, b"", None])
    good = good_bodies(operation.definition.raw["operationId"], operation.path)
    if not good:
        return st.none()
    likely = nearly_good(good).map(lambda one: json.dumps(one).encode())
    return st.one_of(st.none(), likely)


def base_of(operation: APIOperation) -> str:
    """Of its document's server, with a region that is there."""
    url = str(operation.schema.raw_schema["servers"][0]["url"])
    return url.replace("{region}", OWN["region"]).rstrip("/")


def main(minutes: float) -> None:
    """Prints a line for each round; ends with the first answer that is wrong."""
    ends_at = time.monotonic() + minutes * 60
    number = int(os.environ.get("HANZA_FUZZ_SEED", secrets.randbelow(2**32)))
    while time.monotonic() < ends_at:
        print(f"HANZA_FUZZ_SEED={number}", flush=True)
        with tempfile.TemporaryDirectory() as folder, a_plane(Path(folder)) as plane:
            for name, operation in operations().items():
                if time.monotonic() > ends_at:
                    return
                print(f"  {name}", flush=True)
                check_operation(plane, operation, 50, number)
            plane.league.step()
        number += 1


if __name__ == "__main__":
    main(float(sys.argv[1]))
