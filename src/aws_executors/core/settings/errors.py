"""What is wrong with a section of airflow.cfg, in words for the person who can mend it.

Law: values that print themselves. Each fault names the option, its value and the remedy; all faults of a
section are reported at once. No secret is shown: of JSON only the length, other text is masked.
"""

import re
from dataclasses import dataclass

from aws_executors.core.errors import AwsExecutorsError
from aws_executors.core.redact.text import mask
from aws_executors.core.settings.options import as_text
from aws_executors.core.validation import nearest, quoted

SHOWN = 60
QUOTES = "\ufeff'\""
"""What a shell's quoting or an editor may leave around a text: quotes, a byte order mark."""
_USERINFO = re.compile(r"//[^/\s]*@")


def shown(value: object) -> str:
    """An option's value, short enough for a message; of JSON (which may hold secrets) only the length.

    >>> shown("us-esat-1"), shown('{"environment": []}'), shown("http://me:secret@proxy")
    ("'us-esat-1'", '{... (19 characters)', "'http://***@proxy'")
    """
    match value:
        case str():
            text = value.strip()
        case int():
            text = quoted(value)
        case _:
            text = repr(value)
    first = text.lstrip(QUOTES)[:1]
    if first in ("{", "["):
        return f"{first}... ({len(text)} characters)"
    text = _USERINFO.sub("//***@", mask(text))
    cut = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
    return repr(cut) if isinstance(value, str) else cut


@dataclass(frozen=True, slots=True)
class Place:
    """Where an option is written: a section, for one team or for all of Airflow.

    A team's options are in sections and variables of their own, without a fallback to any others. Source:
    ``airflow/_shared/configuration/parser.py``, `team_section_name` and `_env_var_name`.

    >>> Place("batch").set("region", "us-east-1")
    'set [batch] region = us-east-1, or AIRFLOW__BATCH__REGION'
    >>> Place("batch", team="red").set("region", "us-east-1")
    'set [red=batch] region = us-east-1, or AIRFLOW__RED___BATCH__REGION'
    """

    section: str
    team: str = ""

    @property
    def header(self) -> str:
        """The section's name in airflow.cfg."""
        return f"{self.team}={self.section}" if self.team else self.section

    @property
    def title(self) -> str:
        """The name of the section in messages."""
        return f"[{self.header}]"

    @property
    def env_prefix(self) -> str:
        """What the names of the section's environment variables begin with."""
        team = f"{self.team.upper()}___" if self.team else ""
        return f"AIRFLOW__{team}{self.section.upper()}__"

    def set(self, option: str, example: object) -> str:
        """The remedy for an option that is missing or wrong."""
        return f"set [{self.header}] {option} = {as_text(example)}, or {self.env_prefix}{option.upper()}"

    def unset(self, option: str) -> str:
        """The remedy for an option that should not be there."""
        return f"remove {option} from [{self.header}], or {self.env_prefix}{option.upper()}"

    def rename(self, option: str) -> str:
        """The remedy for an option that is misspelled."""
        return f"rename {option} in [{self.header}], or {self.env_prefix}{option.upper()}"


@dataclass(frozen=True, slots=True)
class Arguments(Place):
    """The call of a settings class, in a notebook or a test: its arguments are the options.

    >>> Arguments("BatchSettings").set("region", "us-east-1"), Arguments("BatchSettings").set("workers", 48)
    ("write region='us-east-1'", 'write workers=48')
    """

    @property
    def title(self) -> str:
        """The name of the call in messages."""
        return self.section

    def set(self, option: str, example: object) -> str:
        """The remedy for an argument that is missing or wrong."""
        return f"write {option}={example!r}"

    def unset(self, option: str) -> str:
        """The remedy for an argument that should not be there."""
        return f"leave {option} out"

    def rename(self, option: str) -> str:
        """The remedy for an argument that is misspelled."""
        return f"rename {option}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with one option.

    `value` is the option's value, fit to be shown (see `shown`); empty if it has none.

    >>> print(Fault("workers", "is above 64", "set [batch] workers = 16", "'900'"))
    workers = '900' is above 64; set [batch] workers = 16
    """

    option: str
    problem: str
    remedy: str
    value: str = ""

    def __str__(self) -> str:
        subject = f"{self.option} = {self.value}" if self.value else self.option
        return f"{subject} {self.problem}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class SettingsFaults:
    """All that is wrong with one section; its text is the one message a person reads.

    >>> print(SettingsFaults(Place("batch"), (Fault("region", "is missing", "set region = us-east-1"),)))
    [batch] has 1 fault:
      region is missing; set region = us-east-1
    """

    place: Place
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        count = f"{len(self.faults)} fault{'s' if len(self.faults) > 1 else ''}"
        return "\n  ".join([f"{self.place.title} has {count}:", *map(str, self.faults)])


def unknown_option(name: str, value: str, allowed: tuple[str, ...], place: Place) -> Fault:
    """The fault of an option that does not exist, with the option that was perhaps meant.

    >>> print(unknown_option("regoin", "'eu-west-1'", ("region", "workers"), Place("batch")).remedy)
    did you mean region? rename regoin in [batch], or AIRFLOW__BATCH__REGOIN
    """
    meant = [f"did you mean {close}? {place.rename(name)}" for close in nearest(name.lower(), allowed)]
    return Fault(name, f"is not an option of {place.title}", "".join(meant) or place.unset(name), value)


class SettingsError(AwsExecutorsError, ValueError):
    """An invalid section of airflow.cfg, or invalid settings in Python; the message lists all `faults`."""

    def __init__(self, faults: SettingsFaults) -> None:
        super().__init__(str(faults))
        self.faults = faults
