"""Refusals as they travel: RFC 7807 with SECA's types.  Only here are HTTP statuses known."""

import msgspec

from hanza.model import errors
from hanza.plan.image import UnknownImage, WrongChecksum

_TYPES = "http://secapi.cloud/errors/"
_STATUSES: dict[type[errors.Refusal], tuple[int, str]] = {
    errors.Unauthenticated: (401, "unauthorized"),
    errors.Revoked: (401, "unauthorized"),
    errors.Forbidden: (403, "forbidden"),
    errors.NotFound: (404, "resource-not-found"),
    errors.Conflict: (412, "resource-conflict"),
    errors.Outdated: (412, "precondition-failed"),
    errors.BadQuery: (400, "invalid-request"),
    errors.Busy: (429, "too-many-requests"),
    errors.RateLimited: (429, "too-many-requests"),
    errors.TooSlow: (408, "invalid-request"),
    errors.StoreUnavailable: (503, "service-unavailable"),
    errors.IssuerUnavailable: (503, "service-unavailable"),
    errors.InUse: (412, "precondition-failed"),
    # Asking again leads to the same, so it is neither a conflict to retry nor a wrong request.
    errors.QuotaExceeded: (403, "forbidden"),
    errors.NoRoom: (412, "precondition-failed"),
    errors.Invalid: (412, "validation-error"),
    errors.TooLarge: (413, "invalid-request"),
    UnknownImage: (412, "validation-error"),
    WrongChecksum: (412, "validation-error"),
}
UNEXPECTED = "internal-server-error"


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


def problem_of(refusal: errors.Refusal, instance: str) -> Problem:
    """The body for a refusal; `instance` is the path that was asked."""
    status, kind = _STATUSES.get(type(refusal), (412, "precondition-failed"))
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


def refused_status(status: int, kind: str, detail: str, instance: str) -> Problem:
    """A refusal by the HTTP layer itself: no such path, wrong method, too large."""
    return Problem(_TYPES + kind, kind.replace("-", " "), status, detail, instance, [], kind)
