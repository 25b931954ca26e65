"""A translated configuration as it stands in airflow.cfg.

Law: text that Airflow's own parser reads back as the same values: ``%`` is doubled, the further lines of a
value are indented, and a note is one line, whatever is in it.
"""

from collections.abc import Iterator

from aws_executors.core.redact.outgoing import one_line
from aws_executors.core.redact.values import sensitive
from aws_executors.migrate.translate import Line

INDENT = "    "
SHOWN = 60


def as_cfg(lines: tuple[Line, ...], remarks: tuple[str, ...] = ()) -> str:
    """The lines as they stand in airflow.cfg, notes as comments above them.

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
    """A value over as many lines as it has; on one, where the parser would take one of them for a comment.

    >>> _value("a,\\nb"), _value("a\\n# b")
    ('a,\\n    b', 'a # b')
    """
    lines = [line.strip() for line in value.replace("%", "%%").splitlines()]
    plain = all(line and not line.startswith(("#", ";")) for line in lines)
    return f"\n{INDENT}".join(lines) if plain else " ".join(filter(None, lines))


def _comment(text: str) -> str:
    return f"# {' '.join(text.split())}"


def _short(value: str) -> str:
    """JSON, also what was meant as such, may hold secrets; long values are told by their beginning."""
    return f"{value.strip()[:1]}..." if value.strip()[:1] in ("{", "[") else one_line(value)[:SHOWN]
