"""What can go wrong, and what to do about it.

    HanzaError
    ├── Refusal              the caller's fault, or the state's
    │   ├── Invalid          a field is wrong
    │   ├── Unauthenticated  nobody we know
    │   │   └── Revoked      an agent whose key was revoked
    │   ├── Forbidden        known, but not allowed
    │   ├── NotFound         not there, or not for you
    │   ├── Conflict         someone was faster, or it is already so
    │   │   ├── NotPending   nothing that was asked for it waits
    │   │   └── Told         its site knows of it, and may have done it
    │   ├── Outdated         it was changed since you looked
    │   ├── BadQuery         a question that cannot be answered
    │   ├── Busy             too much at once
    │   ├── RateLimited      too often
    │   ├── TooSlow          what was to come did not come in time
    │   ├── InUse            something else still needs it
    │   ├── StoreUnavailable the plane's store takes or gives nothing now
    │   ├── PlaneStarting    the plane starts, and answers in a moment
    │   ├── IssuerUnavailable an issuer of identity says its keys to nobody now
    │   ├── Oversized        no host is as large as that
    │   ├── TooLarge         more bytes than are taken here
    │   ├── Full             the disk that should keep it has no room
    │   ├── NotHere          its site is not connected to the plane that was asked
    │   ├── NotOffered       its site cannot do that
    │   ├── NotRunning       only a guest that runs can do that
    │   ├── HoldsGuests      a site cannot leave while something stands there
    │   ├── ShortNotice      what concerns tenants has to be announced earlier
    │   ├── SelectionMoved   a selection has changed since it was looked at
    │   ├── HasLeft          the site has left the federation
    │   ├── QuotaExceeded    a tenant or workspace has as much as it may
    │   └── NoRoom           nothing may run it
    ├── DriverError          an engine did not do as asked; exactly five kinds
    │   ├── Unsupported      this site never can; no retry until the wish changes
    │   ├── Rejected         the request is wrong; the tenant can correct it
    │   ├── Exhausted        no room; place it elsewhere
    │   ├── Unavailable      not taken, nothing happened; later
    │   └── OutcomeUnknown   sent, no answer; look before acting
    └── Bug                  impossible; never caught below a loop

Codes are never changed and never used again for something else.  An error says what and
which; it never repeats the text of its cause, and nobody decides by its text.
"""

from typing import ClassVar


class HanzaError(Exception):
    """Root of everything we raise on purpose."""

    code: ClassVar[str]


class Refusal(HanzaError):
    """The caller, or the state of things, is why not.  Nothing was changed."""

    code = "refused"

    def __init__(self, text: str, *, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.field = field
        """Where: a field's path such as `spec.cpus`, or a place in a file."""
        self.hint = hint
        """What would help, in words."""


class Invalid(Refusal):
    """A field is wrong."""

    code = "invalid"


class StoreUnavailable(Refusal):
    """The plane's store takes or gives nothing now: locked, full or gone.  Nothing was written."""

    code = "store.unavailable"


class PlaneStarting(Refusal):
    """The plane starts, or starts again; nothing was read of the request.  Ask again."""

    code = "plane.starting"


class UnknownProtocol(Invalid):
    """An agent speaks a version of the agents' protocol that this plane does not."""

    code = "agent.protocol"


class BadReport(Invalid):
    """A report with numbers that cannot be; nothing of it is taken, and the last good one stays."""

    code = "report.refused"


class Unauthenticated(Refusal):
    """Nobody we know, or not proved."""

    code = "unauthenticated"


class Revoked(Unauthenticated):
    """The agent's key was revoked; what it says counts for nothing any more."""

    code = "agent.revoked"


class Forbidden(Refusal):
    """Known, but not allowed."""

    code = "forbidden"


class NotFound(Refusal):
    """Not there, or not for you."""

    code = "not_found"


class Conflict(Refusal):
    """Someone was faster, or it is already so."""

    code = "conflict"


class NotPending(Conflict):
    """Nothing that was asked for it waits, so there is nothing to take back."""

    code = "pending.nothing"


class Told(Conflict):
    """What was asked for it is not to be taken back: its site knows, and may have done it."""

    code = "pending.told"


class Outdated(Refusal):
    """It was changed since the caller looked."""

    code = "outdated"


class BadQuery(Refusal):
    """A filter or page that cannot be understood."""

    code = "bad_query"


class Busy(Refusal):
    """Too much at once; the same may be granted in a while."""

    code = "busy"


class RateLimited(Refusal):
    """Too often; the same may be granted after a while."""

    code = "rate.limited"

    def __init__(
        self,
        text: str,
        retry_after_s: int = 1,
        *,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(text, field=field, hint=hint)
        self.retry_after_s = retry_after_s


class TooSlow(Refusal):
    """What was to come did not come in time."""

    code = "too_slow"


class Oversized(Refusal):
    """No host is as large as that, even when it is empty."""

    code = "oversized"


class InUse(Refusal):
    """Something else still needs it."""

    code = "in_use"


class NotHere(Refusal):
    """Its site is not connected to the plane that was asked."""

    code = "not_here"


class NotOffered(Refusal):
    """Its site cannot do that."""

    code = "not_offered"


class NotRunning(Refusal):
    """Only a guest that runs can do that."""

    code = "not_running"


class NoRoom(Refusal):
    """Nothing may run it."""

    code = "no_room"


class IssuerUnavailable(Refusal):
    """An issuer of others does not say its keys now, so nobody of its can be known."""

    code = "issuer.unavailable"


class QuotaExceeded(Refusal):
    """A tenant or workspace would have more than its quota allows."""

    code = "quota.exceeded"


class HoldsGuests(Refusal):
    """A site cannot leave while something stands there whose tenants had no notice."""

    code = "site.holds_guests"


class ShortNotice(Refusal):
    """What concerns tenants has to be announced earlier than that."""

    code = "notice.short"


class SelectionMoved(Refusal):
    """A selection has other sites now than when it was looked at."""

    code = "selection.moved"


class HasLeft(Refusal):
    """The site has left the federation; what it was is kept, and nothing of it changes."""

    code = "site.left"


class TooLarge(Refusal):
    """More bytes than are taken here."""

    code = "too_large"


class Full(Refusal):
    """The disk that should keep it has no room."""

    code = "full"


class DriverError(HanzaError):
    """Base of the five; never raised itself."""

    code = "driver"


class Unsupported(DriverError):
    """This site never can do that.  Do not ask again until the wish changes."""

    code = "driver.unsupported"


class Rejected(DriverError):
    """The request is wrong, and the tenant can correct it."""

    code = "driver.rejected"


class Exhausted(DriverError):
    """No room.  Placement should look elsewhere."""

    code = "driver.exhausted"


class Unavailable(DriverError):
    """The engine did not take the order, and nothing happened.  Ask again later."""

    code = "driver.unavailable"


class OutcomeUnknown(DriverError):
    """The order was sent and no answer came.  Look before asking again."""

    code = "driver.outcome_unknown"


class Bug(HanzaError):
    """Something that cannot be.  The operator must hear of it."""

    code = "bug"
