"""Alerts: where they go, and which arrived, are due, or were given up."""

from datetime import datetime
from typing import Literal

from hanza.api.calls import Answer, Call
from hanza.api.told import BEGUN, GONE, keeps, lists, says
from hanza.model.errors import NotFound
from hanza.plan.admission import check_name
from hanza.store import alerts
from hanza.store.alerts import Alert, Hook
from hanza.store.tx import Tx
from hanza.wire import alert_v1 as doc
from hanza.wire.federation_v1 import request_from_json

SECRET_BYTES = 32


@says(keeps(doc.HookDoc), takes=doc.HookPut)
def put_alert_hook(call: Call) -> Answer:
    """Have alerts posted there too; the secret that signs them is told once."""
    spec = request_from_json(call.body, doc.HookPut).spec
    plane, name = call.plane, check_name(call.path["hook"], "name")
    secret, now = plane.ids.secret(SECRET_BYTES), plane.clock.now()
    hook = Hook(name, doc.check_hook_url(spec), secret.hex().encode(), spec.is_private, now)
    is_new = plane.store.write(alerts.put_hook, hook)
    document = _hook(next(one for one in plane.store.read(alerts.list_hooks) if one.name == name))
    if is_new:
        document.secret = secret.hex()
    return Answer(201 if is_new else 200, document)


@says(lists(doc.HookDoc))
def list_alert_hooks(call: Call) -> Answer:
    found = call.plane.store.read(alerts.list_hooks)
    return Answer(200, {"items": [_hook(one) for one in found]})


@says(GONE)
def delete_alert_hook(call: Call) -> Answer:
    call.plane.store.write(alerts.remove_hook, call.path["hook"])
    return Answer(204)


@says(BEGUN)
def try_alert_hook(call: Call) -> Answer:
    """Send one to see whether it arrives: look at the list of alerts in a moment."""
    call.plane.store.write(_test, call.path["hook"], call.plane.clock.now())
    return Answer(202)


@says(lists(doc.AlertDoc))
def list_alerts(call: Call) -> Answer:
    """Those first that did not arrive, then the newest."""
    found = call.plane.store.read(alerts.list_alerts)
    return Answer(200, {"items": [_alert(one) for one in found]})


@says(BEGUN)
def retry_alerts(call: Call) -> Answer:
    """Have those that were given up tried anew."""
    call.plane.store.write(alerts.try_again, call.plane.clock.now())
    return Answer(202)


def _test(tx: Tx, name: str, now: datetime) -> None:
    if name not in {one.name for one in alerts.list_hooks(tx)}:
        raise NotFound(f"there is no hook {name!r}", field="hook")
    alerts.alert_hook(tx, name, "alert.test", name, "somebody tries whether alerts arrive", now)


def _hook(one: Hook) -> doc.HookDoc:
    return doc.HookDoc(one.name, one.url, one.is_private, one.created_at)


def _alert(one: Alert) -> doc.AlertDoc:
    state: Literal["due", "sent", "dead"] = "due"
    if one.sent_at is not None:
        state = "sent"
    elif one.dead_at is not None:
        state = "dead"
    return doc.AlertDoc(
        one.id, one.hook, one.kind, one.subject, one.text, one.at, state, one.tries, one.error
    )
