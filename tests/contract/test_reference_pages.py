"""The pages of the API's documents: for everybody, of the plane alone, and with every link good."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from hanza.api.openapi import documents, file_name
from hanza.boot.plane import published
from hanza.web import pages, reference

DOCUMENTS = {file_name(name, document): document for name, document in documents().items()}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=pages.routes(published()))) as client:
        yield client


def test_the_documents_are_served_as_they_are_to_whoever_asks(client: TestClient) -> None:
    for name, document in DOCUMENTS.items():
        answer = client.get(f"/openapi/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == document


@pytest.mark.parametrize("name", [None, *DOCUMENTS])
def test_a_page_asks_nobody_else_runs_nothing_and_leads_somewhere(
    client: TestClient, name: str | None
) -> None:
    path = "/openapi" if name is None else f"/openapi/{name.removesuffix('.json')}"
    answer = client.get(path)
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    text = answer.text
    assert not re.search(r"<script|<style|\bstyle=|\bon\w+=|\bsrc=", text)
    links = set(re.findall(r'href="([^"]+)"', text))
    anchors = {f"#{one}" for one in re.findall(r'id="([^"]+)"', text)}
    assert {one for one in links if one.startswith("#")} <= anchors
    for link in sorted(one for one in links if not one.startswith("#")):
        assert link.startswith("/openapi"), link
        assert client.get(link).status_code == 200


def test_a_page_has_every_operation_and_every_type() -> None:
    for name, document in DOCUMENTS.items():
        text = reference.page_of(name, document)
        for methods in document["paths"].values():
            for operation in methods.values():
                assert f'id="{operation["operationId"]}"' in text
        for kind in document["components"]["schemas"]:
            assert f'id="type-{kind}"' in text


def test_words_of_a_document_are_words_and_no_markup() -> None:
    evil = "<script>alert('1')</script>\"`"
    text = json.dumps(DOCUMENTS["hanza.federation.v1.json"])
    document = json.loads(text.replace("Whether it is alive.", json.dumps(evil)[1:-1]))
    document["info"]["title"] = evil
    document["paths"][f"/{evil}"] = document["paths"].pop("/healthz")
    document["components"]["schemas"][evil] = {"type": evil, "pattern": evil, "enum": [evil]}
    page = reference.page_of("x.json", document)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_index_of_the_docs_names_every_document() -> None:
    page = (Path(__file__).parents[2] / "docs" / "schemas.md").read_text()
    assert set(re.findall(r"\(reference/openapi/([^)]+)\)", page)) == DOCUMENTS.keys()
