"""What `hanza explain` says: a placement's document of the API as lines for people.

Pure: it orders and lines up what the plane has told and adds nothing to it.  The first of
everything is shown, and how many more there are; `--output json` has all that the plane tells.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hanza.plan.nearness import MARGIN_MS, PRIOR_MS, PRIOR_MS_PER_KM
from hanza.plan.pricing import words_of_price

LINES_SHOWN = 5
HOSTS_SHOWN = 8
WIDE = 15
"""Where what is said begins, behind what it is about."""
GUESSED = (
    f"(~ is predicted, or guessed by distance: {PRIOR_MS:.0f} ms for any line,"
    f" {100 * PRIOR_MS_PER_KM:.1f} ms more for each 100 km; a hard limit adds {MARGIN_MS:.0f} ms"
    " to a guess, and less to what is predicted)"
)
REST = "all of them: --output json"
Told = dict[str, Any]


def words_of(line: Told, *, all_helps: bool = False) -> Iterator[str]:
    """Why it is there, or why nowhere, a line each."""
    explanation, place = line["explanation"], line["placement"]
    if place is None:
        yield f"{line['name']} runs nowhere: {line['reason'] or line['because']}"
    else:
        where = f"{place['site']} ({place['provider']}, {place['city']}, {place['country']})"
        yield f"{line['name']} is placed at {where}"
        yield from _under("why there", [f"{line['because']}{_score(explanation['best'], place)}"])
        yield from _under("round trips", _trips(line["roundTrips"]))
        if line["pricePerMonth"] is not None:
            yield from _under("price", [words_of_price(line["pricePerMonth"])])
    for violation in line["violations"]:
        yield from _under("violation", [violation])
    for proof in line.get("proofs", ()):
        yield from _under("together", [f"{proof['members']} are placed, {proof['says']}"])
    if explanation["refusals"]:
        yield from _refused(explanation)
    yield from _best(line)
    yield from _helps(line, all_helps=all_helps)


def relaxation_words(one: Told) -> str:
    """`+4 ms to Split, HR: 3 more sites (5 hosts, from 7.43 €/month)`."""
    price, sites, which = one["pricePerMonth"], one["sites"], one["which"]
    opened = f"site {which[0]}" if len(which) == 1 else f"{sites} more sites"
    hosts = "1 host" if one["hosts"] == 1 else f"{one['hosts']} hosts"
    from_price = "" if price is None else f", from {words_of_price(price)}"
    if not which:  # several changes at once open places for several instances
        return f"{one['text']} ({hosts}{from_price})"
    return f"{one['text']}: {opened} ({hosts}{from_price})"


def trip_words(one: Told) -> str:
    """As short as it gets: `~19 ms Split, HR`, the tilde for a guess."""
    guessed = "" if one["isMeasured"] else "~"
    return f"{guessed}{one['ms']:.0f} ms {one['to']}"


def _under(title: str, lines: Iterable[str]) -> Iterator[str]:
    """The title before the first of the lines, and the others below it."""
    for line in lines:
        yield f"{title:<{WIDE}}{line}"
        title = ""


def _trips(trips: Sequence[Told]) -> Iterator[str]:
    """Predicted and measured side by side."""
    if not trips:
        return
    rows = [["to", "predicted", "", "measured", "counts"]]
    for one in trips:
        predicted, measured = _both(one)
        by = f"±{one['predictedMarginMs']:.0f} by {one['predictedBy']}"
        rows.append([one["to"], predicted, by, measured, trip_words(one)])
    yield from _lined_up(rows)
    if not all(one["isMeasured"] for one in trips):
        yield GUESSED


def _both(trip: Told) -> tuple[str, str]:
    measured = trip["measuredMs"]
    return f"~{trip['predictedMs']:.0f} ms", "-" if measured is None else f"{measured:.0f} ms"


def _score(best: Sequence[Told], place: Told) -> str:
    for one in best:
        if one["place"] == place and one["terms"]:
            terms = " + ".join(f"{goal} {points:.2f}" for goal, points in one["terms"].items())
            return f"; score {one['score']:.2f} = {terms}"
    return ""


def _refused(explanation: Told) -> Iterator[str]:
    """How many hosts each rule refuses and which, and what each of them lacks."""
    refusals, losers = explanation["refusals"], explanation["losers"]
    counts = " · ".join(f"{one['hosts']} {one['says']}" for one in refusals)
    refused = explanation["lookedAt"] - explanation["may"]
    several = sum(one["hosts"] for one in refusals) > refused
    also = " (one host may lack several things)" if several else ""
    yield from _under(
        "not elsewhere", [f"{refused} of {explanation['lookedAt']} hosts: {counts}{also}"]
    )
    rows = [[one["rule"], str(one["hosts"]), _which(one)] for one in refusals]
    yield from _under("by rule", _lined_up(rows))
    yield from _under("they lack", _lacks(losers, refused))


def _which(refusal: Told) -> str:
    """The sites of the hosts that a rule refuses, with how many where it is more than one."""
    sites = Counter(name.split("/")[0] for name in refusal["which"])
    shown = [f"{site} ({n})" if n > 1 else site for site, n in list(sites.items())[:HOSTS_SHOWN]]
    said = sum(list(sites.values())[:HOSTS_SHOWN])
    more = [f"and {refusal['hosts'] - said} more"] if refusal["hosts"] > said else []
    return ", ".join([*shown, *more])


def _lacks(losers: Sequence[Told], refused: int) -> Iterator[str]:
    """By site; hosts of one site that lack the same are told once."""
    same = Counter(
        (one["place"]["site"], ", ".join(lack["text"] for lack in one["lacks"])) for one in losers
    )
    shown = list(same.items())[:HOSTS_SHOWN]
    for (site, lacks), number in shown:
        yield f"{site} {lacks}" if number == 1 else f"{site} ({number} hosts) {lacks}"
    more = refused - sum(number for _, number in shown)
    if more:
        yield f"… and {more} more; {REST}"


def _best(line: Told) -> Iterator[str]:
    """The best, with what their scores are made of; a star marks where it is."""
    best = line["explanation"]["best"]
    if not best:
        return
    goals = list(dict.fromkeys(goal for one in best for goal in one["terms"]))
    points = [one["to"] for one in best[0]["roundTrips"]]
    tripped = [f"{to}: predicted, measured" for to in points]
    rows = [["", "site", "score", *goals, "€/month", *tripped]]
    for one in best:
        terms = [f"{one['terms'].get(goal, 0.0):.2f}" for goal in goals]
        trips = [", ".join(_both(trip)) for trip in one["roundTrips"]]
        mark = "*" if one["place"] == line["placement"] else ""
        price = _compared(line["pricePerMonth"], one["pricePerMonth"])
        rows.append([mark, one["place"]["site"], f"{one['score']:.2f}", *terms, price, *trips])
    may = line["explanation"]["may"]
    title = f"best of {may}" if may > len(best) else "who may"
    yield from _under(title, _lined_up(rows))


def _compared(here: int | None, there: int | None) -> str:
    """A price, and how much more or less that is than where it is."""
    if there is None:
        return "-"
    amount = words_of_price(there).split()[0]
    if here is None or here == there:
        return amount
    return (
        f"{amount} ({'+' if there > here else '-'}{words_of_price(abs(there - here)).split()[0]})"
    )


def _helps(line: Told, *, all_helps: bool) -> Iterator[str]:
    helps = line["explanation"]["relaxations"]
    title = "would help" if line["placement"] is None or line["violations"] else "better with"
    shown = helps if all_helps else helps[:LINES_SHOWN]
    for one in shown:
        yield from _under(title, [relaxation_words(one)])
    if len(helps) > len(shown):
        yield from _under("", [f"… and {len(helps) - len(shown)} more; {REST}"])


def _lined_up(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as their widest word."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))] if rows else []
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
