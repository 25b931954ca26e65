"""Report what a workload used: in the last line of the container's log and, if it was stored, in the store.

Law: never raises, and waits for a few seconds at most: the task's result has been reported already, and every
second of the container is paid for.
"""

from aws_executors.core.cost.measured import Measured, measured_text, usage_address
from aws_executors.core.redact.outgoing import one_line
from aws_executors.core.requests.stored_workload import bucket_and_key
from aws_executors.run.first_process import say
from aws_executors.run.sources import s3_client
from aws_executors.run.usage.meter import Meter

ANSWER_WITHIN = 3  # timeout in seconds for connecting, and for reading


def report_usage(meter: Meter, url: str | None, region: str | None, owner: str = "") -> Measured:
    """Log what was measured, and store it beside the workload if `url` names one."""
    measured = Measured()
    try:
        measured = meter.stop()
        say(measured_text(measured))
        if url:
            _store(measured, usage_address(url), region, owner)
    except Exception as error:  # noqa: BLE001 - the task's own end must not depend on it
        say(f"could not report what was used: {one_line(f'{type(error).__name__}: {error}')}")
    return measured


def _store(measured: Measured, url: str, region: str | None, owner: str) -> None:
    bucket, key = bucket_and_key(url)
    s3 = s3_client(region, attempts=1, connect_timeout=ANSWER_WITHIN, read_timeout=ANSWER_WITHIN)
    owned = {"ExpectedBucketOwner": owner} if owner else {}
    body = measured.model_dump_json(exclude_none=True).encode()
    s3.put_object(Bucket=bucket, Key=key, Body=body, **owned)  # type: ignore[arg-type]
