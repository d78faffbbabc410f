"""How an agent joins: the root to pin, then the token and the key, once."""

from hanza.api.calls import Answer, Call
from hanza.api.told import Bytes, says
from hanza.model.ids import AgentId
from hanza.plan.admission import check_name
from hanza.store.agents import Joining, use_join_token
from hanza.store.releases import list_keys
from hanza.wire.agent_v1 import FederationAnswer, JoinAnswer, JoinRequest
from hanza.wire.credentials import check_join, digest_of_secret
from hanza.wire.federation_v1 import request_from_json


@says({200: Bytes("application/x-pem-file")})
def get_root(call: Call) -> Answer:
    """The federation's root certificate; whoever asks compares it with the pin of its token."""
    return Answer(200, call.plane.root_pem)


@says({200: FederationAnswer})
def get_federation(call: Call) -> Answer:
    """Which federation this is: an engine is tried under its name before a token is spent.

    And what whoever joins cannot know alone: the plane's time, where it is seen to come from, and
    whose signatures of updates to pin.
    """
    host, port = call.caller or ("", 0)
    now_us = int(call.plane.clock.now().timestamp() * 1_000_000)
    keys = call.plane.store.read(list_keys)
    return Answer(200, FederationAnswer(call.plane.federation, now_us, host, port, keys))


@says({200: JoinAnswer}, takes=JoinRequest)
def join(call: Call) -> Answer:
    request = request_from_json(call.body, JoinRequest)
    check_join(request.public_key, request.secret, request.signature)
    plane = call.plane
    driver = check_name(request.driver, "driver")
    joining = Joining(AgentId(plane.ids.new("ag")), request.public_key, driver)
    digest = digest_of_secret(request.secret)
    agent, site = plane.store.write(use_join_token, digest, joining, plane.clock.now())
    return Answer(200, JoinAnswer(agent, plane.federation, site))
