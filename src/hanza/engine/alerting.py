"""Sending alerts: beside the loop and never in its way, since who is told may be slow.

Promises: an alert that was written is sent once at least, by one of the planes; what does not
arrive is tried again with back-off, and given up after hours, to be seen.
"""

from collections.abc import Callable
from typing import TypeAlias

from hanza.kit.clock import Clock
from hanza.kit.log import Log
from hanza.store.alerts import Alert, Hook, is_any_due, lease_due, record_tries
from hanza.store.tx import Store
from hanza.wire.alert_v1 import AlertBody, body_of, signature_of

log = Log("hanza.alerts")
Post: TypeAlias = Callable[[str, bytes, str, bool], str | None]
"""To this URL this body under this signature, to a private address if it may be one; why it did
not arrive, or None.  Never raises."""


def send_due(store: Store, clock: Clock, federation: str, post: Post) -> int:
    """Send what is due; how many were tried."""
    if not store.read(is_any_due, clock.now()):
        return 0
    leased = store.write(lease_due, clock.now())
    outcomes = [(alert, _send(alert, hook, clock, federation, post)) for alert, hook in leased]
    if outcomes:
        store.write(record_tries, outcomes, clock.now())
    return len(outcomes)


def _send(alert: Alert, hook: Hook, clock: Clock, federation: str, post: Post) -> str | None:
    said = AlertBody(alert.id, federation, alert.kind, alert.subject, alert.text, alert.at)
    body = body_of(said)
    error = post(hook.url, body, signature_of(hook.secret, body, clock.now()), hook.is_private)
    if error is not None:
        log.warning("alert.failed", hook=hook.name, kind=alert.kind, nth=alert.tries + 1, why=error)
    return error
