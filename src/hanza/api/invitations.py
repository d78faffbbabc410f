"""Invitations: many sites of one provider may join, each once; and what was given is taken back."""

from datetime import timedelta

from hanza.api.calls import Answer, Call
from hanza.api.told import GONE, lists, says
from hanza.model.errors import Invalid
from hanza.model.ids import ProviderId, SiteId, TokenId
from hanza.model.site import Site
from hanza.plan.admission import check_country, check_name, check_place, check_title, check_word
from hanza.store import invitations
from hanza.store.invitations import Terms, Ticket
from hanza.wire import invitations_v1 as doc
from hanza.wire.credentials import SECRET_BYTES, JoinToken, digest_of_secret, join_token_to_text
from hanza.wire.federation_v1 import attributes_from_doc, request_from_json


@says(lists(doc.InvitationItem), takes=doc.InvitationPost)
def invite(call: Call) -> Answer:
    """Every site and every token, or nothing at all; secrets are told in this answer only."""
    plane, now = call.plane, call.plane.clock.now()
    spec = request_from_json(call.body, doc.InvitationPost).spec
    seconds = spec.valid_for_seconds
    valid_for = plane.token_valid_for if seconds is None else timedelta(seconds=seconds)
    terms = Terms(spec.renew, spec.dry_run, now + valid_for)
    secrets = [plane.ids.secret(SECRET_BYTES) for _ in spec.sites]
    tickets = [Ticket(TokenId(plane.ids.new("to")), digest_of_secret(one)) for one in secrets]
    wishes = [_site(call, index, one) for index, one in enumerate(spec.sites)]
    _refuse_twice([one.name for one in spec.sites])
    outcomes = plane.store.write(
        invitations.invite_sites,
        call.path["provider"],
        list(zip(wishes, tickets, strict=True)),
        terms,
        now,
    )
    items = []
    for wish, ticket, secret, outcome in zip(wishes, tickets, secrets, outcomes, strict=True):
        item = doc.InvitationItem(wish.name, outcome)
        if outcome in invitations.GIVES and not spec.dry_run:
            item.id, item.expires_at = ticket.token, terms.expires_at
            item.token = join_token_to_text(JoinToken(plane.urls, plane.pin, secret))
        items.append(item)
    return Answer(200, {"items": items})


@says(lists(doc.WithdrawalItem), takes=doc.WithdrawalPost)
def withdraw(call: Call) -> Answer:
    spec = request_from_json(call.body, doc.WithdrawalPost).spec
    for index, name in enumerate(spec.sites):
        check_name(name, f"spec.sites[{index}]")
    _refuse_twice(spec.sites)
    outcomes = call.plane.store.write(
        invitations.withdraw_sites,
        call.path["provider"],
        spec.sites,
        call.plane.clock.now(),
        rehearse=spec.dry_run,
    )
    pairs = zip(spec.sites, outcomes, strict=True)
    return Answer(200, {"items": [doc.WithdrawalItem(site, outcome) for site, outcome in pairs]})


@says(lists(doc.TokenItem))
def list_tokens(call: Call) -> Answer:
    now = call.plane.clock.now()
    items = [
        doc.TokenItem(
            one.id,
            one.site,
            one.provider,
            doc.state_of(one.used_at, one.revoked_at, one.expires_at, now),
            one.created_at,
            one.expires_at,
            one.used_at,
            one.revoked_at,
            one.agent,
        )
        for one in call.plane.store.read(invitations.list_tokens)
    ]
    return Answer(200, {"items": items})


@says(GONE)
def revoke_token(call: Call) -> Answer:
    plane = call.plane
    plane.store.write(invitations.revoke_token, TokenId(call.path["token"]), plane.clock.now())
    return Answer(204)


def _site(call: Call, index: int, spec: doc.InvitedSite) -> Site:
    inside = f"spec.sites[{index}]."
    check_place(spec.latitude, spec.longitude, inside)
    word = spec.site_class
    try:
        attributes = attributes_from_doc(spec.attributes)
    except Invalid as error:
        raise Invalid(error.text, field=f"{inside}attributes") from error
    return Site(
        SiteId(call.plane.ids.new("si")),
        ProviderId(""),
        check_name(spec.name, f"{inside}name"),
        check_country(spec.country, f"{inside}country"),
        check_title(spec.city, f"{inside}city"),
        spec.latitude,
        spec.longitude,
        None if word is None else check_word(word, f"{inside}class"),
        attributes,
    )


def _refuse_twice(names: list[str]) -> None:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            raise Invalid(f"{name[:63]!r} is named twice", field=f"spec.sites[{index}]")
        seen.add(name)
