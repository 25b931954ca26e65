"""The options of a section as rows, read off the settings model.

Law: the model is the only list of options. What Airflow shows of a section (`provider.py`), the tables in
docs/configuration.md and the examples in error messages are made from these rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo

KINDS: Mapping[object, str] = {bool: "boolean", int: "integer", float: "float"}
"""Airflow's word for a type; everything else is a ``string``. Source: ``provider_info.schema.json``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: `default` is the text that stands for it in airflow.cfg, None where it is mandatory."""

    name: str
    kind: str
    default: str | None
    meaning: str
    example: str

    @property
    def mandatory(self) -> bool:
        """Whether it must be set."""
        return self.default is None


def option_rows(model: type[BaseModel]) -> tuple[Option, ...]:
    """One row per field, in the order of the fields.

    >>> from typing import Annotated
    >>> from pydantic import Field
    >>> class Oven(BaseModel):
    ...     degrees: Annotated[int, Field(description="How hot.", examples=[220])] = 180
    >>> option_rows(Oven)
    (Option(name='degrees', kind='integer', default='180', meaning='How hot.', example='220'),)
    """
    return tuple(
        Option(
            name=name,
            kind=KINDS.get(cast("object", field.annotation), "string"),
            default=None if field.is_required() else as_text(cast("object", field.default)),
            meaning=field.description or "",
            example=as_text(example_of(field)),
        )
        for name, field in model.model_fields.items()
    )


def example_of(field: FieldInfo) -> object:
    """An example of the option's value, as a Python value."""
    return (cast("list[object] | None", field.examples) or [""])[0]


def as_text(value: object) -> str:
    """How a value is written in airflow.cfg.

    >>> as_text(True), as_text(1.5), as_text(()), as_text(None), as_text(("subnet-1", "subnet-2"))
    ('True', '1.5', '', '', 'subnet-1,subnet-2')
    """
    match value:
        case None:
            return ""
        case tuple():
            return ",".join(map(as_text, cast("tuple[object, ...]", value)))
        case _:
            return str(value)
