"""What a tenant tells his guest is bounded, well formed, and never quoted."""

from dataclasses import replace

import pytest

from hanza.model.errors import Invalid
from hanza.plan.seed import SSH_KEYS_MAX, USER_DATA_BYTES_MAX, check_ssh_keys, check_user_data
from kit.agent_worlds import a_spec

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8Zl1 ana@zagreb"


@pytest.mark.parametrize("text", ["", "#cloud-config\n", "ž" * (USER_DATA_BYTES_MAX // 2)])
def test_user_data_is_any_text_of_a_size(text: str) -> None:
    assert check_user_data(text, "userData") == text


@pytest.mark.parametrize(
    "text", ["s3cret" * 11000, "ž" * USER_DATA_BYTES_MAX, "s3cret\0", "s3cret\ud800"]
)
def test_user_data_that_no_guest_can_be_told_is_refused_without_a_word_of_it(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_user_data(text, "userData")
    assert refusal.value.field == "userData"
    assert "s3cret" not in repr(refusal.value)


def test_keys_are_public_keys_on_one_line() -> None:
    keys = (KEY, "ssh-rsa AAAAB3NzaC1yc2E=", "sk-ssh-ed25519@openssh.com AAAA a b c")
    assert check_ssh_keys(list(keys), "sshKeys") == keys


@pytest.mark.parametrize(
    "keys",
    [
        [KEY] * (SSH_KEYS_MAX + 1),
        [""],
        ["-----BEGIN OPENSSH PRIVATE KEY-----"],
        [f"{KEY}\n{KEY}"],
        [f"{KEY}\n"],
        [f'command="reboot" {KEY}'],
        ["ssh-ed25519 " + "A" * 5000],
        ["ssh-dss AAAA"],
        ["ssh-ed25519 AAAA \x1b[2J"],
    ],
)
def test_what_is_no_public_key_is_refused(keys: list[str]) -> None:
    with pytest.raises(Invalid) as refusal:
        check_ssh_keys(keys, "sshKeys")
    assert refusal.value.field == "sshKeys"
    assert "AAAA" not in refusal.value.text


def test_who_is_told_nothing_needs_no_seed() -> None:
    assert not a_spec().is_seeded
    for told in ({"hostname": "web"}, {"ssh_keys": (KEY,)}, {"user_data": "#!/bin/sh"}):
        assert replace(a_spec(), **told).is_seeded
