"""Combine several answers of AWS into one: for groups of ids, pages of a list, clusters or queues to search.

Law: values in, one `Result` out; no call to AWS of its own. What could not be read is never taken for absent:
a look-up that missed a page, a cluster or a record has failed, unless it has found a live container.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from returns.methods import partition
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.response import Page, newest
from aws_executors.core.lifecycle.observation import DescribeResult, Observation, Phase, Unreadable

PAGES = 10
"""How many pages of one list are read: a token has a handful of containers, and a page lists up to 100."""


def chunks(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """These ids, at most `size` at a time.

    >>> list(chunks(("a", "b", "c"), 2))
    [('a', 'b'), ('c',)]
    """
    return (ids[start : start + size] for start in range(0, len(ids), size))


def paged(page: Callable[[str], Result[Page, AwsError]]) -> Result[tuple[str, ...], AwsError]:
    """All ids of a list; `page` gets the token of the page wanted, empty for the first.

    Fails with the error of the first page that fails, or as AMBIGUOUS if there are more than `PAGES` pages.

    >>> pages = {"": Page(ids=("a",), next_token="n"), "n": Page(ids=("b",))}
    >>> paged(lambda token: Success(pages[token]))
    <Success: ('a', 'b')>
    """
    ids: tuple[str, ...] = ()
    token = ""
    for _ in range(PAGES):
        found = page(token)
        if not is_successful(found):
            return Failure(found.failure())
        ids, token = (*ids, *found.unwrap().ids), found.unwrap().next_token
        if not token:
            return Success(ids)
    message = f"the list goes on after {PAGES} pages, so a missing container may be on a later one"
    return Failure(AwsError(kind=Kind.AMBIGUOUS, code="TooManyPages", message=message))


def merged(
    parts: Iterable[tuple[Sequence[str], Result[DescribeResult, AwsError]]],
) -> Result[DescribeResult, AwsError]:
    """Merge the results of several calls, each given with the ids that the call asked for.

    If some calls failed, their ids are unreadable (C30); if all failed, the first failure is returned.

    >>> merged([])
    <Success: DescribeResult(observations=(), unreadable=())>
    """
    told = list(parts)
    if len(told) == 1:
        return told[0][1]
    answers, errors = partition([result for _, result in told])
    if errors and not answers:
        return Failure(errors[0])
    unseen = (
        Unreadable(id=id_, problem=str(result.failure()))
        for ids, result in told
        if not is_successful(result)
        for id_ in ids
    )
    return Success(
        DescribeResult(
            observations=tuple(seen for answer in answers for seen in answer.observations),
            unreadable=(*(odd for answer in answers for odd in answer.unreadable), *unseen),
        )
    )


def counted(answer: DescribeResult, live: Collection[str]) -> DescribeResult:
    """An answer about listed containers, without those that were listed as ended and are no longer described.

    A container that was listed as live and is not described stays: AWS does not describe it *yet*.
    """
    return DescribeResult(
        observations=tuple(
            seen for seen in answer.observations if seen.phase is not Phase.ABSENT or seen.id in live
        ),
        unreadable=answer.unreadable,
    )


def container_found(
    answered: Sequence[Result[DescribeResult, AwsError]],
) -> Result[Observation | None, AwsError]:
    """The container of one token to go on with, from the answers of all searched clusters or queues.

    A live container; else one listed as live and not described yet; else the newest that has ended; else
    None. If an answer or a record could not be read, only a live container is a result.

    >>> running = Observation(id="arn:1", phase=Phase.RUNNING)
    >>> nothing = Failure(AwsError(kind=Kind.THROTTLED, code="ThrottlingException", message="Rate exceeded"))
    >>> container_found([nothing, Success(DescribeResult(observations=(running,)))]).unwrap().id
    'arn:1'
    >>> container_found([nothing, Success(DescribeResult())]).failure().code
    'ThrottlingException'
    """
    answers, errors = partition(answered)
    observations = [seen for answer in answers for seen in answer.observations]
    best = newest(observations)
    if best is not None and not best.ended:
        return Success(best)
    if errors:
        return Failure(errors[0])
    for odd in (odd for answer in answers for odd in answer.unreadable):
        message = f"{odd.id} could not be read: {odd.problem}"
        return Failure(AwsError(kind=Kind.AMBIGUOUS, code="Unreadable", message=message))
    unseen = (seen for seen in observations if seen.phase is Phase.ABSENT)
    return Success(next(unseen, best))
