"""Tokens, keys and signatures: what fits, and what does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from hanza.model.errors import Invalid, Unauthenticated
from hanza.wire.credentials import (
    FETCH_WINDOW,
    TOKEN_PREFIX,
    FetchProof,
    JoinToken,
    agent_key_to_bytes,
    check_fetch,
    check_join,
    check_link,
    digest_of_secret,
    fetch_proof_from_header,
    join_token_from_text,
    join_token_to_text,
    new_agent_key,
    public_key_of,
    sign_fetch,
    sign_join,
    sign_link,
)

KEY, OTHER = new_agent_key(bytes(32)), new_agent_key(bytes(31) + b"\x01")
SECRET, PIN, NONCE, CLAIMS = bytes(range(32)), bytes(32), bytes(32), b"claims"
TOKEN = JoinToken(("https://plane.example:8443", "https://other.example"), PIN, SECRET)


def test_a_token_survives_being_text() -> None:
    text = join_token_to_text(TOKEN)
    assert join_token_from_text(f"  {text}\n") == TOKEN
    assert text.startswith(TOKEN_PREFIX)
    assert "=" not in text


def test_a_token_for_loopback_may_have_no_pin() -> None:
    token = replace(TOKEN, pin=b"")
    assert join_token_from_text(join_token_to_text(token)) == token


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "starts with"),
        ("hanza-join-2.AAAA", "starts with"),
        (TOKEN_PREFIX + "A" * 4097, "starts with"),
        (TOKEN_PREFIX, "damaged"),
        (TOKEN_PREFIX + "A", "damaged"),
        (TOKEN_PREFIX + "ä", "damaged"),
        (join_token_to_text(TOKEN)[:-8], "damaged"),
        (join_token_to_text(replace(TOKEN, secret=b"short")), "damaged"),
        (join_token_to_text(replace(TOKEN, pin=b"short")), "damaged"),
        (join_token_to_text(replace(TOKEN, urls=())), "damaged"),
    ],
)
def test_what_is_no_token_is_refused(text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        join_token_from_text(text)


def test_a_token_does_not_show_its_secret() -> None:
    shown = repr(JoinToken(("https://a",), PIN, b"\xab" * 32))
    assert "xab" not in shown
    assert "https://a" in shown


def test_the_plane_keeps_a_digest_that_is_not_the_secret() -> None:
    assert digest_of_secret(SECRET) != SECRET
    assert digest_of_secret(SECRET) == digest_of_secret(bytes(range(32)))


def test_a_key_survives_being_bytes() -> None:
    assert public_key_of(new_agent_key(agent_key_to_bytes(KEY))) == public_key_of(KEY)


def test_joining_is_proved_by_the_key_that_is_registered() -> None:
    check_join(public_key_of(KEY), SECRET, sign_join(KEY, SECRET))


@pytest.mark.parametrize(
    ("public_key", "secret", "signature"),
    [
        (public_key_of(OTHER), SECRET, sign_join(KEY, SECRET)),
        (public_key_of(KEY), bytes(32), sign_join(KEY, SECRET)),
        (public_key_of(KEY), SECRET, bytes(64)),
        (public_key_of(KEY), SECRET, b""),
        (b"no key", SECRET, sign_join(KEY, SECRET)),
    ],
)
def test_another_key_secret_or_signature_does_not_join(
    public_key: bytes, secret: bytes, signature: bytes
) -> None:
    with pytest.raises(Unauthenticated):
        check_join(public_key, secret, signature)


def test_a_link_is_proved_by_key_challenge_federation_and_claims() -> None:
    signature = sign_link(KEY, NONCE, PIN, CLAIMS)
    check_link(public_key_of(KEY), NONCE, PIN, CLAIMS, signature)
    for public_key, nonce, pin, claims in (
        (public_key_of(OTHER), NONCE, PIN, CLAIMS),
        (public_key_of(KEY), bytes(31) + b"\x01", PIN, CLAIMS),
        (public_key_of(KEY), NONCE, bytes(31) + b"\x01", CLAIMS),
        (public_key_of(KEY), NONCE, PIN, b"other claims"),
    ):
        with pytest.raises(Unauthenticated):
            check_link(public_key, nonce, pin, claims, signature)


def test_a_signature_for_joining_opens_no_link() -> None:
    message = digest_of_secret(SECRET) + public_key_of(KEY)
    with pytest.raises(Unauthenticated):
        check_link(public_key_of(KEY), message[:32], PIN, message[32:], sign_join(KEY, SECRET))


def test_a_token_of_other_shape_is_damaged() -> None:
    packed = msgspec.msgpack.encode(["not", "a", "token"])
    text = TOKEN_PREFIX + msgspec.json.encode(packed).decode().strip('"').replace("=", "")
    with pytest.raises(Invalid, match="damaged"):
        join_token_from_text(text)


PATH = "/agent/v1/blobs/" + "0" * 64
AT = datetime(2026, 1, 1, tzinfo=UTC)


def a_proof(key_byte: int = 7, path: str = PATH, pin: bytes = bytes(32)) -> FetchProof:
    return fetch_proof_from_header(
        sign_fetch(new_agent_key(bytes(31) + bytes([key_byte])), "ag_me", path, AT, pin)
    )


def test_a_fetch_proof_is_good_for_its_path_pin_and_minutes_only() -> None:
    key = public_key_of(new_agent_key(bytes(31) + b"\x07"))
    for late in (timedelta(0), FETCH_WINDOW, -FETCH_WINDOW):
        check_fetch(key, a_proof(), PATH, AT + late, bytes(32))
    for proof, path, now, pin in (
        (a_proof(8), PATH, AT, bytes(32)),
        (a_proof(), PATH[:-1] + "1", AT, bytes(32)),
        (a_proof(), PATH, AT, bytes(31) + b"\x01"),
        (replace(a_proof(), at_s=a_proof().at_s + 1), PATH, AT, bytes(32)),
        (a_proof(), PATH, AT + FETCH_WINDOW + timedelta(seconds=1), bytes(32)),
        (a_proof(), PATH, AT - FETCH_WINDOW - timedelta(seconds=1), bytes(32)),
    ):
        with pytest.raises(Unauthenticated):
            check_fetch(key, proof, path, now, pin)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer x",
        "Hanza-Agent",
        "Hanza-Agent a 1 x y",
        "Hanza-Agent a -1 x",
        "Hanza-Agent a 999999999999 eA==",
        "Hanza-Agent a 1 \u1234",
        "Hanza-Agent a x eA==",
    ],
)
def test_what_is_no_fetch_proof_is_refused(header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        fetch_proof_from_header(header)
    assert "signature" not in repr(a_proof())
