"""How deep JSON may be nested: no deeper than any document of ours, whatever reads it.

Looked at before it is decoded, so that the limit is ours and not that of a decoder's stack.
"""

import re

from hanza.model.errors import Invalid

DEPTH_MAX = 64
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
_OPENING = (b"[", b"{")
_CLOSING = (b"]", b"}")


def check_depth(body: bytes) -> None:
    """Raises `Invalid` for what is nested deeper.  Whether it is JSON at all is for its reader."""
    if body.count(b"[") + body.count(b"{") <= DEPTH_MAX:
        return
    depth = 0
    for token in _TOKENS.finditer(body):
        word = token.group()
        if word in _OPENING:
            depth += 1
            if depth > DEPTH_MAX:
                raise Invalid(f"JSON here is nested {DEPTH_MAX} deep at most", field="body")
        elif word in _CLOSING:
            depth -= 1
