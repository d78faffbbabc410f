"""Whether a document has the shape that its kind's table asks for, and keeps what it must keep."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network

from hanza.model.errors import Conflict, Invalid
from hanza.model.fields import (
    ADDRESS_PATTERN,
    Address,
    Block,
    Flag,
    Free,
    Many,
    Member,
    Record,
    Reference,
    Shape,
    Text,
    Values,
    Whole,
)

REFERENCE = Record(
    (
        Member("provider", Text(0, 64)),
        Member("region", Text(0, 64)),
        Member("resource", Text(1, 256), is_required=True),
        Member("tenant", Text(0, 64)),
        Member("workspace", Text(0, 64)),
    )
)


def check_shape(value: object, shape: Shape, field: str) -> None:
    """Raises `Invalid` naming the first member that is wrong."""
    match shape:
        case Text() | Block() | Address():
            _check_written(value, shape, field)
        case Whole():
            _check_whole(value, shape, field)
        case Flag():
            _check_flag(value, field)
        case Values(most):
            _check_values(value, most, field)
        case Reference():
            _check_record(value, REFERENCE, field)
        case Many():
            _check_many(value, shape, field)
        case Record():
            _check_record(value, shape, field)
        case _:
            assert isinstance(shape, Free), "the union is closed"
            _object(value, field)


def without_nulls(value: object, shape: Shape) -> object:
    """The same, without members that are null: they stand for nothing said.

    What has another shape comes back as it is, for `check_shape` to refuse.
    """
    match shape:
        case Many(item) if isinstance(value, list):
            return [without_nulls(one, item) for one in value]
        case Record(members) if isinstance(value, Mapping):
            shapes = {member.name: member.shape for member in members}
            return {
                name: without_nulls(one, shapes[name]) if name in shapes else one
                for name, one in value.items()
                if one is not None or name not in shapes
            }
        case Reference() if isinstance(value, Mapping):
            return without_nulls(value, REFERENCE)
        case _:
            return value


def check_kept(old: object, new: object, shape: Shape, field: str) -> None:
    """Raises `Conflict` when a change touches what is fixed, or shrinks what only grows.

    Both documents have the shape already.
    """
    if not isinstance(shape, Record):
        return
    before, after = _object(old, field), _object(new, field)
    for member in shape.members:
        where = f"{field}.{member.name}"
        was, is_now = before.get(member.name), after.get(member.name)
        if member.is_fixed and was != is_now:
            raise Conflict(f"{member.name} cannot be changed", field=where, hint="make another one")
        if member.only_grows and _number(is_now) < _number(was):
            raise Conflict(f"{member.name} is {was}; it can only grow", field=where)
        if was is not None and is_now is not None:
            check_kept(was, is_now, member.shape, where)


def references_in(
    value: object, shape: Shape, field: str
) -> Iterator[tuple[str, Reference, Mapping[str, object]]]:
    """Every reference of a well-shaped document, with where it stands and what it may name."""
    match shape:
        case Reference():
            yield field, shape, _object(value, field)
        case Many(item):
            assert isinstance(value, list), "the shape was checked"
            for number, one in enumerate(value):
                yield from references_in(one, item, f"{field}.{number}")
        case Record(members=members):
            inside = _object(value, field)
            for member in members:
                if inside.get(member.name) is not None:
                    where = f"{field}.{member.name}"
                    yield from references_in(inside[member.name], member.shape, where)
        case _:
            return


def _check_flag(value: object, field: str) -> None:
    if not isinstance(value, bool):
        raise Invalid("true or false is needed here", field=field)


def _check_written(value: object, shape: Text | Block | Address, field: str) -> None:
    match shape:
        case Text():
            _check_text(value, shape, field)
        case Block():
            _check_block(value, shape, field)
        case _:
            _check_address(value, shape.least, shape.most, field)


def _check_text(value: object, shape: Text, field: str) -> None:
    if not isinstance(value, str):
        raise Invalid("a text is needed here", field=field)
    if shape.choices and value not in shape.choices:
        raise Invalid(f"one of {', '.join(shape.choices)} is needed here", field=field)
    if len(value) < shape.least:
        raise Invalid(f"at least {shape.least} characters are needed here", field=field)
    if shape.most is not None and len(value) > shape.most:
        raise Invalid(f"more than {shape.most} characters", field=field)


def _check_block(value: object, shape: Block, field: str) -> None:
    """Bits beside the prefix are let pass: the range that they lie in is meant."""
    text = _text(value, shape.least, shape.most, field)
    try:
        is_one = bool(re.match(shape.pattern, text)) and ip_network(text, strict=False)
    except ValueError:
        is_one = False
    if not is_one or (shape.version or is_one.version) != is_one.version:
        example = "fd00::/48" if shape.version == 6 else "10.0.0.0/16"
        raise Invalid(f"{text!r} is no range of addresses such as {example}", field=field)


def _check_address(value: object, least: int, most: int, field: str) -> None:
    text = _text(value, least, most, field)
    try:
        is_one = bool(re.match(ADDRESS_PATTERN, text)) and ip_address(text)
    except ValueError:
        is_one = False
    if not is_one:
        raise Invalid(f"{text!r} is no IP address", field=field)


def _check_values(value: object, most: int, field: str) -> None:
    for key, one in _object(value, field).items():
        _text(one, 0, most, f"{field}.{key[:64]}")


def _text(value: object, least: int, most: int, field: str) -> str:
    _check_text(value, Text(least, most), field)
    return str(value)


def _check_whole(value: object, shape: Whole, field: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Invalid("a whole number is needed here", field=field)
    if value < shape.least:
        raise Invalid(f"at least {shape.least} is needed here", field=field)
    if shape.most is not None and value > shape.most:
        raise Invalid(f"more than {shape.most}", field=field)


def _check_many(value: object, shape: Many, field: str) -> None:
    if not isinstance(value, list):
        raise Invalid("a list is needed here", field=field)
    if not shape.least <= len(value) <= shape.most:
        raise Invalid(f"{shape.least} to {shape.most} items are needed here", field=field)
    for number, one in enumerate(value):
        check_shape(one, shape.item, f"{field}.{number}")


def _check_record(value: object, shape: Record, field: str) -> None:
    inside = _object(value, field)
    known = {member.name for member in shape.members}
    for name in inside:
        if name not in known:
            raise Invalid(f"there is no member {name[:64]!r} here", field=field)
    for member in shape.members:
        where = f"{field}.{member.name}"
        if inside.get(member.name) is not None:
            check_shape(inside[member.name], member.shape, where)
        elif member.is_required:
            raise Invalid(f"{member.name} is needed", field=where)
    if shape.is_never_empty and all(inside.get(name) is None for name in known):
        raise Invalid(f"one of {', '.join(sorted(known))} is needed", field=field)


def _object(value: object, field: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise Invalid("an object is needed here", field=field)
    return value


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
