"""The templates beside this module, filled.

Law: whatever comes from the settings stands in a template as JSON (`tojson`), which YAML and HCL read, too; a
name that a template does not know is an error.
"""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from aws_executors.deploy.hcl import itself


def rendered(name: str, **values: object) -> str:
    """A template with these values."""
    return _templates().get_template(name).render(values)


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("aws_executors.deploy"),
        autoescape=False,  # noqa: S701 - this is no HTML, and JSON quotes what is put in
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.tests["instance_of"] = lambda value, name: type(value).__name__ == name
    made.filters["itself"] = itself
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    return made
