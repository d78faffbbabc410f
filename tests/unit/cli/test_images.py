"""Images by URL: what is not proved by a checksum comes by TLS all the way."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from hanza.boot.main import app
from hanza.cli.images import download
from hanza.model.errors import Invalid

RUN = CliRunner()


@pytest.fixture
def web() -> Iterator[httpx2.Client]:
    """A site that sends whoever comes by https on to http, but for one page."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.scheme == "https" and request.url.path != "/here":
            there = f"http://evil.example{request.url.path}"
            return httpx2.Response(302, headers={"location": there})
        return httpx2.Response(200, content=b"anything")

    with httpx2.Client(transport=httpx2.MockTransport(answer), follow_redirects=True) as client:
        yield client


def test_a_way_that_leaves_tls_is_taken_with_a_checksum_only(
    web: httpx2.Client, tmp_path: Path
) -> None:
    url, into = "https://good.example/disk", tmp_path / "part"
    with pytest.raises(Invalid, match="not an https:// URL"):
        download(web, url, into, may_be_plain=False)
    assert into.read_bytes() == b""
    assert download(web, url, into, may_be_plain=True).read_bytes() == b"anything"
    here = download(web, "https://good.example/here", into, may_be_plain=False)
    assert here.read_bytes() == b"anything"


def add(*words: str) -> str:
    done = RUN.invoke(app, ["image", "add", "debian", *words])
    assert done.exception is not None
    return str(done.exception)


@pytest.mark.parametrize("url", ["https://[::1", "https://a\x1bb/"])
def test_a_url_that_is_none_is_refused_in_words(url: str) -> None:
    assert "is no URL" in add("--disk", url)


def test_a_file_that_cannot_be_read_is_refused_in_words() -> None:
    assert "cannot be read" in add("--disk", "/proc/self/mem")
