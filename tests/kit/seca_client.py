"""A client of the standard as others write them: it knows no more of Hanza than a base URL.

It behaves as the published kits do: regions first, whose document says where the rest is; PUT to
make, GET until a state is reached, DELETE and then GET until 404; what it does not know in a
document it drops.  How time passes between two looks is the caller's business.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

ATTEMPTS = 60


class Http(Protocol):
    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], json: Any = None
    ) -> Any: ...


class ClientError(Exception):
    """The kit's own errors: the status is all that it looks at."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status


@dataclass
class SecaClient:
    """One tenant at one region."""

    http: Http
    token: str
    region_url: str
    """Of the region provider, without a version."""
    tenant: str
    region: str
    let_time_pass: Callable[[], None]
    urls: dict[str, str] = field(default_factory=dict)

    def discover(self) -> list[str]:
        """Find every provider of the region; its zones are returned."""
        document = self._ask("GET", f"{self.region_url}/v1/regions/{self.region}", {200})
        for provider in document["spec"]["providers"]:
            if provider["version"] == "v1":
                self.urls[provider["name"]] = provider["url"]
        return list(document["spec"]["availableZones"])

    def sku(self, provider: str, label: str) -> str:
        """The full reference of the first SKU that has the label."""
        path = f"{self._tenant(provider)}/skus?labels={label}"
        return str(self._ask("GET", path, {200})["items"][0]["metadata"]["ref"])

    def put_workspace(self, name: str, **words: Any) -> dict[str, Any]:
        path = f"{self._tenant('seca.workspace')}/workspaces/{name}"
        return self._put(path, {}, words)

    def put_block_storage(
        self, workspace: str, name: str, spec: Mapping[str, Any], **words: Any
    ) -> dict[str, Any]:
        return self._put(self._path(workspace, "block-storages", name), spec, words)

    def put_instance(
        self, workspace: str, name: str, spec: Mapping[str, Any], **words: Any
    ) -> dict[str, Any]:
        return self._put(self._path(workspace, "instances", name), spec, words)

    def power(self, workspace: str, name: str, action: str) -> None:
        self._ask("POST", self._path(workspace, "instances", name) + f"/{action}", {202})

    def get(self, workspace: str, collection: str, name: str) -> dict[str, Any]:
        return self._ask("GET", self._path(workspace, collection, name), {200})

    def get_until(
        self, workspace: str, collection: str, name: str, is_so: Callable[[Any], bool]
    ) -> dict[str, Any]:
        for _ in range(ATTEMPTS):
            document = self.get(workspace, collection, name)
            if is_so(document["status"]):
                return document
            self.let_time_pass()
        raise AssertionError(f"not reached after {ATTEMPTS} looks: {document['status']}")

    def delete(self, workspace: str, collection: str, name: str) -> None:
        self._ask("DELETE", self._path(workspace, collection, name), {202, 404})

    def watch_until_deleted(self, workspace: str, collection: str, name: str) -> None:
        for _ in range(ATTEMPTS):
            try:
                self.get(workspace, collection, name)
            except ClientError as error:
                if error.status != 404:
                    raise
                return
            self.let_time_pass()
        raise AssertionError(f"{collection}/{name} is still there")

    def _path(self, workspace: str, collection: str, name: str) -> str:
        provider = {"block-storages": "seca.storage", "instances": "seca.compute"}.get(collection)
        if provider is None:
            return f"{self._tenant('seca.workspace')}/workspaces/{name}"
        return f"{self._tenant(provider)}/workspaces/{workspace}/{collection}/{name}"

    def _tenant(self, provider: str) -> str:
        return f"{self.urls[provider]}/v1/tenants/{self.tenant}"

    def _put(self, path: str, spec: Mapping[str, Any], words: Mapping[str, Any]) -> dict[str, Any]:
        return self._ask("PUT", path, {200, 201}, {**words, "spec": spec})

    def _ask(self, method: str, url: str, good: set[int], body: Any = None) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.token}", "accept": "application/json"}
        answer = self.http.request(method, url, headers=headers, json=body)
        if answer.status_code not in good:
            raise ClientError(answer.status_code, answer.text)
        return dict(answer.json()) if answer.content else {}
