"""Makes by the API what a federation file names: members, tenants, users and their tokens.

Everything is a PUT that says what shall be, so that the same file twice is the same federation.
What the file does not name is left alone.
"""

from dataclasses import dataclass
from typing import Any

from hanza.boot.federation.file import FederationFile
from hanza.cli.client import Client

TOKEN_HOURS = 24


@dataclass(frozen=True, slots=True)
class TenantReady:
    """A tenant, and a token of one of its users."""

    name: str
    references: str
    subject: str
    token: str
    expires_at: str


def put_members(client: Client, file: FederationFile) -> None:
    """The providers and the sites; prices and attributes that they were given since stay theirs."""
    known = _specs(client, "/providers")
    for provider in file.providers:
        named = known.get(provider.name, {}) | {"title": provider.title}
        client.put(f"/providers/{provider.name}", {"spec": named})
    there = _specs(client, "/sites")
    for site in file.sites:
        spec: dict[str, Any] = {
            "provider": site.provider,
            "country": site.country,
            "city": site.city,
            "latitude": site.latitude,
            "longitude": site.longitude,
        }
        client.put(f"/sites/{site.name}", {"spec": there.get(site.name, {}) | spec})


def _specs(client: Client, path: str) -> dict[str, dict[str, Any]]:
    """What is known of each, by name."""
    return {one["metadata"]["name"]: one["spec"] for one in client.items(path)}


def put_tenants(client: Client, file: FederationFile) -> None:
    for tenant in file.tenants:
        client.put(f"/tenants/{tenant.name}", {"spec": {"references": tenant.references}})


def enrol_users(client: Client, file: FederationFile) -> tuple[TenantReady, ...]:
    """Users with what the file grants them; a token for each tenant, of whom it names for it."""
    for user in file.users:
        for name in user.tenants:
            grants = [{"role": one.role} for one in user.grants if one.tenant == name]
            client.put(f"/tenants/{name}/users/{user.name}", {"spec": {"grants": grants}})
    ready = []
    for tenant in file.tenants:
        spec = {
            "subject": tenant.token_for,
            "tenants": [tenant.name],
            "validForSeconds": TOKEN_HOURS * 3600,
        }
        made = client.post("/tokens", {"spec": spec})
        ready.append(
            TenantReady(
                tenant.name,
                tenant.references,
                tenant.token_for,
                str(made["token"]),
                str(made["expiresAt"]),
            )
        )
    return tuple(ready)
