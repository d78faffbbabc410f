"""What no client sends: the answer comes at once, is no fault, and is a problem with our code."""

import contextlib
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from hanza.api.routes import BASE
from kit.apis import OPERATOR, TOKEN
from kit.fuzzing import ANSWER_WITHIN_S, Plane, a_plane

HEAD = f"host: x\r\nauthorization: Bearer {TOKEN}\r\n".encode()
TENANT = f"{BASE}/tenants/acme"
INSTANCE = f"{TENANT}/workspaces/shop/instances/thing"
STORAGE = "/r/de/providers/seca.storage/v1/tenants/acme/workspaces/shop/block-storages/thing"
PUTS = (INSTANCE, STORAGE, f"{BASE}/providers/thing", f"{TENANT}/policy", TENANT)
MEMBERS = {"type", "title", "status", "detail", "instance", "sources", "code"}
GOOD = b'{"spec": {}}'
DEEP = 100_000


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    with a_plane(tmp_path_factory.mktemp("plane")) as plane:
        yield plane


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def is_fair(self) -> bool:
        """Granted, or refused as RFC 9457 says it."""
        if self.status < 300:
            return True
        problem = json.loads(self.body)
        return (
            self.status < 500
            and self.headers["content-type"] == "application/problem+json"
            and problem.keys() >= MEMBERS
            and problem["status"] == self.status
        )


def say(plane: Plane, *parts: bytes) -> Answer | None:
    """Byte by byte as it is told; None when the plane hung up without a word."""
    url = urlsplit(plane.url)
    with socket.create_connection((url.hostname, url.port), ANSWER_WITHIN_S) as line:
        with contextlib.suppress(ConnectionError):
            for part in parts:
                line.sendall(part)
        got = b""
        with contextlib.suppress(ConnectionError):
            while not _is_whole(got) and (more := line.recv(65536)):
                got += more
    return _answer(got) if got else None


def _is_whole(got: bytes) -> bool:
    head, end, body = got.partition(b"\r\n\r\n")
    size = [one for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")]
    return bool(end) and len(body) >= (int(size[0].split(b":")[1]) if size else 0)


def _answer(got: bytes) -> Answer:
    head, _, body = got.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return Answer(int(first.split(" ")[1]), headers, body)


def put(path: str, body: bytes, more: bytes = b"") -> bytes:
    size = b"content-length: %d\r\n" % len(body)
    return f"PUT {path} HTTP/1.1\r\n".encode() + HEAD + size + more + b"\r\n" + body


BODIES = {
    "nothing": b"",
    "NUL": b"\0",
    "NUL in a text": b'{"spec": {"image": "a\\u0000b", "title": "\\u0000"}}',
    "raw NUL in a text": b'{"spec": {"title": "\0"}}',
    "half a surrogate": b'{"spec": {"title": "\\ud800"}, "labels": {"\\udfff": "x"}}',
    "half a surrogate, encoded": b'{"spec": {"title": "\xed\xa0\x80"}}',
    "no UTF-8": b'{"spec": {"title": "\xff\xfe"}}',
    "UTF-16": '{"spec": {}}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "deep arrays": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"spec":' * DEEP,
    "deep inside": b'{"extensions": ' + b'{"a":' * 60 + b"1" + b"}" * 60 + b', "spec": {}}',
    "a long number": b'{"spec": {"cpus": ' + b"9" * 100_000 + b"}}",
    "a huge exponent": b'{"spec": {"cpus": 1e999999999, "sizeGB": 1e400, "latitude": 1e400}}',
    "64 bits and one": b'{"spec": {"cpus": 18446744073709551616, "sizeGB": 9223372036854775808}}',
    "no number": b'{"spec": {"cpus": NaN, "sizeGB": Infinity}}',
    "twice the same key": b'{"spec": {"sizeGB": 1, "sizeGB": 2}, "spec": {}, "spec": null}',
    "a long name": json.dumps({"spec": {"x" * 500_000: 1}}).encode(),
    "a long text": json.dumps({"spec": {"title": "x" * 900_000}}).encode(),
    "many members": json.dumps({"spec": {str(n): n for n in range(50_000)}}).encode(),
    "many labels": json.dumps({"spec": {}, "labels": {str(n): "" for n in range(40_000)}}).encode(),
    "a prototype": b'{"__proto__": {}, "constructor": {}, "spec": {"__proto__": 1}}',
    "more than a megabyte": b'{"spec": "' + b"x" * 2**21 + b'"}',
}


@pytest.mark.parametrize("path", PUTS)
@pytest.mark.parametrize("name", BODIES)
def test_bodies(plane: Plane, name: str, path: str) -> None:
    answer = say(plane, put(path, BODIES[name]))
    assert answer is not None
    assert answer.is_fair, answer


@pytest.mark.parametrize(
    "kind", [b"text/plain", b"application/xml", b"multipart/form-data", b"\xff", b"", b"a/b;" * 500]
)
def test_other_media_types_do_not_matter_or_are_refused(plane: Plane, kind: bytes) -> None:
    answer = say(plane, put(TENANT, GOOD, b"content-type: " + kind + b"\r\n"))
    assert answer is not None
    assert answer.is_fair, answer


BARE = f"PUT {TENANT} HTTP/1.1\r\n".encode() + HEAD
CHUNKED = BARE + b"transfer-encoding: chunked\r\n"
FRAMED = {
    "chunks": (CHUNKED + b"\r\n" + b"".join(b"1\r\n%c\r\n" % c for c in GOOD) + b"0\r\n\r\n"),
    "no such size": CHUNKED + b"\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a negative size": CHUNKED + b"\r\n-1\r\n{}\r\n0\r\n\r\n",
    "a huge size": CHUNKED + b"\r\n" + b"f" * 40 + b"\r\n{}\r\n0\r\n\r\n",
    "too much": CHUNKED + b"\r\n" + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 40 + b"0\r\n\r\n",
    "both lengths": CHUNKED + b"content-length: 4\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    "two lengths": put(TENANT, GOOD, b"content-length: 3\r\n"),
    "a negative length": BARE + b"content-length: -1\r\n\r\n",
    "a length that is none": BARE + b"content-length: 9e9\r\n\r\n",
    "another encoding": CHUNKED.replace(b"chunked", b"gzip") + b"\r\n",
    "a folded header": put(TENANT, GOOD, b"x-a: b\r\n c\r\n"),
    "a header without a name": put(TENANT, GOOD, b": b\r\n"),
    "a header with a NUL": put(TENANT, GOOD, b"x-a: \0\r\n"),
    "a thousand headers": put(TENANT, GOOD, b"".join(b"x-%d: a\r\n" % n for n in range(1000))),
    "a flood of headers": put(TENANT, GOOD, b"".join(b"x-%d: a\r\n" % n for n in range(20_000))),
    "no HTTP": b"hello\r\n\r\n",
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00",
    "another version": b"GET / HTTP/9.9\r\n\r\n",
    "a method in small letters": f"get {TENANT} HTTP/1.1\r\n".encode() + HEAD + b"\r\n",
    "an old version": f"GET {TENANT} HTTP/1.0\r\n".encode() + HEAD + b"\r\n",
    "no host": f"GET {TENANT} HTTP/1.1\r\nconnection: close\r\n\r\n".encode(),
    "another's URL": b"GET http://other.example/ HTTP/1.1\r\n" + HEAD + b"\r\n",
    "no path": b"GET ? HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a star": b"OPTIONS * HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a tunnel": b"CONNECT other.example:443 HTTP/1.1\r\n" + HEAD + b"\r\n",
    "raw bytes in the path": f"GET {BASE}/tenants/".encode() + b"\xc3\x84\xff HTTP/1.1\r\n" + HEAD
    + b"\r\n",
    "no UTF-8 in the path": f"GET {BASE}/tenants/%ff%fe HTTP/1.1\r\n".encode() + HEAD + b"\r\n",
    "a strange query": f"GET {TENANT}/events?after=%ff&after=%00&&&= HTTP/1.1\r\n".encode() + HEAD
    + b"\r\n",
    "a long query": f"GET {TENANT}/events?after={'1' * 20_000} HTTP/1.1\r\n".encode() + HEAD
    + b"\r\n",
    "an upgrade to nothing": f"GET {TENANT} HTTP/1.1\r\n".encode() + HEAD
    + b"connection: upgrade\r\nupgrade: h2c\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMED)
def test_frames_heads_and_paths(plane: Plane, name: str) -> None:
    answer = say(plane, FRAMED[name])
    assert answer is not None
    assert answer.is_fair, answer


@pytest.mark.parametrize("value", ["\0", "x" * 5000, "Bearer ", "Bearer a b", "Basic eA==", "\xff"])
def test_no_token_of_ours_is_a_401_that_says_how(plane: Plane, value: str) -> None:
    raw = f"GET {BASE}/sites HTTP/1.1\r\nhost: x\r\nauthorization: ".encode()
    answer = say(plane, raw + value.encode("latin-1") + b"\r\n\r\n")
    assert answer is not None
    assert answer.is_fair
    assert answer.status == (400 if value == "\0" else 401)
    assert answer.status == 400 or answer.headers["www-authenticate"] == "bearer"


METHODS = {
    f"{BASE}/sites": {"GET", "HEAD"},
    f"{BASE}/providers/thing": {"PUT"},
    TENANT: {"GET", "HEAD", "PUT"},
    INSTANCE: {"DELETE", "GET", "HEAD", "PUT"},
    f"{BASE}/tokens": {"POST"},
    STORAGE: {"DELETE", "GET", "HEAD", "PUT"},
    "/healthz": {"GET", "HEAD"},
}


@pytest.mark.parametrize("path", METHODS)
@pytest.mark.parametrize("method", ["POST", "PATCH", "OPTIONS", "TRACE", "DELETE", "LOCK"])
def test_another_method_is_told_those_that_there_are(plane: Plane, path: str, method: str) -> None:
    allowed = METHODS[path]
    if method in allowed:
        return
    answer = plane.session.request(method, plane.url + path, headers=OPERATOR)
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.headers["allow"].split(", ")) == allowed
    assert answer.json()["code"] == "invalid-request"


@pytest.mark.parametrize("path", [f"{BASE}/sites", TENANT, "/healthz", STORAGE + "x"])
def test_head_is_get_without_the_body(plane: Plane, path: str) -> None:
    get, head = (
        plane.session.request(method, plane.url + path, headers=OPERATOR)
        for method in ("GET", "HEAD")
    )
    assert head.status_code == get.status_code
    assert head.content == b""
    assert [head.headers.get(one) for one in ("content-type", "content-length")] == [
        get.headers.get(one) for one in ("content-type", "content-length")
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "//",
        "/nothing",
        BASE,
        f"{BASE}/",
        f"{BASE}/sites/",
        f"{BASE}//sites",
        TENANT + "/",
        "/%",
    ],
)
def test_what_is_no_path_is_not_found_and_leads_nowhere(plane: Plane, path: str) -> None:
    answer: Any = plane.session.get(plane.url + path, headers=OPERATOR, allow_redirects=False)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().keys() >= MEMBERS
    assert answer.json()["code"] == "resource-not-found"
