"""A real plane tells whoever asks over TLS what its API is."""

import ssl
from pathlib import Path

import httpx2

from hanza.api.openapi import documents, file_name
from kit.processes import a_local_league


def test_a_plane_serves_its_documents_and_their_pages_without_a_token(tmp_path: Path) -> None:
    with a_local_league(tmp_path) as league:
        context = ssl.create_default_context(cafile=str(league.state / "root.pem"))
        url = f"https://127.0.0.1:{league.port}"
        with httpx2.Client(verify=context, timeout=30, trust_env=False, base_url=url) as client:
            index = client.get("/openapi")
            assert index.headers["content-type"] == "text/html; charset=utf-8"
            for name, document in documents().items():
                file = file_name(name, document)
                assert file in index.text
                assert client.get(f"/openapi/{file}").json() == document
                page = client.get(f"/openapi/{file.removesuffix('.json')}")
                assert document["info"]["title"] in page.text
            assert client.get("/openapi/").status_code == 404
