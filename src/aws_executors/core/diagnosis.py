"""How a container ended, in a sentence for a person.

Law: words only. What AWS said stands at the end, unchanged, so that it can be searched for.
"""

from aws_executors.core.state import Cause, Observation

SENTENCES: dict[Cause | None, str] = {
    None: "The container ended well",
    Cause.EXITED: "The container ended with an error of its own",
    Cause.NEVER_STARTED: "The container never started",
    Cause.HOST_LOST: "The machine below the container was lost",
    Cause.RECLAIMED: "AWS took the Spot capacity below the container back",
    Cause.STOPPED: "Somebody stopped the container",
    Cause.TIMED_OUT: "The container reached the time limit of its job",
    Cause.UNCLEAR: "The container ended, and AWS does not say how",
}


def explain(seen: Observation) -> str:
    """One line: what happened to which container, its exit code and stop code, and AWS's own words.

    >>> from aws_executors.core.state import Phase
    >>> explain(Observation(id="arn:1", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=2, reason="Oops"))
    'The container ended with an error of its own (arn:1, exit code 2). AWS says: Oops.'
    """
    facts = [seen.id]
    facts += [] if seen.exit_code is None else [f"exit code {seen.exit_code}"]
    facts += [seen.stop_code] if seen.stop_code else []
    words = f" AWS says: {seen.reason.rstrip('.')}." if seen.reason else ""
    return f"{SENTENCES[seen.cause]} ({', '.join(facts)}).{words}"
