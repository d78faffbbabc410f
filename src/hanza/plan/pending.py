"""What of a volume waits for its site, and how it stands once that is taken back.

Pure.  A site is told two things of a volume that it has: how many bytes are held for it, and that
it is to end.  So a change is untold for as long as neither has changed in the books, and also
where they have and no manifest was cut since.  What the site has done already it keeps.
"""

from dataclasses import dataclass

from hanza.model.volume import Before


@dataclass(frozen=True, slots=True)
class Books:
    """A volume as the plane has it.

    `manifest` is the hash of what its agent was told last, None while it is nowhere; `seen_mib` is
    its size by the site's word on this stay.
    """

    size_mib: int
    held_mib: int
    is_ended: bool
    is_leaving: bool
    is_made: bool
    is_attached: bool
    manifest: bytes | None
    seen_mib: int = 0


@dataclass(frozen=True, slots=True)
class Undone:
    """How it stands after what waits was taken back."""

    size_mib: int
    held_mib: int
    is_ended: bool
    is_leaving: bool
    is_whole: bool
    """Whether nothing of what waited is left."""


def is_told(books: Books, before: Before) -> bool:
    """Whether its site may know of what was asked since."""
    if books.manifest is None:
        return False
    if books.seen_mib > before.size_mib:
        return True
    grows = books.held_mib > before.size_mib
    ends = books.is_leaving and not before.is_leaving
    return books.manifest != before.manifest and (grows or ends)


def undone(books: Books, before: Before, least_mib: int = 0) -> Undone | None:
    """How it was before, at least as large as is said; None where that is as it is.

    To be asked of what is not told only.  What is nowhere has no size to go back to: it never was
    at any site in another.
    """
    size_mib = books.size_mib
    if books.manifest is not None:
        size_mib = min(max(before.size_mib, least_mib), size_mib)
    if (size_mib, before.is_ended) == (books.size_mib, books.is_ended):
        return None
    # One that nobody has and that never came to be was let go of meanwhile, and goes on leaving.
    is_let_go = not (books.is_made or books.is_attached)
    return Undone(
        size_mib,
        min(books.held_mib, size_mib),
        before.is_ended,
        books.is_leaving and (before.is_leaving or is_let_go),
        size_mib <= before.size_mib or books.manifest is None,
    )
