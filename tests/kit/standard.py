"""Words for asking the standard's API in tests: paths, plain requests, two tenants."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from hanza.api.routes import BASE
from hanza.drivers.fake.state import VolumeRow
from hanza.model.ids import NativeId
from kit.apis import OPERATOR, an_api, bearer
from kit.leagues import League

REGION = "de"


@dataclass(frozen=True)
class Asker:
    """Somebody of one tenant, at one region."""

    client: TestClient
    league: League
    tenant: str
    region: str = REGION

    def base(self, provider: str) -> str:
        return f"/r/{self.region}/providers/seca.{provider}/v1/tenants/{self.tenant}"

    @property
    def workspaces(self) -> str:
        return self.base("workspace") + "/workspaces"

    def storages(self, workspace: str = "shop") -> str:
        return f"{self.base('storage')}/workspaces/{workspace}/block-storages"

    def instances(self, workspace: str = "shop") -> str:
        return f"{self.base('compute')}/workspaces/{workspace}/instances"

    @property
    def images(self) -> str:
        return self.base("storage") + "/images"

    def ask(self, method: str, path: str, document: Any = None, **headers: str) -> Any:
        by = bearer(self.league, "ana", self.tenant)
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(method, path, json=document, headers=by | more)

    def put(self, path: str, spec: Mapping[str, Any], **more: Any) -> Any:
        return self.ask("PUT", path, {"spec": spec, **more})

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def volumes(self, site: str) -> list[VolumeRow]:
        """What bears our mark at the site, seen by the backdoor."""
        return self.league.agents[site].own_volumes()

    def write_volume(self, site: str, native: NativeId, text: bytes) -> None:
        """As a guest does that has it attached."""
        with self.league.agents[site].site.open() as inside:
            inside.state.volumes[native].content = text

    def add_workspace(self, name: str = "shop") -> None:
        assert self.put(f"{self.workspaces}/{name}", {}).status_code in (200, 201)

    def add_storage(self, name: str = "boot", **spec: Any) -> None:
        answer = self.put(f"{self.storages()}/{name}", a_storage() | spec)
        assert answer.status_code == 201, answer.text

    def add_instance(self, name: str = "web", **spec: Any) -> None:
        answer = self.put(f"{self.instances()}/{name}", an_instance() | spec)
        assert answer.status_code == 201, answer.text


def ref(resource: str) -> dict[str, str]:
    return {"resource": resource}


def a_storage() -> dict[str, Any]:
    return {
        "sizeGB": 1,
        "skuRef": ref("skus/hanza.local"),
        "sourceImageRef": ref("tenants/public/images/tiny"),
    }


def an_instance(boot: str = "boot") -> dict[str, Any]:
    return {
        "skuRef": ref("skus/hanza.xs"),
        "zone": "any",
        "bootVolume": {"deviceRef": ref(f"block-storages/{boot}")},
    }


@contextlib.contextmanager
def askers(
    folder: Path, sites: Mapping[str, str], url: str | None = None
) -> Iterator[tuple[Asker, Asker]]:
    """Somebody of `acme` and somebody of `rival`, and sites by name with their country."""
    with an_api(folder, url=url) as (client, league):
        for name, country in sites.items():
            league.add_site(name, country)
        for tenant in ("acme", "rival"):
            path = f"{BASE}/tenants/{tenant}"
            assert client.put(path, headers=OPERATOR).status_code == 201
        yield Asker(client, league, "acme"), Asker(client, league, "rival")
