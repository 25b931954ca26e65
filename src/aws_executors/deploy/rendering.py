"""Fill in the templates beside this module.

Law: values from the settings are inserted as JSON (`tojson`), which is valid in YAML too; a name that a
template does not know is an error.
"""

from collections.abc import Callable, Mapping
from functools import cache

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from aws_executors.core.aws.iam import policy
from aws_executors.deploy.events import DEAD_KEPT, KEPT, RECEIVINGS, EventsSetup
from aws_executors.deploy.hcl import itself
from aws_executors.deploy.model import EXECUTION_POLICY, RETENTION, Setup, filled
from aws_executors.doctor.checks.findings import API_VARIABLE


def rendered(name: str, setup: Setup, put: Callable[[str], object], **values: object) -> object:
    """Fill in a template with a set-up and these values, and parse the result as YAML; `put` turns
    placeholders in a text into references."""
    return _parsed(
        name,
        values,
        setup=setup,
        api_variable=API_VARIABLE,
        retention=RETENTION,
        execution_policy=EXECUTION_POLICY,
        trust=filled(setup.trust(), put),
        policy=filled(setup.policy(), put),
        reading=filled(policy(setup.reading), put),
    )


def rendered_events(name: str, setup: EventsSetup, put: Callable[[str], object], **values: object) -> object:
    """As `rendered`, for the delivery of events."""
    return _parsed(
        name,
        values,
        setup=setup,
        kept=KEPT,
        dead_kept=DEAD_KEPT,
        receivings=RECEIVINGS,
        policy=filled(setup.policy(), put),
        patterns={rule.section: filled(rule.pattern, put) for rule in setup.rules},
    )


def _parsed(name: str, values: Mapping[str, object], **more: object) -> object:
    return yaml.safe_load(_templates().get_template(name).render(values, **more))


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
