"""Every route, as data: our own API's here, the standard's from its table of kinds."""

from hanza.api import (
    apps,
    console,
    images,
    instances,
    invitations,
    issuers,
    joining,
    members,
    placements,
    policies,
    probes,
    tenants,
    users,
    volumes,
)
from hanza.api.route import BY_ROLE, KNOWN, OPERATOR, PUBLIC, Route
from hanza.api.seca.routes import routes as standard_routes
from hanza.wire.agent_v1 import blob_path
from hanza.wire.openid import DISCOVERY

BASE = "/providers/hanza.federation/v1"
_PROVIDER = BASE + "/providers/{provider}"
_TENANT = BASE + "/tenants/{tenant}"
_WORKSPACE = _TENANT + "/workspaces/{workspace}"
_INSTANCES = _WORKSPACE + "/instances"


CONSOLE = Route(
    "GET",
    _INSTANCES + "/{instance}/console",
    console.ask_for_upgrade,
    BY_ROLE,
    verb="post.console",
)
"""Asked for as a WebSocket it is the console itself; who may only read does not type."""

ROUTES = (
    Route("GET", "/agent/v1/federation", joining.get_federation, PUBLIC),
    Route("GET", "/agent/v1/root", joining.get_root, PUBLIC),
    Route("POST", "/agent/v1/join", joining.join, PUBLIC),
    Route("GET", blob_path("{blob}"), images.fetch_blob, PUBLIC),
    Route("GET", BASE + "/providers", members.list_providers, KNOWN),
    Route("PUT", BASE + "/providers/{provider}", members.put_provider, OPERATOR),
    Route("POST", _PROVIDER + "/invitations", invitations.invite, OPERATOR),
    Route("POST", _PROVIDER + "/withdrawals", invitations.withdraw, OPERATOR),
    Route("GET", BASE + "/join-tokens", invitations.list_tokens, OPERATOR),
    Route("DELETE", BASE + "/join-tokens/{token}", invitations.revoke_token, OPERATOR),
    Route("GET", BASE + "/sites", members.list_sites, KNOWN),
    Route("PUT", BASE + "/sites/{site}", members.put_site, OPERATOR),
    Route("POST", BASE + "/sites/{site}/join-tokens", members.invite_agent, OPERATOR),
    Route("GET", BASE + "/hosts", members.list_hosts, OPERATOR),
    Route("GET", BASE + "/agents", members.list_agents, OPERATOR),
    Route("POST", BASE + "/agents/{agent}/trust", members.trust_agent, OPERATOR),
    Route("POST", BASE + "/agents/{agent}/revoke", members.revoke_agent, OPERATOR),
    Route("GET", BASE + "/orphans", members.list_orphans, OPERATOR),
    Route("GET", BASE + "/orphan-volumes", members.list_orphan_volumes, OPERATOR),
    Route("GET", BASE + "/probes", probes.list_probes, OPERATOR),
    Route("PUT", BASE + "/probes/{probe}", probes.put_probe, OPERATOR),
    Route("DELETE", BASE + "/probes/{probe}", probes.delete_probe, OPERATOR),
    Route("GET", BASE + "/round-trips", probes.list_round_trips, OPERATOR),
    Route("GET", BASE + "/events", members.list_events, OPERATOR, may_stream=True),
    Route("GET", BASE + "/images", images.list_images, KNOWN),
    Route("GET", BASE + "/images/{image}", images.get_image, KNOWN),
    Route("PUT", BASE + "/images/{image}", images.put_image, OPERATOR),
    Route("DELETE", BASE + "/images/{image}", images.delete_image, OPERATOR),
    Route("GET", BASE + "/blobs/{blob}", images.get_blob, OPERATOR),
    Route("PUT", BASE + "/blobs/{blob}", images.put_blob, OPERATOR, streams=True),
    Route("GET", BASE + "/tenants", tenants.list_tenants, OPERATOR),
    Route("GET", _TENANT, tenants.get_tenant, BY_ROLE, is_common=True),
    Route("PUT", _TENANT, tenants.put_tenant, OPERATOR),
    Route("GET", _TENANT + "/policy", policies.get_policy, BY_ROLE, verb="get"),
    Route("PUT", _TENANT + "/policy", policies.put_policy, BY_ROLE),
    Route("DELETE", _TENANT + "/policy", policies.delete_policy, BY_ROLE),
    Route("GET", _TENANT + "/violations", policies.list_violations, BY_ROLE),
    Route("GET", _TENANT + "/events", members.list_events, BY_ROLE, may_stream=True),
    Route("GET", _WORKSPACE + "/policy", policies.get_policy, BY_ROLE, verb="get"),
    Route("PUT", _WORKSPACE + "/policy", policies.put_policy, BY_ROLE),
    Route("DELETE", _WORKSPACE + "/policy", policies.delete_policy, BY_ROLE),
    Route("GET", _WORKSPACE + "/violations", policies.list_violations, BY_ROLE),
    Route("GET", DISCOVERY, issuers.get_discovery, PUBLIC),
    Route("GET", issuers.JWKS_PATH, issuers.get_jwks, PUBLIC),
    Route("POST", BASE + "/tokens", tenants.issue_token, OPERATOR),
    Route("GET", BASE + "/signing-keys", issuers.list_signing_keys, OPERATOR),
    Route("POST", BASE + "/signing-keys", issuers.rotate_signing_key, OPERATOR),
    Route("POST", BASE + "/signing-keys/{kid}/retire", issuers.retire_signing_key, OPERATOR),
    Route("GET", BASE + "/issuers", issuers.list_issuers, OPERATOR),
    Route("PUT", BASE + "/issuers/{issuer}", issuers.put_issuer, OPERATOR),
    Route("DELETE", BASE + "/issuers/{issuer}", issuers.delete_issuer, OPERATOR),
    Route("GET", _TENANT + "/users", users.list_users, BY_ROLE),
    Route("PUT", _TENANT + "/users/{user}", users.put_user, BY_ROLE),
    Route("DELETE", _TENANT + "/users/{user}", users.delete_user, BY_ROLE),
    Route("GET", _TENANT + "/instances", instances.list_instances, BY_ROLE),
    Route("GET", _INSTANCES, instances.list_instances, BY_ROLE),
    Route("GET", _INSTANCES + "/{instance}", instances.get_instance, BY_ROLE),
    Route("PUT", _INSTANCES + "/{instance}", instances.put_instance, BY_ROLE),
    Route("DELETE", _INSTANCES + "/{instance}", instances.delete_instance, BY_ROLE),
    Route(
        "GET",
        _INSTANCES + "/{instance}/placement",
        placements.get_placement,
        BY_ROLE,
        verb="get",
    ),
    CONSOLE,
    Route("GET", _TENANT + "/volumes", volumes.list_volumes, BY_ROLE),
    Route("GET", _WORKSPACE + "/volumes", volumes.list_volumes, BY_ROLE),
    Route("DELETE", _WORKSPACE + "/volumes/{instance}/{volume}", volumes.delete_volume, BY_ROLE),
    Route("PUT", _WORKSPACE + "/apps/{app}", apps.put_app, BY_ROLE),
    Route("DELETE", _WORKSPACE + "/apps/{app}", apps.delete_app, BY_ROLE),
    Route("POST", _WORKSPACE + "/quotes", placements.quote, BY_ROLE),
    *standard_routes(),
)
