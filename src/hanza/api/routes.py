"""Every route, as data.  One without a permission does not construct."""

from dataclasses import dataclass

from hanza.api import images, instances, joining, members
from hanza.api.calls import Answer, Call, Handler
from hanza.api.identity import PUBLIC
from hanza.model.errors import Bug
from hanza.wire.agent_v1 import blob_path

BASE = "/providers/hanza.federation/v1"
_INSTANCES = BASE + "/tenants/{tenant}/workspaces/{workspace}/instances"


@dataclass(frozen=True, slots=True)
class Route:
    """Method and path lead to a handler, for those who have the permission."""

    method: str
    path: str
    handler: Handler
    permission: str
    streams: bool = False
    """Its body may be large, and is handed on as it comes."""

    def __post_init__(self) -> None:
        if not self.permission:
            raise Bug(f"{self.method} {self.path} says nothing of who may call it")


def get_health(call: Call) -> Answer:
    """Whether the store answers: a plane that cannot remember is not healthy."""
    call.plane.store.read(lambda tx: tx.exec_driver_sql("SELECT 1").one())
    return Answer(200, {"status": "ok"})


ROUTES = (
    Route("GET", "/healthz", get_health, PUBLIC),
    Route("GET", "/agent/v1/root", joining.get_root, PUBLIC),
    Route("POST", "/agent/v1/join", joining.join, PUBLIC),
    Route("GET", blob_path("{blob}"), images.fetch_blob, PUBLIC),
    Route("GET", BASE + "/providers", members.list_providers, "provider:read"),
    Route("PUT", BASE + "/providers/{provider}", members.put_provider, "provider:write"),
    Route("GET", BASE + "/sites", members.list_sites, "site:read"),
    Route("PUT", BASE + "/sites/{site}", members.put_site, "site:write"),
    Route("POST", BASE + "/sites/{site}/join-tokens", members.invite_agent, "site:invite"),
    Route("GET", BASE + "/hosts", members.list_hosts, "host:read"),
    Route("GET", BASE + "/agents", members.list_agents, "agent:read"),
    Route("GET", BASE + "/orphans", members.list_orphans, "agent:read"),
    Route("GET", BASE + "/events", members.list_events, "event:read"),
    Route("GET", BASE + "/images", images.list_images, "image:read"),
    Route("GET", BASE + "/images/{image}", images.get_image, "image:read"),
    Route("PUT", BASE + "/images/{image}", images.put_image, "image:write"),
    Route("DELETE", BASE + "/images/{image}", images.delete_image, "image:write"),
    Route("GET", BASE + "/blobs/{blob}", images.get_blob, "image:read"),
    Route("PUT", BASE + "/blobs/{blob}", images.put_blob, "image:write", streams=True),
    Route("GET", BASE + "/tenants/{tenant}/instances", instances.list_instances, "instance:read"),
    Route("GET", _INSTANCES, instances.list_instances, "instance:read"),
    Route("GET", _INSTANCES + "/{instance}", instances.get_instance, "instance:read"),
    Route("PUT", _INSTANCES + "/{instance}", instances.put_instance, "instance:write"),
    Route("DELETE", _INSTANCES + "/{instance}", instances.delete_instance, "instance:write"),
)
