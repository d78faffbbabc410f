"""YAML as a tree that knows where everything stands, hostile input refused.

PyYAML's composer with the safe loader; anchors and aliases are refused (they can grow a small
file without end), and so are files over the limit, duplicate keys and several documents.
"""

import re
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from hanza.model.errors import Invalid

BYTES_MAX = 2**20
DEPTH_MAX = 32
_STEP = re.compile(r"\.?([^.\[\]]+)|\[([0-9]+)\]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file; lines and columns count from one."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Item:
    """One node of the file.  Every accessor refuses, with the place, what was not expected."""

    def __init__(self, node: yaml.Node, file: str) -> None:
        self._node = node
        self._file = file

    @property
    def place(self) -> Place:
        mark = self._node.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1)

    def refuse(self, text: str) -> NoReturn:
        raise Invalid(text, field=str(self.place))

    def mapping(self, required: frozenset[str], optional: frozenset[str]) -> dict[str, "Item"]:
        """The members by name; refuses unknown, missing and duplicate ones."""
        if not isinstance(self._node, yaml.MappingNode):
            self.refuse(f"expected a mapping with {_listed(required)}")
        members: dict[str, Item] = {}
        for key_node, value_node in self._node.value:
            key = Item(key_node, self._file)
            name = key.text()
            if name not in required | optional:
                key.refuse(f"{name!r} is not known here; known: {_listed(required | optional)}")
            if name in members:
                key.refuse(f"{name!r} stands here twice")
            members[name] = Item(value_node, self._file)
        missing = required - members.keys()
        if missing:
            self.refuse(f"{_listed(missing)} is missing here")
        return members

    def sequence(self) -> list["Item"]:
        if not isinstance(self._node, yaml.SequenceNode):
            self.refuse("expected a list")
        return [Item(node, self._file) for node in self._node.value]

    def plain(self) -> Any:
        """All of it as dicts, lists and words; refuses duplicate members."""
        if isinstance(self._node, yaml.MappingNode):
            names = [Item(key, self._file).text() for key, _ in self._node.value]
            known = frozenset(names)
            return {name: one.plain() for name, one in self.mapping(frozenset(), known).items()}
        if isinstance(self._node, yaml.SequenceNode):
            return [one.plain() for one in self.sequence()]
        return self.text()

    def find(self, path: str) -> "Item":
        """What stands at a path such as `near[0].city`; as far down as there is something."""
        here = self
        for name, index in _STEP.findall(path):
            node = here._node
            children: dict[str, yaml.Node] = {}
            if isinstance(node, yaml.MappingNode):
                children = {str(key.value): value for key, value in node.value}
            if isinstance(node, yaml.SequenceNode):
                children = {str(number): value for number, value in enumerate(node.value)}
            if (name or index) not in children:
                break
            here = Item(children[name or index], here._file)
        return here

    def key(self, name: str) -> "Item":
        """The member's name itself, where it stands; the mapping when it has no such member."""
        if isinstance(self._node, yaml.MappingNode):
            for key, _ in self._node.value:
                if key.value == name:
                    return Item(key, self._file)
        return self

    def text(self) -> str:
        """Words as written; a bare NO stays NO, as a country has to."""
        if not isinstance(self._node, yaml.ScalarNode):
            self.refuse("expected a word")
        return str(self._node.value)

    def whole_number(self) -> int:
        text = self.text()
        if not (text.isascii() and text.isdigit() and len(text) <= 12):
            self.refuse(f"expected a whole number, found {text[:40]!r}")
        return int(text)


def parse_yaml(content: bytes, file: str) -> Item:
    """The root of the one document in the file.  Raises `Invalid` with line and column."""
    if len(content) > BYTES_MAX:
        raise Invalid(f"the file has more than {BYTES_MAX} bytes", field=file)
    try:
        text = content.decode("utf-8")
        _refuse_aliases(text, file)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise Invalid("the file is not UTF-8", field=file) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
        reason = getattr(error, "problem", None) or "the file is not YAML"
        raise Invalid(str(reason), field=str(place)) from error
    if node is None:
        raise Invalid("the file is empty", field=file)
    return Item(node, file)


def _refuse_aliases(text: str, file: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            mark = event.start_mark
            assert mark is not None, "the parser always says where"
            place = Place(file, mark.line + 1, mark.column + 1)
            raise Invalid("anchors and aliases are not taken here", field=str(place))
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_MAX:
            raise Invalid(f"nested deeper than {DEPTH_MAX}", field=file)


def _listed(names: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(names))
