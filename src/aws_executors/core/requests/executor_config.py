"""``executor_config``: what a DAG's author wrote for one task, read or refused.

Law: read once, here, by the service's own type of options; a wrong option is refused with the key, the value
found and the values allowed, and fails that task alone (C2). Keys that belong to the executor are refused
with the reason. The keys of both dialects are in one flat type: those of the older airflow-aws-executors
(parts of the Airflow container's override) and of apache-airflow-providers-amazon (members of the request).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar, cast

from pydantic import TypeAdapter

from aws_executors.core.errors import RequestError
from aws_executors.core.requests.spelling import spell
from aws_executors.core.requests.wire import to_kwargs
from aws_executors.core.validation import FAULTS, options_of, parse, quoted, type_and_value

C = TypeVar("C")

WHERE = "executor_config"
OTHERS: Mapping[str, str] = dict.fromkeys(("podOverride", "podTemplateFile"), "KubernetesExecutor")
"""Keys for another executor, and that executor. Often such a key is just the executor's name."""


def read_config(adapter: TypeAdapter[C], written: object, kept: Mapping[str, str]) -> C:
    """What `written` says, as the service's options.

    ``None`` says nothing, as a whole and as the value of an option at the top level. `kept` has the keys (in
    AWS's spelling) that a task may not set, each with the reason. Raises `RequestError` for anything else
    than a mapping of the keys that the options have.

    >>> read_config(TypeAdapter(dict[str, int]), {"command": ["ls"]}, {"command": "it is Airflow's"})
    Traceback (most recent call last):
      ...
    aws_executors.core.errors.RequestError: executor_config: 'command' cannot be set: \
it is Airflow's
    """
    if written is None:
        return parse(adapter, {}, WHERE)
    if not isinstance(written, Mapping):
        raise RequestError(
            f"{WHERE} must be a mapping such as {{'memory': 2048}}, not {type_and_value(written)}"
        )
    members = cast("Mapping[object, object]", written)
    refused = list(islice(filter(None, (_refusal(key, kept) for key in members)), FAULTS))
    if refused:
        raise RequestError("; ".join(refused))
    unset = frozenset(key for key, value in members.items() if value is None)
    known = options_of(adapter) if unset else ()
    said = {key: value for key, value in members.items() if key not in unset or spell(str(key)) not in known}
    return parse(adapter, said, WHERE)


def plain_config(adapter: TypeAdapter[C], given: Mapping[str, object], where: str) -> dict[str, object]:
    """The plain dict of these options, in AWS's spelling, without those that are None; else `RequestError`.

    >>> plain_config(TypeAdapter(dict[str, int | str]), {"cpu": 256, "group": None}, "EcsConfig")
    {'cpu': 256}
    """
    said = {name: value for name, value in given.items() if value is not None}
    return to_kwargs(parse(adapter, said, where))


@contextmanager
def blamed(request: object) -> Iterator[None]:
    """Blame ``executor_config`` for faults that arise while a task's options are laid over this request."""
    try:
        yield
    except RequestError as error:
        words = str(error).removeprefix(f"{type(request).__name__}: ")
        if words.startswith(WHERE):
            raise
        raise type(error)(f"{WHERE}: {words}") from None


def _refusal(key: object, kept: Mapping[str, str]) -> str:
    if not isinstance(key, str):
        return f"{WHERE}: the key {quoted(key)} must be text, not {type(key).__name__}"
    name = spell(key)
    other = OTHERS.get(name) or (name if name.endswith("Executor") else "")
    reason = kept.get(name) or (
        f"it is {other}'s; leave it out, or give the task executor={other!r}" if other else ""
    )
    return f"{WHERE}: {key!r} cannot be set: {reason}" if reason else ""
