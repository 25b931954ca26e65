"""Terraform's configuration language, as far as a set-up needs it: values, and their two spellings.

Law: pure. A configuration is a tuple of blocks; `hcl` writes it for people, `as_json` in Terraform's JSON
syntax, and both mean the same. A plain text means itself, whatever is in it; what Terraform is to compute is
an `Expression`, or a `Mixed` text. Sources: the Terraform language, "Native Syntax Specification" and "JSON
Configuration Syntax".
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeAlias, cast

INDENT = "  "


@dataclass(frozen=True, slots=True)
class Expression:
    """What Terraform computes, such as a reference."""

    text: str


@dataclass(frozen=True, slots=True)
class Mixed:
    """A text with ``${...}`` in it that Terraform computes."""

    text: str


@dataclass(frozen=True, slots=True)
class Encoded:
    """A document that an argument takes as JSON text."""

    document: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block: its type, its labels, its arguments, and the blocks within."""

    kind: str
    labels: tuple[str, ...] = ()
    arguments: Mapping[str, object] = field(default_factory=dict)
    blocks: "tuple[Block, ...]" = ()


Configuration: TypeAlias = tuple[Block, ...]


def hcl(configuration: Configuration) -> str:
    """The configuration as people write it.

    >>> print(hcl((Block(kind="variable", labels=("image",), arguments={"type": Expression("string")}),)))
    variable "image" {
      type = string
    }
    """
    return "\n\n".join("\n".join(_lines(block, "")) for block in configuration)


def _lines(block: Block, indent: str) -> Iterator[str]:
    labels = "".join(f" {_quoted(label)}" for label in block.labels)
    if not block.arguments and not block.blocks:
        yield f"{indent}{block.kind}{labels} {{}}"
        return
    inner = indent + INDENT
    yield f"{indent}{block.kind}{labels} {{"
    yield from _aligned(block.arguments, inner)
    for one in block.blocks:
        yield from ([""] if block.arguments or one is not block.blocks[0] else [])
        yield from _lines(one, inner)
    yield f"{indent}}}"


def _aligned(members: Mapping[str, object], indent: str) -> Iterator[str]:
    """Names and values as ``terraform fmt`` puts them: signs of equality below each other, as long as each
    value is on one line.
    """
    spelled = [(_key(name), _spelled(value, indent)) for name, value in members.items()]
    for alone, run in groupby(spelled, _is_long):
        pairs = [*run]
        width = 0 if alone else max(len(name) for name, _ in pairs)
        yield from (f"{indent}{name.ljust(width)} = {value}" for name, value in pairs)


def _is_long(member: tuple[str, str]) -> bool:
    return "\n" in member[1]


def _spelled(value: object, indent: str) -> str:
    """A value in HCL; what does not fit into one word goes over several lines."""
    match value:
        case Expression(text=text):
            return text
        case Mixed(text=text):
            return json.dumps(text, ensure_ascii=False)
        case Encoded(document=document):
            return f"jsonencode({_spelled(document, indent)})"
        case str():
            return _quoted(value)
        case bool() | int():
            return json.dumps(value)
        case Mapping():
            return _over_lines(
                "{", _aligned(cast("Mapping[str, object]", value), indent + INDENT), "}", indent
            )
        case Sequence():
            return _list(cast("Sequence[object]", value), indent)
        case _:
            raise TypeError(f"no value of a configuration: {value!r}")


def _list(items: Sequence[object], indent: str) -> str:
    if len(items) < 2 and not any(isinstance(one, Mapping | list) for one in items):
        return f"[{', '.join(_spelled(one, indent) for one in items)}]"
    inner = indent + INDENT
    return _over_lines("[", (f"{inner}{_spelled(one, inner)}," for one in items), "]", indent)


def _over_lines(opening: str, lines: Iterable[str], closing: str, indent: str) -> str:
    inner = [*lines]
    return "\n".join([opening, *inner, f"{indent}{closing}"]) if inner else opening + closing


def _quoted(text: str) -> str:
    """A text that means itself: an opening of an interpolation is doubled.

    >>> _quoted("a ${b}")
    '"a $${b}"'
    """
    return json.dumps(itself(text), ensure_ascii=False)


def itself(text: str) -> str:
    """A text in which nothing is computed any more."""
    return text.replace("${", "$${").replace("%{", "%%{")


def _key(name: str) -> str:
    return name if name.replace("_", "a").isalnum() and not name[0].isdigit() else _quoted(name)


def as_json(configuration: Configuration) -> dict[str, object]:
    """The configuration in JSON syntax, for a file that ends with ``.tf.json``.

    >>> as_json((Block(kind="variable", labels=("image",), arguments={"default": "a:1"}),))
    {'variable': {'image': {'default': 'a:1'}}}
    """
    made: dict[str, object] = {}
    for block in configuration:
        at = made
        for label in (block.kind, *block.labels)[:-1]:
            at = cast("dict[str, object]", at.setdefault(label, {}))
        at[(block.kind, *block.labels)[-1]] = _body(block)
    return made


def _body(block: Block) -> dict[str, object]:
    inner: dict[str, list[object]] = {}
    for one in block.blocks:
        inner.setdefault(one.kind, []).append(_body(one))
    return {name: _plain(value) for name, value in block.arguments.items()} | inner


def _plain(value: object) -> object:
    match value:
        case Expression(text=text):
            # A type is a bare word, which JSON syntax takes as it is.
            return text if text.isidentifier() or text.startswith("list(") else f"${{{text}}}"
        case Mixed(text=text):
            return text
        case Encoded(document=document):
            return json.dumps(_plain(document))
        case str():
            return itself(value)
        case Mapping():
            return {name: _plain(part) for name, part in cast("Mapping[str, object]", value).items()}
        case Sequence():
            return [_plain(part) for part in cast("Sequence[object]", value)]
        case _:
            return value
