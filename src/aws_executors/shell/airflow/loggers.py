"""Our loggers: what they say is cleaned as all that leaves for Airflow is (`core/redact/outgoing.py`).

Law: no line of a log is anybody's but ours: a message is one line, whatever it quotes; of an exception its
type, its words, cleaned too, and where it came from are told, for a traceback of Python's quotes at will.
"""

import logging
from traceback import extract_tb

from aws_executors.core.redact.outgoing import MOST, PART, one_line

FRAMES = 20
"""Places of a traceback that are told: the last ones, which are nearest to what went wrong."""


def logger(name: str) -> logging.Logger:
    """The logger of a module of ours."""
    found = logging.getLogger(name)
    if not any(isinstance(one, _Cleaned) for one in found.filters):
        found.addFilter(_Cleaned())
    return found


class _Cleaned(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the record for whoever handles it."""
        trace = story(record.exc_info[1]) if record.exc_info and record.exc_info[1] else ""
        record.msg, record.args = f"{one_line(_message(record), MOST)}{trace}", ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def story(error: BaseException) -> str:
    """What an exception says and where it comes from, each place in a line of its own, indented."""
    places = extract_tb(error.__traceback__)[-FRAMES:]
    lines = [f"  at {one.filename}:{one.lineno}, in {one.name}" for one in places]
    return "\n".join(["", f"  {words(error)}", *(one_line(line, PART) for line in reversed(lines))])


def words(error: BaseException) -> str:
    """The type of an exception and what it says, in one line without secrets; never raises."""
    try:
        said = str(error)
    except BaseException:  # noqa: BLE001 - foreign code: an error that can not even be printed
        said = "(its text cannot be made)"
    return one_line(f"{type(error).__name__}: {said}", PART)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except BaseException as error:  # noqa: BLE001 - foreign code: something that can not even be printed
        return f"{record.msg} ({type(error).__name__} as it was printed)"
