"""Fill in the templates beside this module.

Law: values from the settings are inserted as JSON (`tojson`), which is valid in YAML too; a name that a
template does not know is an error.
"""

from collections.abc import Callable
from functools import cache

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from aws_executors.core.aws.iam import policy
from aws_executors.deploy.hcl import itself
from aws_executors.deploy.model import EXECUTION_POLICY, GROUP, RETENTION, Setup, filled
from aws_executors.doctor.checks.findings import API_VARIABLE


def rendered(name: str, setup: Setup, put: Callable[[str], object], **values: object) -> object:
    """Fill in a template with a set-up and these values, and parse it as YAML; `put` writes a text with
    references."""
    text = (
        _templates()
        .get_template(name)
        .render(
            values,
            setup=setup,
            api_variable=API_VARIABLE,
            group=GROUP,
            retention=RETENTION,
            execution_policy=EXECUTION_POLICY,
            trust=filled(setup.trust(), put),
            policy=filled(setup.policy(), put),
            reading=filled(policy(setup.reading), put),
        )
    )
    return yaml.safe_load(text)


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("aws_executors.deploy"),
        autoescape=False,  # noqa: S701 - this is not HTML, and JSON quotes what is inserted
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.tests["instance_of"] = lambda value, name: type(value).__name__ == name
    made.filters["itself"] = itself
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    return made
