"""Base 64 for URLs without padding (RFC 4648 section 5), as JOSE writes bytes."""

from base64 import urlsafe_b64encode


def to_base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
