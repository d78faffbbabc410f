"""How near to the best a group is placed, as far as that is proven."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Proof:
    """Points of all members together, in millionths, less what soft rules fine; and what no other
    way to place them all has more than, whatever is fined."""

    members: int
    points: int
    most: int

    @property
    def gap(self) -> Fraction | None:
        """The part of the most that may be missing; None where it says nothing."""
        if self.points == self.most:
            return Fraction(0)
        return Fraction(self.most - self.points, self.most) if self.points > 0 else None

    @property
    def hundredths(self) -> int | None:
        """The gap in hundredths of a percent, rounded up."""
        gap = self.gap
        return None if gap is None else -(-gap.numerator * 10_000 // gap.denominator)

    @property
    def sentence(self) -> str:
        """By points; of the members together."""
        found = self.hundredths
        if found is None:
            return "not proven to be near the best"
        return f"within {found // 100}.{found % 100:02d} % of optimal" if found else "optimal"
