"""How AWS spells the name of a member that Python spells with underscores."""

from collections.abc import Mapping

ODD_SPELLINGS: Mapping[str, str] = {
    "enable_ecs_managed_tags": "enableECSManagedTags",
    "managed_ebs_volume": "managedEBSVolume",
}


def spell(name: str) -> str:
    """AWS's spelling of a field's name.

    Camel case, but for the names in `ODD_SPELLINGS`, which AWS spells otherwise. `tests/test_botocore_ecs.py`
    compares the spelling with the service's model.

    >>> spell("task_definition"), spell("size_in_gi_b"), spell("enable_ecs_managed_tags")
    ('taskDefinition', 'sizeInGiB', 'enableECSManagedTags')
    """
    first, *rest = name.split("_")
    return ODD_SPELLINGS.get(name) or first + "".join(part.capitalize() for part in rest)
