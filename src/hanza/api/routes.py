"""Every route, as data: our own API's here, the standard's from its table of kinds."""

from hanza.api import (
    apps,
    console,
    images,
    instances,
    invitations,
    joining,
    members,
    placements,
    policies,
    probes,
    quotas,
    tenants,
    volumes,
)
from hanza.api.identity import PUBLIC
from hanza.api.route import Route
from hanza.api.seca.routes import routes as standard_routes
from hanza.wire.agent_v1 import blob_path

BASE = "/providers/hanza.federation/v1"
_PROVIDER = BASE + "/providers/{provider}"
_TENANT = BASE + "/tenants/{tenant}"
_WORKSPACE = _TENANT + "/workspaces/{workspace}"
_INSTANCES = _WORKSPACE + "/instances"


CONSOLE = Route(
    "GET", _INSTANCES + "/{instance}/console", console.ask_for_upgrade, console.PERMISSION
)
"""Asked for as a WebSocket it is the console itself."""

ROUTES = (
    Route("GET", "/agent/v1/federation", joining.get_federation, PUBLIC),
    Route("GET", "/agent/v1/root", joining.get_root, PUBLIC),
    Route("POST", "/agent/v1/join", joining.join, PUBLIC),
    Route("GET", blob_path("{blob}"), images.fetch_blob, PUBLIC),
    Route("GET", BASE + "/providers", members.list_providers, "provider:read"),
    Route("PUT", BASE + "/providers/{provider}", members.put_provider, "provider:write"),
    Route("POST", _PROVIDER + "/invitations", invitations.invite, "site:invite"),
    Route("POST", _PROVIDER + "/withdrawals", invitations.withdraw, "site:invite"),
    Route("GET", BASE + "/join-tokens", invitations.list_tokens, "site:invite"),
    Route("DELETE", BASE + "/join-tokens/{token}", invitations.revoke_token, "site:invite"),
    Route("GET", BASE + "/sites", members.list_sites, "site:read"),
    Route("PUT", BASE + "/sites/{site}", members.put_site, "site:write"),
    Route("POST", BASE + "/sites/{site}/join-tokens", members.invite_agent, "site:invite"),
    Route("GET", BASE + "/hosts", members.list_hosts, "host:read"),
    Route("GET", BASE + "/agents", members.list_agents, "agent:read"),
    Route("POST", BASE + "/agents/{agent}/trust", members.trust_agent, "agent:write"),
    Route("POST", BASE + "/agents/{agent}/revoke", members.revoke_agent, "agent:write"),
    Route("GET", BASE + "/orphans", members.list_orphans, "agent:read"),
    Route("GET", BASE + "/orphan-volumes", members.list_orphan_volumes, "agent:read"),
    Route("GET", BASE + "/probes", probes.list_probes, "probe:read"),
    Route("PUT", BASE + "/probes/{probe}", probes.put_probe, "probe:write"),
    Route("DELETE", BASE + "/probes/{probe}", probes.delete_probe, "probe:write"),
    Route("GET", BASE + "/round-trips", probes.list_round_trips, "probe:read"),
    Route("GET", BASE + "/events", members.list_events, "event:read", may_stream=True),
    Route("GET", BASE + "/images", images.list_images, "federation:image:read"),
    Route("GET", BASE + "/images/{image}", images.get_image, "federation:image:read"),
    Route("PUT", BASE + "/images/{image}", images.put_image, "federation:image:write"),
    Route("DELETE", BASE + "/images/{image}", images.delete_image, "federation:image:write"),
    Route("GET", BASE + "/blobs/{blob}", images.get_blob, "federation:image:write"),
    Route("PUT", BASE + "/blobs/{blob}", images.put_blob, "federation:image:write", streams=True),
    Route("GET", BASE + "/tenants", tenants.list_tenants, "tenant:list"),
    Route("GET", BASE + "/tenants/{tenant}", tenants.get_tenant, "tenant:read"),
    Route("PUT", BASE + "/tenants/{tenant}", tenants.put_tenant, "tenant:write"),
    Route("GET", _TENANT + "/policy", policies.get_policy, "policy:read"),
    Route("PUT", _TENANT + "/policy", policies.put_policy, "policy:write"),
    Route("DELETE", _TENANT + "/policy", policies.delete_policy, "policy:write"),
    Route("GET", _TENANT + "/quota", quotas.get_quota, "quota:read"),
    Route("PUT", _TENANT + "/quota", quotas.put_quota, "tenant:quota:write"),
    Route("DELETE", _TENANT + "/quota", quotas.delete_quota, "tenant:quota:write"),
    Route("GET", _TENANT + "/violations", policies.list_violations, "policy:read"),
    Route("GET", _TENANT + "/events", members.list_events, "event:follow", may_stream=True),
    Route("GET", _WORKSPACE + "/policy", policies.get_policy, "policy:read"),
    Route("PUT", _WORKSPACE + "/policy", policies.put_policy, "policy:write"),
    Route("DELETE", _WORKSPACE + "/policy", policies.delete_policy, "policy:write"),
    Route("GET", _WORKSPACE + "/quota", quotas.get_quota, "quota:read"),
    Route("PUT", _WORKSPACE + "/quota", quotas.put_quota, "workspace:quota:write"),
    Route("DELETE", _WORKSPACE + "/quota", quotas.delete_quota, "workspace:quota:write"),
    Route("GET", _WORKSPACE + "/violations", policies.list_violations, "policy:read"),
    Route("POST", BASE + "/tokens", tenants.issue_token, "token:issue"),
    Route("GET", BASE + "/tenants/{tenant}/instances", instances.list_instances, "instance:read"),
    Route("GET", _INSTANCES, instances.list_instances, "instance:read"),
    Route("GET", _INSTANCES + "/{instance}", instances.get_instance, "instance:read"),
    Route("PUT", _INSTANCES + "/{instance}", instances.put_instance, "instance:write"),
    Route("DELETE", _INSTANCES + "/{instance}", instances.delete_instance, "instance:write"),
    Route("GET", _INSTANCES + "/{instance}/placement", placements.get_placement, "instance:read"),
    CONSOLE,
    Route("GET", _TENANT + "/volumes", volumes.list_volumes, "volume:read"),
    Route("GET", _WORKSPACE + "/volumes", volumes.list_volumes, "volume:read"),
    Route(
        "DELETE", _WORKSPACE + "/volumes/{instance}/{volume}", volumes.delete_volume, "volume:write"
    ),
    Route("PUT", _WORKSPACE + "/apps/{app}", apps.put_app, "instance:write"),
    Route("DELETE", _WORKSPACE + "/apps/{app}", apps.delete_app, "instance:write"),
    Route("POST", _WORKSPACE + "/quotes", placements.quote, "quote:ask"),
    *standard_routes(),
)
