"""Generate the tables of options, for the documentation and for Airflow, from the settings models.

Law: text comes only from the models. ``python -m aws_executors.cli.options_table batch`` prints a section's
table; ``... provider > src/aws_executors/provider_config.json`` writes what `provider.py` passes to Airflow
(generating it takes 80 ms, too long for every airflow command). `tests/cli/test_options_table.py` and
`tests/test_provider.py` compare both with the models.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence

from aws_executors.core.services import SERVICES
from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.options import Option

SECTIONS: Mapping[str, type[Settings]] = {section: row.settings for section, row in SERVICES.items()}
SINCE = "0.1.0"


def markdown(model: type[Settings]) -> str:
    """The table of a section's options: option, default, meaning, example.

    >>> print(markdown(SECTIONS["batch"]).splitlines()[2])
    | `region` | *mandatory* | The AWS Region, also with a custom request. | `us-east-1` |
    """
    head = ("| option | default | meaning | example |", "|---|---|---|---|")
    return "\n".join([*head, *(_row(option) for option in model.options())])


def _row(option: Option) -> str:
    default = "*mandatory*" if option.default is None else _code(option.default)
    return f"| `{option.name}` | {default} | {option.meaning} | {_code(option.example)} |"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def provider_options() -> dict[str, object]:
    """The ``config`` of a provider's description for Airflow, by section."""
    return {
        name: {
            "description": model.about,
            "options": {option.name: _described(option) for option in model.options()},
        }
        for name, model in SECTIONS.items()
    }


def _described(option: Option) -> dict[str, str | None]:
    return {
        "description": option.meaning,
        "version_added": SINCE,
        "type": option.kind,
        "example": option.example,
        "default": option.default,
    }


def provider_config() -> str:
    """The text of `provider_config.json`."""
    return json.dumps(provider_options(), indent=2) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was asked for: a section's table, or the provider's JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m aws_executors.cli.options_table", description=main.__doc__
    )
    parser.add_argument("what", choices=[*SECTIONS, "provider"])
    what: str = parser.parse_args(arguments).what
    sys.stdout.write(provider_config() if what == "provider" else markdown(SECTIONS[what]) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
