"""Whatever is sent to the standard's API is taken or refused in words, and never breaks it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.standard import Asker, a_storage, an_instance, askers
from kit.standard_kinds import CASES, NETWORK, ROLE, SECURITY_GROUP, furnish

TEXT = st.text(max_size=40)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
MEMBERS = ("spec", "labels", "annotations", "extensions", "metadata", "status")
BODIES = st.dictionaries(st.sampled_from(MEMBERS) | TEXT, JSON, max_size=5) | JSON
REFERENCES = st.fixed_dictionaries({"resource": st.text("abv1/.-: tenants", max_size=30) | TEXT})
RANGES = (
    st.ip_addresses().map(str)
    | st.text("0123456789abcdef.:/%", max_size=24)
    | st.fixed_dictionaries(
        {},
        optional={
            "ipv4": st.ip_addresses(v=4).map(lambda one: f"{one}/16") | TEXT,
            "ipv6": st.ip_addresses(v=6).map(lambda one: f"{one}/64") | TEXT,
        },
    )
)
PROBLEM = {"type", "title", "status", "detail", "instance", "sources"}


@pytest.fixture(scope="module")
def ana(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    folder: Path = tmp_path_factory.mktemp("api")
    with askers(folder, {"berlin": "DE"}) as (asker, _):
        furnish(asker)
        yield asker


FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def paths(ana: Asker) -> list[str]:
    return [
        f"{ana.workspaces}/w",
        f"{ana.images}/i",
        f"{ana.storages()}/s",
        f"{ana.instances()}/v",
        NETWORK.path(ana, "n"),
        SECURITY_GROUP.path(ana, "g"),
        ROLE.path(ana, "r"),
    ]


def is_fair(answer: Any) -> bool:
    if answer.status_code in (200, 201, 202):
        return True
    return answer.status_code in (400, 404, 412) and answer.json().keys() >= PROBLEM


@FUZZ
@given(body=BODIES)
def test_any_body_is_taken_or_refused_in_words(ana: Asker, body: Any) -> None:
    for path in paths(ana):
        answer = ana.ask("PUT", path, body)
        assert is_fair(answer), answer.text
        if answer.status_code in (200, 201):
            sent = {key: body[key] for key in ("labels", "annotations") if body.get(key)}
            got = ana.get(path).json()
            assert {key: got[key] for key in sent} == sent


@FUZZ
@given(data=st.data())
def test_any_spoilt_spec_is_taken_or_refused_in_words(ana: Asker, data: st.DataObject) -> None:
    for path, good in ((paths(ana)[2], a_storage()), (paths(ana)[3], an_instance())):
        member = data.draw(st.sampled_from(sorted(good)))
        spoilt = good | {member: data.draw(JSON | REFERENCES)}
        assert is_fair(ana.put(path, spoilt))
    case = data.draw(st.sampled_from(CASES))
    good = case.good or case.other
    member = data.draw(st.sampled_from(sorted(good)))
    spoilt = {**good, member: data.draw(JSON | REFERENCES | RANGES | st.lists(REFERENCES | RANGES))}
    assert is_fair(ana.put(case.path(ana, "spoilt"), spoilt))


@FUZZ
@given(name=TEXT, query=TEXT)
def test_any_name_and_question_is_answered(ana: Asker, name: str, query: str) -> None:
    for collection in (ana.workspaces, ana.base("compute") + "/skus"):
        for key in ("labels", "limit", "skipToken"):
            answer = ana.client.request(
                "GET",
                collection,
                params={key: query},
                headers=ana.ask("GET", collection).request.headers,
            )
            assert is_fair(answer), answer.text
    if name not in ("", ".", ".."):
        assert is_fair(ana.ask("PUT", f"{ana.workspaces}/{quote(name, safe='')}", {}))
        assert is_fair(ana.get(f"{ana.workspaces}/{quote(name, safe='')}"))
