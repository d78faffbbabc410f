"""Images by URL: what is not proved by a checksum comes by TLS all the way."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from hanza.boot.main import app

RUN = CliRunner()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site that sends whoever comes by https on to http."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.scheme == "https":
            return httpx2.Response(
                302, headers={"location": f"http://evil.example{request.url.path}"}
            )
        return httpx2.Response(200, content=b"anything")

    @contextlib.contextmanager
    def stream(method: str, url: str, **more: Any) -> Iterator[httpx2.Response]:
        with (
            httpx2.Client(transport=httpx2.MockTransport(answer)) as client,
            client.stream(method, url, **more) as response,
        ):
            yield response

    monkeypatch.setattr(httpx2, "stream", stream)


def add(*words: str) -> str:
    done = RUN.invoke(app, ["image", "add", "debian", *words])
    assert done.exception is not None
    return str(done.exception)


@pytest.mark.usefixtures("web")
def test_a_way_that_leaves_tls_is_taken_with_a_checksum_only() -> None:
    url = "https://good.example/disk"
    assert "not an https:// URL" in add("--disk", url)
    assert "has the SHA-256" in add("--disk", url, "--checksum", "sha256:" + "0" * 64)


@pytest.mark.parametrize("url", ["https://[::1", "https://a\x1bb/"])
def test_a_url_that_is_none_is_refused_in_words(url: str) -> None:
    assert "is no URL" in add("--disk", url)


def test_a_file_that_cannot_be_read_is_refused_in_words() -> None:
    assert "cannot be read" in add("--disk", "/proc/self/mem")
    assert Path("/proc/self/mem").exists()
