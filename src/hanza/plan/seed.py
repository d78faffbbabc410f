"""What a tenant may tell his guest when it first boots, and within which bounds.

Every word of it is data for whoever reads it in the guest: it is bounded and well formed here, and
never becomes a part of anybody's template.  No refusal quotes any of it.
"""

import re
from collections.abc import Sequence

from hanza.model.errors import Invalid

USER_DATA_BYTES_MAX = 65536
SSH_KEYS_MAX = 32
SSH_KEY_CHARACTERS_MAX = 4096
_SSH_KEY = re.compile(
    r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)"
    r"|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com)"
    r" [A-Za-z0-9+/]+={0,3}( [ -~]{1,200})?",
    re.ASCII,
)


def check_user_data(text: str, field: str) -> str:
    """Text of at most `USER_DATA_BYTES_MAX` bytes, without NUL."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise Invalid("user data is valid Unicode", field=field) from error
    if size > USER_DATA_BYTES_MAX:
        raise Invalid(f"user data has at most {USER_DATA_BYTES_MAX} bytes", field=field)
    if "\0" in text:
        raise Invalid("user data has no NUL", field=field)
    return text


def check_ssh_keys(keys: Sequence[str], field: str) -> tuple[str, ...]:
    """Public keys as OpenSSH writes them, one line each, without options before them."""
    if len(keys) > SSH_KEYS_MAX:
        raise Invalid(f"at most {SSH_KEYS_MAX} keys", field=field)
    for key in keys:
        if len(key) > SSH_KEY_CHARACTERS_MAX or not _SSH_KEY.fullmatch(key):
            raise Invalid(
                "a key is one line of an OpenSSH public key such as id_ed25519.pub", field=field
            )
    return tuple(keys)
