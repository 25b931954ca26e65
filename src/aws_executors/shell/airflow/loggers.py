"""The loggers of this package: every message is redacted like all other text (`core/redact/outgoing.py`).

Law: every message is one line, so that nothing it quotes can pass for another log entry. Of an exception only
its type, its redacted text and the locations in its traceback are logged, because Python's own traceback may
quote anything.
"""

import logging
from traceback import extract_tb

from aws_executors.core.redact.outgoing import MOST, PART, one_line

FRAMES = 20
"""How many locations of a traceback are logged: the last ones, which are closest to the error."""


def logger(name: str) -> logging.Logger:
    """The logger of a module of this package."""
    found = logging.getLogger(name)
    if not any(isinstance(one, _Cleaned) for one in found.filters):
        found.addFilter(_Cleaned())
    return found


class _Cleaned(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record before any handler sees it."""
        trace = story(record.exc_info[1]) if record.exc_info and record.exc_info[1] else ""
        record.msg, record.args = f"{one_line(_message(record), MOST)}{trace}", ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def story(error: BaseException) -> str:
    """The text of an exception, and the locations in its traceback, each on an indented line of its own."""
    places = extract_tb(error.__traceback__)[-FRAMES:]
    lines = [f"  at {one.filename}:{one.lineno}, in {one.name}" for one in places]
    return "\n".join(["", f"  {words(error)}", *(one_line(line, PART) for line in reversed(lines))])


def words(error: BaseException) -> str:
    """The type and text of an exception, redacted and on one line; never raises."""
    try:
        said = str(error)
    except BaseException:  # noqa: BLE001 - foreign code: even printing the error may fail
        said = "(its text cannot be made)"
    return one_line(f"{type(error).__name__}: {said}", PART)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except BaseException as error:  # noqa: BLE001 - foreign code: even printing an argument may fail
        return f"{record.msg} ({type(error).__name__} as it was printed)"
