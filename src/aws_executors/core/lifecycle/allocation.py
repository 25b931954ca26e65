"""What AWS gave a container, and when: the sizes and times in its description.

Law: nothing of ECS or Batch is here. What a description does not show is None, and nothing is guessed.
"""

from dataclasses import dataclass

FREE_STORAGE = 20
"""GiB of ephemeral storage that every Fargate task has without charge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Sizes and times of one container. Times are in epoch seconds.

    `vcpu` and `memory` (MiB) are the whole task's, which AWS bills; `limit` is the memory (MiB) that the
    Airflow container may use. `spot` is also False where AWS does not show it, as on Batch. `before` has the
    seconds of each earlier attempt that Batch made by itself, which AWS bills, too.

    >>> Allocation(created=0.0, pull_started=17.0, pull_stopped=20.0, started=24.0, stopped=65.0).seconds
    48.0
    """

    vcpu: float | None = None
    memory: int | None = None
    limit: int | None = None
    storage: int = FREE_STORAGE  # GiB
    architecture: str = "X86_64"
    system: str = "LINUX"
    fargate: bool = False
    spot: bool = False

    created: float | None = None
    pull_started: float | None = None
    pull_stopped: float | None = None
    started: float | None = None
    stopped: float | None = None
    before: tuple[float, ...] = ()

    definition: str = ""  # the ECS task definition's ARN
    log_group: str = ""  # of Batch

    @property
    def attempts(self) -> tuple[float, ...] | None:
        """Seconds that Fargate bills for each attempt: from the start of the image pull, or of the container,
        to its end.

        >>> Allocation(created=0.0, stopped=65.0, before=(20.0, 0.0)).attempts  # the others never came to it
        (20.0,)
        """
        begun = self.started if self.pull_started is None else self.pull_started
        last = _between(self.stopped if begun is None else begun, self.stopped)
        return None if last is None else tuple(seconds for seconds in (*self.before, last) if seconds)

    @property
    def seconds(self) -> float | None:
        """The sum of `attempts`.

        >>> Allocation(created=0.0, stopped=65.0).seconds
        0.0
        """
        attempts = self.attempts
        return None if attempts is None else sum(attempts, 0.0)

    @property
    def waiting(self) -> float | None:
        """Seconds from the container's creation until its image pull or, where AWS shows no pull, until its
        start; the seconds of earlier attempts do not count."""
        until = self.started if self.pull_started is None else self.pull_started
        return _between(self.created, None if until is None else until - sum(self.before))

    @property
    def pulling(self) -> float | None:
        """Seconds of the image pull."""
        return _between(self.pull_started, self.pull_stopped)

    @property
    def starting(self) -> float | None:
        """Seconds from the end of the pull until the container ran."""
        return _between(self.pull_stopped, self.started)

    @property
    def running(self) -> float | None:
        """Seconds that the container ran, earlier attempts included."""
        last = _between(self.started, self.stopped)
        return None if last is None else last + sum(self.before)


def _between(begin: float | None, end: float | None) -> float | None:
    return None if begin is None or end is None else max(end - begin, 0.0)
