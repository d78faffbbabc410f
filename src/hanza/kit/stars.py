"""Patterns in which `*` stands for any characters, and no other letter for anything but itself.

They come from tenants, and are held against thousands of texts: looking takes time linear in both,
and nothing is compiled or kept.
"""


def is_like(text: str, pattern: str) -> bool:
    """Whether all of the text fits."""
    first, *others = pattern.split("*")
    if not others:
        return text == pattern
    *middle, last = others
    if len(text) < len(first) + len(last) or not text.startswith(first):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return text.endswith(last)
