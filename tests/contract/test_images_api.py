"""Images over HTTP: what is taken, what is refused, and that refused leaves nothing."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hanza.api import images as api_images
from hanza.api.routes import BASE
from hanza.kit.clock import SystemClock
from kit.apis import OPERATOR, an_api, bearer
from kit.images import a_qcow2, digest_of
from kit.leagues import BLOB_BYTES_MAX, League

DISK, KERNEL, INITRD = a_qcow2(64), b"a kernel", b"an initrd"
INSTANCE = BASE + "/tenants/acme/workspaces/shop/instances/web"
SPEC = {"country": "DE", "image": "debian", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[TestClient, League]]:
    with an_api(tmp_path) as found:
        yield found


@pytest.fixture
def client(api: tuple[TestClient, League]) -> TestClient:
    return api[0]


def ask(client: TestClient, method: str, path: str, document: Any = None) -> Any:
    return client.request(method, BASE + path, json=document, headers=OPERATOR)


def send(client: TestClient, content: Any, digest: str | None = None) -> Any:
    path = f"{BASE}/blobs/{digest or digest_of(content)}"
    return client.put(path, content=content, headers=OPERATOR)


def a_spec(**parts: bytes) -> dict[str, str]:
    return {part: f"sha256:{digest_of(content)}" for part, content in parts.items()}


def put(client: TestClient, name: str, spec: dict[str, str]) -> Any:
    return ask(client, "PUT", f"/images/{name}", {"spec": spec})


def kept(league: League) -> set[str]:
    return {path.name for path in (league.folder / "blobs").iterdir()}


def test_an_image_is_its_blobs_and_then_a_name(client: TestClient) -> None:
    for content in (DISK, KERNEL, INITRD):
        assert send(client, content).status_code == 201
        there = ask(client, "GET", f"/blobs/{digest_of(content)}")
        assert there.json() == {"blob": f"sha256:{digest_of(content)}", "size": len(content)}
    spec = a_spec(disk=DISK, kernel=KERNEL, initrd=INITRD) | {"cmdline": "quiet"}
    first, again = put(client, "debian", spec), put(client, "debian", spec)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == ask(client, "GET", "/images/debian").json()
    assert first.json()["spec"] == spec
    assert first.json()["status"]["diskMiB"] == 64
    names = [one["metadata"]["name"] for one in ask(client, "GET", "/images").json()["items"]]
    assert names == ["debian", "tiny"]
    kinds = [one["kind"] for one in ask(client, "GET", "/events").json()["items"]]
    assert kinds == ["image.added"]


def test_two_names_for_one_content_are_one_bundle(client: TestClient) -> None:
    send(client, DISK)
    bundles = {put(client, name, a_spec(disk=DISK)).json()["status"]["bundle"] for name in "ab"}
    assert len(bundles) == 1
    assert ask(client, "DELETE", "/images/a").status_code == 204
    assert ask(client, "GET", "/images/b").status_code == 200


def test_a_name_never_changes_its_content(client: TestClient) -> None:
    send(client, DISK)
    send(client, a_qcow2(65))
    put(client, "debian", a_spec(disk=DISK))
    refused = put(client, "debian", a_spec(disk=a_qcow2(65)))
    assert (refused.status_code, refused.json()["code"]) == (412, "conflict")


def test_bytes_that_are_not_what_was_said_are_refused_and_leave_nothing(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    before = kept(league)
    for content in (DISK[:-1], DISK + b"x", b""):
        refused = send(client, content, digest_of(DISK))
        assert (refused.status_code, refused.json()["code"]) == (412, "image.wrong_checksum")
        assert "/blob" in refused.json()["sources"][0]["pointer"]
    assert kept(league) == before


def test_more_bytes_than_are_taken_are_refused_and_leave_nothing(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    before = kept(league)
    large = b"x" * (BLOB_BYTES_MAX + 1)
    chunks = (large[at : at + 2**16] for at in range(0, len(large), 2**16))
    for content in (large, chunks):
        refused = send(client, content, digest_of(large))
        assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert kept(league) == before


@pytest.mark.parametrize("blob", ["..", "x", "0" * 63, "%2e%2e%2fetc", "0" * 64 + "%0A", "A" * 64])
def test_a_blob_is_named_by_a_sha_256_and_nothing_else(client: TestClient, blob: str) -> None:
    for method in ("GET", "PUT"):
        refused = ask(client, method, f"/blobs/{blob}")
        assert refused.status_code in {404, 405, 412}
    assert ask(client, "GET", f"/blobs/{'0' * 64}").json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({}, "/spec"),
        (a_spec(disk=b"not here"), "/spec/disk"),
        (a_spec(disk=KERNEL), "/spec/disk"),
        (a_spec(disk=a_qcow2(64, backing=512)), "/spec/disk"),
        (a_spec(disk=a_qcow2(64, features=4)), "/spec/disk"),
        (a_spec(kernel=KERNEL), "/spec/initrd"),
        (a_spec(kernel=KERNEL, initrd=INITRD) | {"cmdline": "a\nb"}, "/spec/cmdline"),
        ({"disk": digest_of(DISK)}, "/spec/disk"),
        ({"disk": "md5:" + digest_of(DISK)}, "/spec/disk"),
        ({"disk": "sha256:../../../etc/passwd"}, "/spec/disk"),
        (a_spec(disk=DISK) | {"url": "https://example"}, "/body"),
    ],
)
def test_an_image_that_no_guest_could_start_from_is_refused(
    client: TestClient, spec: dict[str, str], pointer: str
) -> None:
    for content in (DISK, KERNEL, INITRD, a_qcow2(64, backing=512), a_qcow2(64, features=4)):
        send(client, content)
    refused = put(client, "debian", spec)
    assert (refused.status_code, refused.json()["code"]) == (412, "invalid")
    assert refused.json()["sources"] == [{"pointer": pointer, "parameter": ""}]
    assert ask(client, "GET", "/images/debian").status_code == 404
    assert ask(client, "GET", "/events").json() == {"items": []}


def test_an_instance_of_an_unknown_image_or_too_small_a_disk_is_refused(
    client: TestClient,
) -> None:
    refused = client.put(INSTANCE, json={"spec": SPEC}, headers=OPERATOR)
    assert (refused.status_code, refused.json()["code"]) == (412, "image.unknown")
    assert "debian" in refused.json()["detail"]
    send(client, DISK)
    put(client, "debian", a_spec(disk=DISK))
    refused = client.put(INSTANCE, json={"spec": SPEC | {"diskMiB": 63}}, headers=OPERATOR)
    assert (refused.status_code, refused.json()["code"]) == (412, "invalid")
    assert "64 MiB" in refused.json()["detail"]
    assert client.put(INSTANCE, json={"spec": SPEC}, headers=OPERATOR).status_code == 201


def test_a_wish_that_is_asked_again_is_admitted_again(client: TestClient) -> None:
    """Until it has a place: by itself, and as one of an app's; a plan says the same."""
    for name, content in (("debian", DISK), ("larger", a_qcow2(128))):
        send(client, content)
        put(client, name, a_spec(disk=content))
    shop = BASE + "/tenants/acme/workspaces/shop"
    app, quotes = f"{shop}/apps/all", f"{shop}/quotes"
    assert client.put(INSTANCE, json={"spec": SPEC}, headers=OPERATOR).status_code == 201
    again = SPEC | {"image": "larger", "diskMiB": 128, "hostname": "w", "userData": "hello"}
    shown = client.put(INSTANCE, json={"spec": again}, headers=OPERATOR).json()["spec"]
    assert {name: shown[name] for name in again} == again
    before = client.get(INSTANCE, headers=OPERATOR).json()
    for change, code in (
        ({"image": "none"}, "image.unknown"),
        ({"diskMiB": 127}, "invalid"),
        ({"sshKeys": ["x"]}, "invalid"),
    ):
        wrong = again | change
        both = {"instances": {"new": SPEC, "web": wrong}}
        for refused in (
            client.put(INSTANCE, json={"spec": wrong}, headers=OPERATOR),
            client.put(app, json=both, headers=OPERATOR),
            client.post(quotes, json=both, headers=OPERATOR),
        ):
            assert (refused.status_code, refused.json()["code"]) == (412, code)
    assert client.get(INSTANCE, headers=OPERATOR).json() == before
    listed = client.get(f"{shop}/instances", headers=OPERATOR).json()["items"]
    assert [one["metadata"]["name"] for one in listed] == ["web"]
    taken = client.put(app, json={"instances": {"web": again | {"ports": []}}}, headers=OPERATOR)
    assert taken.status_code == 200, taken.text


def test_what_is_asked_again_starts_from_what_its_image_means_then(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    send(client, DISK)
    put(client, "debian", a_spec(disk=DISK))
    client.put(INSTANCE, json={"spec": SPEC | {"image": "tiny"}}, headers=OPERATOR)
    client.put(INSTANCE, json={"spec": SPEC | {"userData": "hello"}}, headers=OPERATOR)
    league.add_site("berlin", "DE")
    league.run_until(lambda: league.shown()["web"][:2] == ("active", "on"))
    (guest,) = league.agents["berlin"].own_guests()
    bundle = ask(client, "GET", "/images/debian").json()["status"]["bundle"]
    assert f"sha256:{guest.spec.image}" == bundle
    assert (guest.spec.hostname, guest.spec.user_data) == ("web", "hello")


def test_whoever_may_not_upload_is_refused_before_a_byte_is_read(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    path = f"{BASE}/blobs/{digest_of(DISK)}"

    async def never() -> dict[str, Any]:
        raise AssertionError("the body was read")

    for headers, status in (({}, 401), (bearer(league, "ana", "acme"), 403)):
        said: list[dict[str, Any]] = []

        async def keep(message: Any, said: list[dict[str, Any]] = said) -> None:
            said.append(message)

        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": "PUT", "path": path, "query_string": b""}
        scope |= {"headers": sent, "http_version": "1.1", "scheme": "https", "root_path": ""}
        asyncio.run(client.app(scope, never, keep))
        assert said[0]["status"] == status


def test_no_image_is_called_as_an_empty_disk_is(client: TestClient) -> None:
    send(client, DISK)
    refused = put(client, "blank", a_spec(disk=DISK))
    assert (refused.status_code, refused.json()["code"]) == (412, "invalid")
    blank = SPEC | {"image": "blank"}
    assert client.put(INSTANCE, json={"spec": blank}, headers=OPERATOR).status_code == 201


def test_an_image_goes_only_when_nothing_uses_it_and_its_bytes_a_while_later(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    send(client, DISK)
    put(client, "debian", a_spec(disk=DISK))
    client.put(INSTANCE, json={"spec": SPEC}, headers=OPERATOR)
    refused = ask(client, "DELETE", "/images/debian")
    assert (refused.status_code, refused.json()["code"]) == (412, "in_use")
    client.delete(INSTANCE, headers=OPERATOR)
    league.run_until(lambda: league.shown() == {})
    assert ask(client, "DELETE", "/images/debian").status_code == 204
    assert ask(client, "DELETE", "/images/debian").status_code == 404
    assert digest_of(DISK) in kept(league)
    league.clock.set(SystemClock().now() + timedelta(hours=2))
    assert api_images.sweep_blobs(league.plane) == [digest_of(DISK)]
    assert kept(league) == {digest_of(a_qcow2())}
