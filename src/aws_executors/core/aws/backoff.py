"""How long to wait before a call to AWS that failed, or was throttled, is repeated.

After a throttle this is the pause of the job whose submission was refused. `token_bucket.py` has the pause of
the account's calls, `core/lifecycle/poll_interval.py` the pause of a poll, which grows in the same way.

Law: functions of counts and names; no clock, no random numbers. Jitter is a hash of a name, so that jobs that
failed together do not come back together, and a simulation can be repeated.
"""

from dataclasses import dataclass
from zlib import crc32


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential back-off: the wait doubles with each failure, from `base` to at most `cap` seconds.

    Source: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """

    base: float = 1.0
    cap: float = 60.0


def jitter(name: str, count: int) -> float:
    """A number in [0, 1) that looks random, and is always the same for the same name and count.

    >>> jitter("0b6e", 1) == jitter("0b6e", 1) != jitter("0b6e", 2)
    True
    """
    return crc32(f"{name}#{count}".encode()) / 2**32


def delay(backoff: Backoff, failures: int, spread: float) -> float:
    """Seconds to wait after the `failures`-th failure in a row (from 1); `spread` in [0, 1) is the jitter.

    Half of the wait is fixed, so that AWS is not hammered, and half is spread.

    >>> [delay(Backoff(base=1, cap=60), n, 0.5) for n in (1, 2, 3, 10)]
    [0.75, 1.5, 3.0, 45.0]
    """
    ceiling = min(backoff.cap, backoff.base * 2.0 ** min(failures - 1, 32))
    return ceiling * (0.5 + spread / 2)
