"""What must not be read by a person: tokens, passwords, and values whose names say that they are secret.

Law: plain values in, those values without secrets out. Texts that may quote a secret go through `mask`
(`text.py`), those that are JSON or code through `mask_literals` (`literals.py`); no other package knows what
a secret looks like.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from aws_executors.core.redact.names import sensitive
from aws_executors.core.redact.text import MASK, mask

__all__ = ["MASK", "hidden", "mask", "secrets_in", "sensitive", "without"]

DEEPEST = 16
"""How many levels of a value are shown; deeper ones are masked. A request has ten at most."""

QUOTED = 3
"""Up to how many levels of JSON in JSON a quoted secret is found."""

SHORTEST = 4
"""How many characters are enough to recognize a secret's beginning at the end of a text that was cut."""


def hidden(value: object, deepest: int = DEEPEST) -> object:
    """A plain value, with ``***`` in place of what stands below or beside a sensitive name.

    >>> hidden({"environment": [{"name": "API_KEY", "value": "abc"}, {"name": "STAGE", "value": "test"}]})
    {'environment': [{'name': 'API_KEY', 'value': '***'}, {'name': 'STAGE', 'value': 'test'}]}
    >>> hidden({"environment": {"API_KEY": "abc"}})
    {'environment': {'API_KEY': '***'}}
    """
    if _structured(value) and not deepest:
        return MASK
    if isinstance(value, Mapping):
        members = cast("Mapping[object, object]", value)
        return {
            name: _blank(part) if _secret(name, members) else hidden(part, deepest - 1)
            for name, part in members.items()
        }
    if isinstance(value, list | tuple):
        return [hidden(part, deepest - 1) for part in cast("Iterable[object]", value)]
    return value


def _blank(value: object) -> object:
    """The value of a sensitive name: texts and numbers hidden, also in lists; structures are looked into."""
    if isinstance(value, list | tuple):
        return [_blank(part) for part in cast("Iterable[object]", value)]
    return MASK if _single(value) else hidden(value, DEEPEST // 2)


def secrets_in(value: object) -> Iterator[str]:
    """The texts that `hidden` would hide, in a value of any depth, even one that holds itself.

    >>> list(secrets_in({"environment": {"API_KEY": "abc", "STAGE": "test"}}))
    ['abc']
    """
    waiting: list[tuple[object, bool]] = [(value, False)]
    seen: set[tuple[int, bool]] = set()
    while waiting:
        part, secret = waiting.pop()
        if _structured(part):
            known = (id(part), secret)
            if known not in seen:
                seen.add(known)
                waiting += _inside(part, secret)
        elif secret and _single(part):
            yield str(part)


def _inside(value: object, secret: bool) -> Iterator[tuple[object, bool]]:
    if isinstance(value, Mapping):
        members = cast("Mapping[object, object]", value)
        yield from ((part, _secret(name, members)) for name, part in members.items())
    else:
        yield from ((part, secret) for part in cast("Iterable[object]", value))


def _structured(value: object) -> bool:
    match value:
        case Mapping() | list() | tuple():
            return True
        case _:
            return False


def _single(value: object) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _secret(name: object, beside: Mapping[object, object]) -> bool:
    """Whether a name is sensitive; for ``value``, the text of its neighbour ``name`` or ``key`` counts."""
    named = beside.get("name", beside.get("key")) if name == "value" else name
    return isinstance(named, str) and sensitive(named)


def without(text: str, secrets: Iterable[str], *, cut: bool = False) -> str:
    r"""The text with ``***`` for each of these secrets, also if a secret is quoted, or quoted again.

    If the text was `cut`, the beginning of a secret at its end is dropped.

    >>> without('say "p\\"w" or {\'a\': \'p"w\'}', ['p"w'])
    'say "***" or {\'a\': \'***\'}'
    >>> without("the password is hunt", ["hunter2"], cut=True)
    'the password is '
    """
    most = len(text) + 1  # of a longer secret, only the beginning can stand in the text
    for secret in sorted({one[:most] for one in secrets if one}, key=len, reverse=True):
        for form in _forms(secret):
            if form in text:
                text = text.replace(form, MASK)
            if cut:
                text = text[: _torn(text, form)]
    return text


def _forms(secret: str) -> tuple[str, ...]:
    """The secret as it stands in a text, in JSON up to `QUOTED` levels deep, and in a repr of each."""
    forms = {secret, repr(secret)[1:-1]}
    one = secret
    for _ in range(QUOTED):
        one = json.dumps(one)[1:-1]
        forms |= {one, repr(one)[1:-1]}
    return tuple(sorted(forms, key=len, reverse=True))


def _torn(text: str, secret: str) -> int:
    """Where the text's end starts if that is the beginning of a secret; else the text's length."""
    begin = max(0, len(text) - len(secret) + 1)
    at = text.find(secret[:SHORTEST], begin)
    while at >= 0:
        if secret.startswith(text[at:]):
            return at
        at = text.find(secret[:SHORTEST], at + 1)
    return len(text)
