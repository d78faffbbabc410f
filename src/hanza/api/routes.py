"""Every route, as data: our own API's here, the standard's from its table of kinds."""

from hanza.api import instances, joining, members, placements, probes, tenants
from hanza.api.identity import PUBLIC
from hanza.api.route import Route
from hanza.api.seca.routes import routes as standard_routes

BASE = "/providers/hanza.federation/v1"
_WORKSPACE = BASE + "/tenants/{tenant}/workspaces/{workspace}"
_INSTANCES = _WORKSPACE + "/instances"


ROUTES = (
    Route("GET", "/agent/v1/root", joining.get_root, PUBLIC),
    Route("POST", "/agent/v1/join", joining.join, PUBLIC),
    Route("GET", BASE + "/providers", members.list_providers, "provider:read"),
    Route("PUT", BASE + "/providers/{provider}", members.put_provider, "provider:write"),
    Route("GET", BASE + "/sites", members.list_sites, "site:read"),
    Route("PUT", BASE + "/sites/{site}", members.put_site, "site:write"),
    Route("POST", BASE + "/sites/{site}/join-tokens", members.invite_agent, "site:invite"),
    Route("GET", BASE + "/hosts", members.list_hosts, "host:read"),
    Route("GET", BASE + "/agents", members.list_agents, "agent:read"),
    Route("POST", BASE + "/agents/{agent}/trust", members.trust_agent, "agent:write"),
    Route("GET", BASE + "/orphans", members.list_orphans, "agent:read"),
    Route("GET", BASE + "/probes", probes.list_probes, "probe:read"),
    Route("PUT", BASE + "/probes/{probe}", probes.put_probe, "probe:write"),
    Route("DELETE", BASE + "/probes/{probe}", probes.delete_probe, "probe:write"),
    Route("GET", BASE + "/round-trips", probes.list_round_trips, "probe:read"),
    Route("GET", BASE + "/events", members.list_events, "event:read", may_stream=True),
    Route("GET", BASE + "/tenants", tenants.list_tenants, "tenant:list"),
    Route("GET", BASE + "/tenants/{tenant}", tenants.get_tenant, "tenant:read"),
    Route("PUT", BASE + "/tenants/{tenant}", tenants.put_tenant, "tenant:write"),
    Route("POST", BASE + "/tokens", tenants.issue_token, "token:issue"),
    Route("GET", BASE + "/tenants/{tenant}/instances", instances.list_instances, "instance:read"),
    Route("GET", _INSTANCES, instances.list_instances, "instance:read"),
    Route("GET", _INSTANCES + "/{instance}", instances.get_instance, "instance:read"),
    Route("PUT", _INSTANCES + "/{instance}", instances.put_instance, "instance:write"),
    Route("DELETE", _INSTANCES + "/{instance}", instances.delete_instance, "instance:write"),
    Route("GET", _INSTANCES + "/{instance}/placement", placements.get_placement, "instance:read"),
    Route("PUT", _WORKSPACE + "/apps/{app}", placements.put_app, "instance:write"),
    Route("POST", _WORKSPACE + "/quotes", placements.quote, "quote:ask"),
    *standard_routes(),
)
