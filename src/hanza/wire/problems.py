"""Refusals as they travel: RFC 7807 with SECA's types.  Only here are HTTP statuses known."""

from collections.abc import Mapping

import msgspec

from hanza.model import errors
from hanza.plan.image import UnknownImage, WrongChecksum
from hanza.plan.policy import Contradiction
from hanza.plan.release import BadSignature

_TYPES = "http://secapi.cloud/errors/"
STATUSES: Mapping[type[errors.Refusal], tuple[int, str]] = {
    errors.Refusal: (412, "precondition-failed"),
    errors.Unauthenticated: (401, "unauthorized"),
    errors.Revoked: (401, "unauthorized"),
    errors.Forbidden: (403, "forbidden"),
    errors.NotFound: (404, "resource-not-found"),
    errors.Conflict: (412, "resource-conflict"),
    errors.NotPending: (412, "resource-conflict"),
    errors.Told: (412, "resource-conflict"),
    errors.Outdated: (412, "precondition-failed"),
    errors.BadQuery: (400, "invalid-request"),
    errors.Busy: (429, "too-many-requests"),
    errors.RateLimited: (429, "too-many-requests"),
    errors.TooSlow: (408, "invalid-request"),
    errors.StoreUnavailable: (503, "service-unavailable"),
    errors.PlaneStarting: (503, "service-unavailable"),
    errors.IssuerUnavailable: (503, "service-unavailable"),
    errors.InUse: (412, "precondition-failed"),
    # Asking again leads to the same, so it is neither a conflict to retry nor a wrong request.
    errors.QuotaExceeded: (403, "forbidden"),
    errors.NoRoom: (412, "precondition-failed"),
    errors.Invalid: (412, "validation-error"),
    errors.BadReport: (412, "validation-error"),
    errors.UnknownProtocol: (412, "validation-error"),
    errors.TooLarge: (413, "invalid-request"),
    errors.Full: (412, "precondition-failed"),
    errors.NotHere: (412, "precondition-failed"),
    errors.NotOffered: (412, "precondition-failed"),
    errors.NotRunning: (412, "precondition-failed"),
    errors.HoldsGuests: (412, "precondition-failed"),
    errors.ShortNotice: (412, "precondition-failed"),
    errors.SelectionMoved: (412, "precondition-failed"),
    errors.HasLeft: (412, "precondition-failed"),
    Contradiction: (412, "precondition-failed"),
    errors.Oversized: (412, "precondition-failed"),
    UnknownImage: (412, "validation-error"),
    BadSignature: (403, "forbidden"),
    WrongChecksum: (412, "validation-error"),
}
"""Every refusal that a plane answers with."""
UNEXPECTED = "internal-server-error"
BY_HTTP = {
    400: ("invalid-request", "This is not HTTP."),
    404: ("resource-not-found", "There is no such path."),
    405: ("invalid-request", "The path has no such method; `Allow` names those that it has."),
    408: ("invalid-request", "The head of the request did not come in time."),
    413: ("invalid-request", "The body is larger than any request can be."),
    431: ("invalid-request", "The head of the request is larger than any can be."),
    500: ("unexpected", "Our fault; the operator finds it in the log."),
}
"""By status: the code, and what it means, of what is refused before or beside any handler."""


class Source(msgspec.Struct):
    """Where in the request: a JSON pointer or the name of a parameter."""

    pointer: str = ""
    parameter: str = ""


class Problem(msgspec.Struct, omit_defaults=True):
    """RFC 7807, with SECA's required members, our stable code and what would help."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    sources: list[Source]
    code: str
    hint: str | None = None


def codes_by_status() -> dict[int, dict[str, str]]:
    """What each code of each status means, in a sentence."""
    found: dict[int, dict[str, str]] = {}
    for kind, (status, _) in STATUSES.items():
        words = (kind.__doc__ or "").strip().splitlines()[0]
        found.setdefault(status, {})[kind.code] = words
    for status, (code, words) in BY_HTTP.items():
        found.setdefault(status, {})[code] = words
    return {status: found[status] for status in sorted(found)}


def problem_of(refusal: errors.Refusal, instance: str) -> Problem:
    """The body for a refusal; `instance` is the path that was asked."""
    status, kind = STATUSES.get(type(refusal), STATUSES[errors.Refusal])
    pointer = "" if refusal.field is None else "/" + refusal.field.replace(".", "/")
    return Problem(
        type=_TYPES + kind,
        title=kind.replace("-", " "),
        status=status,
        detail=refusal.text,
        instance=instance,
        sources=[Source(pointer=pointer)] if pointer else [],
        code=refusal.code,
        hint=refusal.hint,
    )


def unexpected_problem(instance: str, incident: str) -> Problem:
    """The body when we are at fault: says nothing but the number to look for in the log."""
    return Problem(
        type=_TYPES + UNEXPECTED,
        title="internal server error",
        status=500,
        detail=f"this is our fault; the operator finds it in the log under {incident}",
        instance=instance,
        sources=[],
        code="unexpected",
    )


def refused_status(status: int, detail: str, instance: str) -> Problem:
    """A refusal by the HTTP layer itself: no such path, wrong method, too large."""
    kind, _ = BY_HTTP.get(status, BY_HTTP[400])
    return Problem(_TYPES + kind, kind.replace("-", " "), status, detail, instance, [], kind)
