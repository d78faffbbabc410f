"""How deep JSON may be nested: no deeper than any document of ours, whatever reads it.

Looked at before it is decoded, so that the limit is ours and not that of a decoder's stack.
"""

import re
from array import array
from itertools import accumulate

from hanza.model.errors import Invalid

DEPTH_MAX = 64
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BRACKETS = b"[{]}"
_STEPS = bytes.maketrans(_BRACKETS, b"\x01\x01\xff\xff")
"""As signed bytes: one deeper, one less deep."""
_OTHERS = bytes(byte for byte in range(256) if byte not in _BRACKETS)


def check_depth(body: bytes) -> None:
    """Raises `Invalid` for what is nested deeper.  Whether it is JSON at all is for its reader.

    Anybody may send a megabyte of brackets, and the event loop waits for this: so no loop of
    ours looks at them one by one.
    """
    if body.count(b"[") + body.count(b"{") <= DEPTH_MAX:
        return
    steps = array("b", _STRING.sub(b"", body).translate(_STEPS, _OTHERS))
    if max(accumulate(steps), default=0) > DEPTH_MAX:
        raise Invalid(f"JSON here is nested {DEPTH_MAX} deep at most", field="body")
