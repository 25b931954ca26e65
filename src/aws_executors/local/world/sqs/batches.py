"""The batch form of an action: each entry on its own, with its own result.

Law: `each_entry` only; the action on an entry is an argument. Source: API_DeleteMessageBatch, "Batch
actions"; the messages are SQS's.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from aws_executors.local.world.values import Json, ServiceError

MOST = 10
ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


def each_entry(params: Json, act: Callable[[Json], Json]) -> Json:
    """Call `act` for each entry; the batch succeeds even if entries fail, unless it is invalid itself."""
    entries: list[Json] = params["Entries"]
    _check_batch([entry["Id"] for entry in entries])
    done, failed = [], []
    for entry in entries:
        try:
            done.append({"Id": entry["Id"], **act(entry)})
        except ServiceError as refusal:
            code = refusal.code.removesuffix("Exception")
            failed.append({"Id": entry["Id"], "SenderFault": True, "Code": code, "Message": refusal.message})
    return {name: ones for name, ones in (("Successful", done), ("Failed", failed)) if ones}


def _check_batch(ids: list[str]) -> None:
    if not ids:
        raise ServiceError("EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(ids) > MOST:
        raise ServiceError(
            "TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {MOST}. You have sent {len(ids)}.",
        )
    for one in ids:
        if not ENTRY_ID.fullmatch(one):
            raise ServiceError(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
                "It can be at most 80 letters long.",
            )
    for at, one in enumerate(ids):
        if one in ids[:at]:
            raise ServiceError("BatchEntryIdsNotDistinct", f"Id {one} repeated.")
