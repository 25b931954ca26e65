"""What the text of an option must look like, and how lists of names and yes-or-no words are read.

Law: total functions of one value, which return it in its one form or raise ValueError with the words that
complete "option = value ...". Lenient where AWS may change its mind, strict where a slip is certain.
"""

import json
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

from aws_executors.core.settings.errors import QUOTES


@dataclass(frozen=True, slots=True)
class Shape:
    """A text that matches a pattern, and what a person calls such a text.

    >>> Shape("[a-z]+", "a word")("airflow")
    'airflow'
    >>> Shape("[a-z]+", "a word")("a b")
    Traceback (most recent call last):
      ...
    ValueError: is not a word
    """

    pattern: str
    meaning: str

    def __call__(self, text: str) -> str:
        if re.fullmatch(self.pattern, text, re.ASCII):
            return text
        raise ValueError(f"is not {self.meaning}")


def http_url(text: str) -> str:
    """An http or https URL of a host, without credentials; empty stays empty."""
    if not text:
        return text
    try:
        url = urlsplit(text)
        host, _port = url.hostname, url.port
    except ValueError as error:
        raise ValueError(f"is not a URL: {error}") from None
    if url.scheme not in ("http", "https") or not host or re.search(r"\s", text):
        raise ValueError("is not a URL of the form http://host:port or https://host")
    if url.username or url.password:
        raise ValueError("contains a user name or password, which AWS never reads from a URL")
    return text


def sqs_url(text: str) -> str:
    """The URL of an SQS queue, without credentials; empty stays empty.

    >>> sqs_url("https://sqs.us-east-1.amazonaws.com/123456789012/airflow-events")
    'https://sqs.us-east-1.amazonaws.com/123456789012/airflow-events'
    >>> sqs_url("airflow-events")
    Traceback (most recent call last):
      ...
    ValueError: is not the URL of a standard queue, such as ...
    """
    example = "https://sqs.us-east-1.amazonaws.com/123456789012/airflow"
    # The name before {hostname} is needed: it narrows the queues that a scheduler may receive from.
    if text and not re.fullmatch(r"https?://[^/\s]+/\d{12}/[\w-]+(\{hostname\}[\w-]*)?", text, re.ASCII):
        raise ValueError(f"is not the URL of a standard queue, such as {example} or {example}-{{hostname}}")
    return http_url(text)


def split_names(value: object) -> object:
    """The names in a text, between commas or blanks, each once; in a sequence, each item is a name.

    >>> split_names("subnet-a, subnet-b,,subnet-a"), split_names(["sg-a"])
    (('subnet-a', 'subnet-b'), ('sg-a',))
    """
    match value:
        case str():
            return tuple(dict.fromkeys(value.replace(",", " ").split(), True))
        case list() | tuple() if all(isinstance(name, Hashable) for name in cast("Iterable[object]", value)):
            return tuple(dict.fromkeys(cast("Iterable[object]", value), True))
        case _:
            return value


@dataclass(frozen=True, slots=True)
class Each:
    """A list of at most `most` names that all begin as AWS's ids of that kind do.

    >>> Each("subnet-", most=16)(("subnet-0a", "sbunet-0b"))
    Traceback (most recent call last):
      ...
    ValueError: contains 'sbunet-0b', which is not an id that begins with subnet-
    """

    prefix: str
    most: int

    def __call__(self, ids: tuple[str, ...]) -> tuple[str, ...]:
        for name in ids:
            if not re.fullmatch(re.escape(self.prefix) + "[A-Za-z0-9]+", name):
                raise ValueError(f"contains {name[:60]!r}, which is not an id that begins with {self.prefix}")
        if len(ids) > self.most:
            raise ValueError(f"contains {len(ids)} ids; AWS accepts at most {self.most}")
        return ids


SPELLINGS: Mapping[str, Literal["ENABLED", "DISABLED"]] = {
    **dict.fromkeys(("enabled", "enable", "true", "t", "yes", "y", "on", "1"), "ENABLED"),
    **dict.fromkeys(("disabled", "disable", "false", "f", "no", "n", "off", "0"), "DISABLED"),
}


def enabled(value: object) -> object:
    """AWS's word for yes or no, in whichever of the usual spellings it was written.

    >>> enabled("True"), enabled("disabled"), enabled(0), enabled(None)
    ('ENABLED', 'DISABLED', 'DISABLED', None)
    """
    if value is None:
        return None
    word = str(value).strip().lower()
    if word in SPELLINGS:
        return SPELLINGS[word]
    raise ValueError("is neither ENABLED nor DISABLED (nor True, False, yes, no, on, off, 1, 0)")


def upper(value: object) -> object:
    """A text in capitals, which AWS's enumerations are in; any other value unchanged."""
    return value.strip().upper() if isinstance(value, str) else value


MOST_DIGITS = 99


def kwargs_source(text: str) -> str:
    """A JSON object, or the dotted path of a dict or function.

    >>> kwargs_source('["not", "an", "object"]')
    Traceback (most recent call last):
      ...
    ValueError: is JSON, but not an object {...}
    """
    if not text.startswith(("{", "[")):
        if text.strip(QUOTES).startswith(("{", "[")):
            raise ValueError("is JSON in quotes, or behind a byte order mark; leave them out")
        return DOTTED(text)
    if not isinstance(json_of(text), dict):
        raise ValueError("is JSON, but not an object {...}")
    return text


def json_of(text: str) -> object:
    """What a JSON text says; ValueError if it is not JSON, with the place, or if it names a member twice.

    >>> json_of('{"a": }')
    Traceback (most recent call last):
      ...
    ValueError: is not JSON: Expecting value (character 7)
    """
    try:
        return cast("object", json.loads(text, object_pairs_hook=_each_once, parse_int=_bounded))
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} (character {error.pos + 1})") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def _each_once(members: list[tuple[str, object]]) -> dict[str, object]:
    twice = [name for name, count in Counter(name for name, _ in members).items() if count > 1]
    if twice:
        raise ValueError(f"names {twice[0][:60]!r} twice; keep one")
    return dict(members)


def _bounded(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"contains a number of {len(digits)} digits")
    return int(digits)


DOTTED = Shape(r"[^\W\d]\w*([.:][^\W\d]\w*)+", "a dotted path such as my_module.build")


def is_dotted(text: str) -> bool:
    """Whether a text can be the dotted path of something in a module.

    >>> is_dotted("my_module.build"), is_dotted("build"), is_dotted("")
    (True, False, False)
    """
    return re.fullmatch(DOTTED.pattern, text, re.ASCII) is not None


NAMES = "letters, digits, - and _"

Region = Annotated[
    str,
    AfterValidator(
        Shape(r"[a-z]+(-[a-z]+)+-\d+", "the name of a Region (an Availability Zone has one more letter)")
    ),
]
ConnectionId = Annotated[
    str, AfterValidator(Shape(r"[^\s'\"]*", "a connection id, which has no spaces and no quotes"))
]
DottedPath = Annotated[str, AfterValidator(Shape(f"({DOTTED.pattern})?", DOTTED.meaning))]
KwargsSource = Annotated[str, AfterValidator(kwargs_source)]
Url = Annotated[str, AfterValidator(http_url)]
StoreAddress = Annotated[
    str,
    AfterValidator(
        Shape(
            r"(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w.=/-]{0,100})?)?",
            f"s3://bucket or s3://bucket/prefix (a prefix of {NAMES}, . = and /, 100 characters at most)",
        )
    ),
]
"""With a token of 64 characters behind the address, the command that names the object has fewer than 300."""
QueueUrl = Annotated[str, AfterValidator(sqs_url)]
AccountId = Annotated[str, AfterValidator(Shape(r"(\d{12})?", "a 12-digit account id"))]
KmsKey = Annotated[
    str,
    AfterValidator(
        Shape(
            r"([0-9a-f-]{36}|mrk-[0-9a-f]{32}|alias/[\w/-]{1,250}|arn:\S+)?",
            "a key's id, its ARN or alias/name",
        )
    ),
]
DeploymentName = Annotated[
    str, AfterValidator(Shape("[A-Za-z0-9/_-]{1,63}", f"a name of {NAMES} and /, 63 characters at most"))
]
"""Stands before a / and the token in ECS's ``startedBy``, which may have 128 characters: 63, 1 and 64."""
JobPrefix = Annotated[
    str,
    AfterValidator(
        Shape(
            r"[A-Za-z0-9][\w-]{0,62}", f"a name of {NAMES}, 63 characters at most, not starting with - or _"
        )
    ),
]
"""Stands before a - and the token in Batch's ``jobName``, which may have 128 characters: 63, 1 and 64."""
ContainerName = Annotated[
    str, AfterValidator(Shape(r"[\w-]{0,255}", f"a name of {NAMES}, 255 characters at most"))
]
PlatformVersion = Annotated[
    str, AfterValidator(Shape(r"LATEST|\d+\.\d+\.\d+", "LATEST or a version such as 1.4.0"))
]
NameOrArn = Annotated[
    str, AfterValidator(Shape(r"arn:\S+|[\w-]{1,255}", f"a name ({NAMES}, 255 characters at most) or an ARN"))
]
Definition = Annotated[
    str,
    AfterValidator(Shape(r"arn:\S+|[\w-]{1,255}(:\d+)?", f"a name ({NAMES}), name:revision or an ARN")),
]
Enabled = Annotated[Literal["ENABLED", "DISABLED"] | None, BeforeValidator(enabled)]
SecurityGroups = Annotated[tuple[str, ...], BeforeValidator(split_names), AfterValidator(Each("sg-", 5))]
Subnets = Annotated[tuple[str, ...], BeforeValidator(split_names), AfterValidator(Each("subnet-", 16))]
