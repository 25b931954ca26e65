"""Write a translated configuration in the format of airflow.cfg.

Law: Airflow's own parser reads the text back as the same values. ``%`` is doubled, continuation lines of a
value are indented, and a note is always one line.
"""

from collections.abc import Iterator

from aws_executors.core.redact.outgoing import one_line
from aws_executors.core.redact.values import sensitive
from aws_executors.migrate.translation import Line

INDENT = "    "
SHOWN = 60


def as_cfg(lines: tuple[Line, ...], remarks: tuple[str, ...] = ()) -> str:
    """The options as lines of airflow.cfg, with notes as comments above them.

    >>> print(as_cfg((Line(section="batch", option="region", value="us-east-1", was="x", note="so"),)))
    [batch]
    # so
    region = us-east-1
    """
    sections = tuple(dict.fromkeys((line.section for line in lines), ""))
    blocks = ["\n".join([f"[{name}]", *_block(name, lines)]) for name in sections]
    return "\n\n".join([*blocks, *(_comment(remark) for remark in remarks)])


def _block(section: str, lines: tuple[Line, ...]) -> Iterator[str]:
    for line in [line for line in lines if line.section == section]:
        if line.note:
            yield _comment(line.note)
        if line.option:
            yield f"{line.option} = {_value(line.value)}".rstrip()
        elif line.value:
            value = "***" if sensitive(line.was) else _short(line.value)
            yield _comment(f"left out: {line.was} = {value}")


def _value(value: str) -> str:
    """A value on as many lines as it has; on one, if the parser would take one of them for a comment.

    >>> _value("a,\\nb"), _value("a\\n# b")
    ('a,\\n    b', 'a # b')
    """
    lines = [line.strip() for line in value.replace("%", "%%").splitlines()]
    plain = all(line and not line.startswith(("#", ";")) for line in lines)
    return f"\n{INDENT}".join(lines) if plain else " ".join(filter(None, lines))


def _comment(text: str) -> str:
    return f"# {' '.join(text.split())}"


def _short(value: str) -> str:
    """Shorten a value: JSON, even if invalid, may contain secrets, so only its first character is shown."""
    return f"{value.strip()[:1]}..." if value.strip()[:1] in ("{", "[") else one_line(value)[:SHOWN]
