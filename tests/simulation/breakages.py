"""What could be wrong with the code that keeps the promises: a list of single changes, each a bug.

Law: values only. `seed` is a schedule that has found the change out; any other will do as well.
"""

from __future__ import annotations

from dataclasses import dataclass

CORE, SHELL = "aws_executors.core", "aws_executors.shell"
ENDING, JUDGING, LOOKING = f"{CORE}.life.ending", f"{CORE}.life.judging", f"{CORE}.life.looking"
MOVES, SUBMITTING, WATCHING = f"{CORE}.life.moves", f"{CORE}.life.submitting", f"{CORE}.life.watching"
ADVANCE, POLICY, VERDICT = f"{CORE}.advance", f"{CORE}.policy", f"{CORE}.verdict"
DESK, EXECUTOR, LEDGER = f"{SHELL}.dispatcher", f"{SHELL}.executor", f"{SHELL}.ledger"
ERRANDS, STORE, RENEWING = f"{SHELL}.operations", f"{SHELL}.transport.s3", f"{CORE}.life.renewing"
ERRANDS, WORKLOAD = f"{SHELL}.operations", f"{SHELL}.workload"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one module."""

    name: str
    module: str
    old: str
    new: str
    seed: int = 0


MUTANTS = (
    # --- Verdicts ---
    Mutant(
        "moved on and failed: fail",
        VERDICT,
        'Standing.MOVED_ON: Verdict.FREE,\n    Standing.GONE: Verdict.FREE,\n}\n"""For whoever does not',
        'Standing.MOVED_ON: Verdict.FAIL,\n    Standing.GONE: Verdict.FREE,\n}\n"""For whoever does not',
        seed=3,
    ),
    Mutant(
        "moved on and clean: succeed",
        VERDICT,
        "(stands, how) == (Standing.FINISHED, Ending.CLEAN)",
        "how is Ending.CLEAN",
        seed=64,
    ),
    Mutant(
        "moved on while it runs: kept",
        VERDICT,
        "Standing.MOVED_ON: Verdict.FREE,\n    Standing.GONE: Verdict.FREE,\n    Standing.ROWLESS",
        "Standing.MOVED_ON: Verdict.KEEP,\n    Standing.GONE: Verdict.FREE,\n    Standing.ROWLESS",
        seed=24,
    ),
    Mutant(
        "restarting: only the slot is freed",
        VERDICT,
        "Standing.RESTARTING: Verdict.SUCCEED,",
        "Standing.RESTARTING: Verdict.FREE,",
        seed=143,
    ),
    Mutant(
        "another token is ours, too", VERDICT, "if assigned and row.token != token:", "if False:", seed=1217
    ),
    # --- The policy ---
    Mutant(
        "instance ended in mid-run: another container",
        POLICY,
        "(Cause.INSTANCE_ENDED, Moment.AFTER): Answer.FAIL_TRY",
        "(Cause.INSTANCE_ENDED, Moment.AFTER): Answer.RESUBMIT",
        seed=27,
    ),
    Mutant(
        "stopped by another scheduler before the start: fail",
        POLICY,
        "(Cause.WITHDRAWN, Moment.BEFORE): Answer.GIVE_BACK",
        "(Cause.WITHDRAWN, Moment.BEFORE): Answer.FAIL",
        seed=8001050,
    ),
    Mutant(
        "instance ended before the start: fail",
        POLICY,
        "(Cause.INSTANCE_ENDED, Moment.BEFORE): Answer.RESUBMIT",
        "(Cause.INSTANCE_ENDED, Moment.BEFORE): Answer.FAIL",
        seed=2,
    ),
    Mutant(
        "Fargate Spot before the start: fail",
        POLICY,
        "(Cause.RECLAIMED, Moment.BEFORE): Answer.RESUBMIT",
        "(Cause.RECLAIMED, Moment.BEFORE): Answer.FAIL",
        seed=5,
    ),
    Mutant(
        "no answer from Batch: repeated at once",
        POLICY,
        "(Refusal.UNANSWERED_ON_BATCH, Moment.SUBMITTED): Answer.LOOK",
        "(Refusal.UNANSWERED_ON_BATCH, Moment.SUBMITTED): Answer.REPEAT",
        seed=24,
    ),
    Mutant(
        "no capacity: fail",
        POLICY,
        "(Refusal.NO_CAPACITY, Moment.SUBMITTED): Answer.WAIT",
        "(Refusal.NO_CAPACITY, Moment.SUBMITTED): Answer.FAIL",
        seed=63,
    ),
    Mutant(
        "no credentials: fail",
        POLICY,
        "(Refusal.CREDENTIALS, Moment.SUBMITTED): Answer.REFRESH",
        "(Refusal.CREDENTIALS, Moment.SUBMITTED): Answer.FAIL",
        seed=110,
    ),
    Mutant(
        "the token was refused: fail",
        POLICY,
        "(Exit.REFUSED, Moment.BEFORE): Answer.RESUBMIT",
        "(Exit.REFUSED, Moment.BEFORE): Answer.FAIL",
        seed=1454,
    ),
    # --- The life of a job ---
    Mutant(
        "old rows are believed", JUDGING, "if at < job.asked or job.unwanted:", "if job.unwanted:", seed=4726
    ),
    Mutant(
        "a stop that is refused is not repeated",
        ENDING,
        "    return later(job, at, policy), ()\n",
        "    return job, ()\n",
        seed=50,
    ),
    Mutant(
        "taken back while it is submitted: closed",
        ENDING,
        "        case Stage.SUBMITTING | Stage.LOOKING_UP:\n            return withdrawn, ()",
        "        case Stage.SUBMITTING | Stage.LOOKING_UP:\n            return close(withdrawn)",
        seed=13,
    ),
    Mutant(
        "taken back after no answer: not looked for",
        ENDING,
        "case Stage.BACKING_OFF if job.ambiguous:",
        "case Stage.BACKING_OFF if False:",
        seed=211,
    ),
    Mutant(
        "accepted after it was taken back: not stopped",
        SUBMITTING,
        "return (watching, ()) if job.wanted else stop(watching)",
        "return watching, ()",
        seed=78,
    ),
    Mutant(
        "not shown once: not there", LOOKING, "if job.lookups + 1 < policy.lookups:", "if False:", seed=24
    ),
    Mutant(
        "an orphan that lives is given back",
        LOOKING,
        "    if observation.ended:\n        return ended(watching)\n    if job.purpose is Purpose.LEAVE",
        "    if True:\n        return ended(watching)\n    if job.purpose is Purpose.LEAVE",
        seed=13,
    ),
    Mutant(
        "an orphan that runs is stopped and not cut off",
        JUDGING,
        "        return job, (CutOff(),)",
        "        return stop(job) if job.stage is Stage.WATCHING else (job, ())",
        seed=2026,
    ),
    Mutant(
        "an attempt keeps its number", JUDGING, "attempt=job.attempt + 1,", "attempt=job.attempt,", seed=11
    ),
    Mutant(
        "one attempt is all that there is",
        JUDGING,
        "if job.attempt >= policy.attempts:",
        "if True:",
        seed=2,
    ),
    Mutant(
        "a callback that has begun is begun again",
        JUDGING,
        "Standing.RUNNING if began else Standing.ROWLESS",
        "Standing.ROWLESS",
        seed=27,
    ),
    Mutant(
        "a report is made once only",
        JUDGING,
        "    if job.reported >= policy.reports:",
        "    if True:",
        seed=388,
    ),
    Mutant(
        "what lingers is not stopped",
        MOVES,
        "replace(job, stage=Stage.STOPPING, due=at + (policy.linger if runs(job) else policy.patience))",
        "replace(job, stage=Stage.STOPPING, due=None)",
        seed=4,
    ),
    # --- Stored workloads ---
    Mutant("a stored token is never renewed", RENEWING, "(Renew(job.attempt),)", "()", seed=5),
    Mutant(
        "a stored workload is not removed",
        DESK,
        "        if work_item.stored is not None:\n            self._operations.discard(work_item)",
        "        if False:\n            self._operations.discard(work_item)",
        seed=5,
    ),
    Mutant(
        "a lost write is not counted with",
        STORE,
        "                    self._note_lost(known, body)\n",
        "",
        seed=20,
    ),
    # --- The shell ---
    Mutant(
        "an answer of another request_id counts",
        DESK,
        "if not request_id or self._pending.answered(token, request_id):",
        "if True:",
        seed=343,
    ),
    Mutant(
        "at the end nothing is cut off",
        ERRANDS,
        "            for token, key in containers.values():",
        "            for token, key in ():",
        seed=2402,
    ),
    Mutant(
        "a superseded container speaks",
        LEDGER,
        "return self._tokens.get(key) == token",
        "return True",
        seed=3671,
    ),
    Mutant(
        "a superseded job goes on",
        EXECUTOR,
        "        if before is not None and self._engine is not None:",
        "        if False:",
        seed=8009085,
    ),
    Mutant(
        "given up by Airflow: not stopped",
        EXECUTOR,
        "            self._revoke(self._ledger.strike(key))\n        super().change_state",
        "            self._ledger.strike(key)\n        super().change_state",
        seed=118,
    ),
    Mutant(
        "a used token of ours is taken for one of Airflow's",
        WORKLOAD,
        "return None if token is None or token[14:15] == OWN_VERSION else token",
        "return token",
        seed=10,
    ),
)
