"""Base 64 for URLs without padding (RFC 4648 section 5), as JOSE writes bytes."""

from base64 import b64decode, urlsafe_b64encode


def to_base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """Raises `ValueError` for what is not base 64."""
    padded = text + "=" * (-len(text) % 4)
    return b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
