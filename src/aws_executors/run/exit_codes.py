"""Map an exception of Airflow's supervisor to an exit code in `core/lifecycle/launcher_exit_codes.py`.

Law: a failure that is known to have happened before the task started has a code of its own; a failure that
may have happened later gives only the general code 1.
"""

from collections.abc import Iterator

from airflow.exceptions import AirflowConfigException

from aws_executors.core.lifecycle.launcher_exit_codes import Exit, exit_for_status
from aws_executors.run.compat import BEGINNING, already_running, http_library, is_held

HTTP = http_library()
FAILED = 1


def exit_code(error: BaseException) -> int:
    """The exit code of the launcher after this exception.

    >>> request = HTTP.Request("PATCH", "http://airflow/execution/task-instances/4c75/run")
    >>> exit_code(HTTP.ConnectError("refused", request=request))
    83
    >>> exit_code(HTTP.HTTPStatusError("", request=request, response=HTTP.Response(403)))
    81
    >>> exit_code(RuntimeError("who knows when"))
    1
    """
    return int(next((code for one in _chain(error) if (code := _one(one)) is not None), FAILED))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen = set[int]()  # two exceptions may name each other as their cause
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _one(error: BaseException) -> int | None:
    match error:
        case _ if isinstance(error, already_running()):
            return Exit.HELD
        case HTTP.HTTPStatusError(request=request, response=response):
            if not request.url.path.endswith(BEGINNING):
                return Exit.INFRASTRUCTURE
            return Exit.HELD if is_held(response) else exit_for_status(response.status_code)
        case HTTP.TransportError():
            return Exit.INFRASTRUCTURE
        case ImportError() | AirflowConfigException() | ValueError():
            return Exit.CANNOT_START
        case _:
            return None
