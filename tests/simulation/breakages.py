"""What could be wrong with the code that keeps the promises: a list of single changes, each a bug.

Law: values only. `seed` is a schedule that has found the change out; `make test` runs every one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

LIFECYCLE, SHELL = "aws_executors.core.lifecycle", "aws_executors.shell"
TRANSITIONS = f"{LIFECYCLE}.transitions"
STOPPING, ROW_READ = f"{TRANSITIONS}.stopping", f"{TRANSITIONS}.row_read"
LOOKUP, MOVES, SUBMISSION = f"{TRANSITIONS}.lookup", f"{TRANSITIONS}.moves", f"{TRANSITIONS}.submission"
WATCHING, TOKEN_RENEWAL = f"{TRANSITIONS}.watching", f"{TRANSITIONS}.token_renewal"
MACHINE, POLICY, VERDICT = f"{LIFECYCLE}.machine", f"{LIFECYCLE}.policy", f"{LIFECYCLE}.verdict"
PENDING_CALLS, OPERATIONS = f"{SHELL}.engine.calls.pending_calls", f"{SHELL}.engine.calls.operations"
POLL_INTERVAL = f"{LIFECYCLE}.poll_interval"
SHUTDOWN, STALL = f"{SHELL}.engine.shutdown", f"{SHELL}.engine.stall"
EXECUTOR, CURRENT_TOKENS = f"{SHELL}.airflow.executor", f"{SHELL}.airflow.current_tokens"
CELL, WARM = "aws_executors.core.warm.cell", f"{SHELL}.engine.warm"
TURNS, ENDINGS = f"{WARM}.turns", f"{WARM}.endings"
STORE = f"{SHELL}.transport.s3"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one module."""

    name: str
    module: str
    old: str
    new: str
    seed: int = 0
    warm: bool = False  # in schedules with warm containers
    events: bool | None = None  # with events in that schedule, or none, where its seed says otherwise


MUTANTS = (
    # --- Verdicts ---
    Mutant(
        "moved on and failed: fail",
        VERDICT,
        "RowState.MOVED_ON:   (FREE,      FREE,    FREE,",
        "RowState.MOVED_ON:   (FREE,      FREE,    FAIL,",
        seed=41,
    ),
    Mutant(
        "moved on and clean: succeed",
        VERDICT,
        "RowState.MOVED_ON:   (FREE,      FREE,",
        "RowState.MOVED_ON:   (FREE,      SUCCEED,",
        seed=3,
    ),
    Mutant(
        "moved on while it runs: kept",
        VERDICT,
        "RowState.MOVED_ON:   (FREE,",
        "RowState.MOVED_ON:   (KEEP,",
        seed=24,
    ),
    Mutant(
        "restarting: only the slot is freed",
        VERDICT,
        "KEEP,      SUCCEED, SUCCEED, SUCCEED,  SUCCEED,   SUCCEED,     SUCCEED,  SUCCEED)",
        "KEEP,      FREE,    FREE,    FREE,     FREE,      FREE,        FREE,     FREE)",
        seed=150,
        events=False,
    ),
    Mutant("another token is ours, too", VERDICT, "if row.token != token:", "if False:", seed=1217),
    Mutant(
        "lost in mid-run: another container",
        VERDICT,
        "RowState.RUNNING:    (KEEP,      SUCCEED, FAIL,    FAIL,",
        "RowState.RUNNING:    (KEEP,      SUCCEED, FAIL,    RESUBMIT,",
        seed=27,
    ),
    Mutant(
        "stopped by another scheduler before the start: fail",
        VERDICT,
        "KEEP,      FAIL,    FAIL,    RESUBMIT, REQUEUE,",
        "KEEP,      FAIL,    FAIL,    RESUBMIT, FAIL,",
        seed=8001050,
    ),
    Mutant(
        "instance ended before the start: fail",
        VERDICT,
        "Cause.INSTANCE_ENDED: Outcome.LOST",
        "Cause.INSTANCE_ENDED: Outcome.FAILED",
        seed=2,
    ),
    Mutant(
        "Fargate Spot before the start: fail",
        VERDICT,
        "Cause.RECLAIMED: Outcome.LOST",
        "Cause.RECLAIMED: Outcome.FAILED",
        seed=5,
    ),
    Mutant(
        "the token was refused: fail",
        VERDICT,
        "Exit.REFUSED: Outcome.REFUSED",
        "Exit.REFUSED: Outcome.FAILED",
        seed=1454,
    ),
    # --- The policy ---
    Mutant(
        "no answer from Batch: repeated at once",
        POLICY,
        "SubmissionFailure.UNANSWERED_ON_BATCH: Reaction.LOOK_UP",
        "SubmissionFailure.UNANSWERED_ON_BATCH: Reaction.REPEAT",
        seed=24,
    ),
    Mutant(
        "no capacity: fail",
        POLICY,
        "SubmissionFailure.NO_CAPACITY: Reaction.WAIT",
        "SubmissionFailure.NO_CAPACITY: Reaction.FAIL",
        seed=63,
    ),
    Mutant(
        "no credentials: fail",
        POLICY,
        "SubmissionFailure.CREDENTIALS: Reaction.REFRESH",
        "SubmissionFailure.CREDENTIALS: Reaction.FAIL",
        seed=110,
    ),
    # --- The life of a job ---
    Mutant(
        "old rows are believed",
        ROW_READ,
        "if at < job.row_asked_at or job.withdrawn:",
        "if job.withdrawn:",
        seed=8585,
    ),
    Mutant(
        "a stop that is refused is not repeated",
        STOPPING,
        "    return back_off(job, at, policy), ()\n",
        "    return job, ()\n",
        seed=50,
    ),
    Mutant(
        "taken back while it is submitted: closed",
        STOPPING,
        "        case Stage.SUBMITTING | Stage.LOOKING_UP:\n            return withdrawn, ()",
        "        case Stage.SUBMITTING | Stage.LOOKING_UP:\n            return close(withdrawn)",
        seed=13,
    ),
    Mutant(
        "taken back after no answer: not looked for",
        STOPPING,
        "case Stage.BACKING_OFF if job.ambiguous:",
        "case Stage.BACKING_OFF if False:",
        seed=1526,
    ),
    Mutant(
        "accepted after it was taken back: not stopped",
        SUBMISSION,
        "return (watching, ()) if job.container_wanted else stop(watching)",
        "return watching, ()",
        seed=46,
    ),
    Mutant("not shown once: not there", LOOKUP, "if job.lookups + 1 < policy.lookups:", "if False:", seed=24),
    Mutant(
        "an orphan that lives is given back",
        LOOKUP,
        "    if observation.ended:\n        return finish(watching)\n    if job.purpose is Purpose.LEAVE",
        "    if True:\n        return finish(watching)\n    if job.purpose is Purpose.LEAVE",
        seed=13,
    ),
    Mutant(
        "an orphan that runs is stopped and not cut off",
        ROW_READ,
        "        return job, (Fence(),)",
        "        return stop(job) if job.stage is Stage.WATCHING else (job, ())",
        seed=2026,
    ),
    Mutant(
        "an attempt keeps its number",
        ROW_READ,
        "attempt = job.attempt + 1",
        "attempt = job.attempt",
        seed=11,
    ),
    Mutant(
        "one attempt is all that there is",
        ROW_READ,
        "if job.attempt >= policy.attempts:",
        "if True:",
        seed=2,
    ),
    Mutant(
        "a callback that has begun is begun again",
        ROW_READ,
        "RowState.RUNNING if began else RowState.ROWLESS",
        "RowState.ROWLESS",
        seed=27,
    ),
    Mutant(
        "a report is made once only",
        ROW_READ,
        "    if job.reported >= policy.reports:",
        "    if True:",
        seed=388,
    ),
    Mutant(
        "what lingers is not stopped",
        MOVES,
        "replace(job, stage=Stage.STOPPING, due=at + (policy.linger if job.runs else policy.patience))",
        "replace(job, stage=Stage.STOPPING, due=None)",
        seed=4,
    ),
    # --- Stored workloads ---
    Mutant("a stored token is never renewed", TOKEN_RENEWAL, "(Renew(job.attempt),)", "()", seed=5),
    Mutant(
        "a stored workload is not removed",
        OPERATIONS,
        "        if work_item.stored is not None:",
        "        if False:",
        seed=5,
    ),
    Mutant(
        "a lost write is not counted with",
        STORE,
        "                    self._note_lost(known, body)\n",
        "",
        seed=20,
    ),
    # --- Events ---
    Mutant(
        "what runs is never polled while events come",
        POLL_INTERVAL,
        "pause = pace.sweep if",
        "pause = 1e9 if",
        seed=18,
    ),
    Mutant(
        "an end that is waited for is never polled while events come",
        POLL_INTERVAL,
        "else pace.unsettled",
        "else 1e9",
        seed=19,
    ),
    # --- The shell ---
    Mutant(
        "an answer to another request counts",
        PENDING_CALLS,
        "        if record.pending.get(kind) == number:  # only the last request of a kind counts, and once\n"
        "            del record.pending[kind]\n",
        "        if True:\n",
        seed=352,
    ),
    Mutant(
        "what another scheduler has adopted is submitted",
        STALL,
        "row.queued_by not in (None, self._scheduler)",
        "False",
        seed=11252,
    ),
    Mutant(
        "what was held back and is taken back is never dropped",
        f"{SHELL}.engine.dispatcher",
        "            if record.on_hold is not None:",
        "            if False:",
        seed=94,
        warm=True,
        events=False,
    ),
    Mutant(
        "at the end nothing is cut off",
        SHUTDOWN,
        "        for container, work_item in containers.items():\n"
        "            self._to_stop[container] = None\n",
        "        self._to_stop |= dict.fromkeys(containers)\n        for container, work_item in ():\n",
        seed=3147,
        events=False,
    ),
    Mutant(
        "a superseded container speaks",
        CURRENT_TOKENS,
        "return self._tokens.get(key) == token",
        "return True",
        seed=132,
        events=False,
    ),
    Mutant(
        "given up by Airflow: not stopped",
        EXECUTOR,
        "            self._revoke(self._current_tokens.strike(key))\n        super().change_state",
        "            self._current_tokens.strike(key)\n        super().change_state",
        seed=118,
    ),
    Mutant(
        "what an earlier queueing has left in the row is taken for a new token",
        EXECUTOR,
        "if isinstance(workload, ExecuteTask) and not self._airflow_assigns:",
        "if False:",
        seed=131,
    ),
    # --- Warm containers ---
    Mutant(
        "an offer without an answer is settled by a reading",
        TURNS,
        "                self._settle(container)\n            case None:",
        "                self.read(container)\n            case None:",
        seed=289,
        warm=True,
    ),
    Mutant(
        "two bodies of a cell are alike",
        CELL,
        "sequence=self.sequence + 1, word=word",
        "sequence=self.sequence, word=word",
        seed=289,
        warm=True,
    ),
    Mutant(
        "an offer that was refused its condition has not landed",
        TURNS,
        "                self.read(container)  # it has changed;",
        "                self.back(container)  # it has changed;",
        seed=7,
        warm=True,
    ),
    Mutant(
        "an answer that comes twice counts twice",
        TURNS,
        "            if container.call == number:\n",
        "            if True:\n",
        seed=17,
        warm=True,
    ),
    Mutant(
        "what a container had is lost with it unread",
        ENDINGS,
        "                if held is not None:\n                    self._turns.says(container, held)\n"
        "                self._lost",
        "                self._lost",
        seed=3,
        warm=True,
    ),
    Mutant(
        "what was offered when its container ended waits forever",
        ENDINGS,
        "        if held is not None and held.cell.word is Word.OFFERED and not container.turn:\n"
        "            self._turns.back(container)\n",
        "        if held is not None and held.cell.word is Word.OFFERED and not container.turn:\n",
        seed=42,
        warm=True,
    ),
    Mutant(
        "a container that another scheduler uses by now is stopped",
        TURNS,
        "if cell.word is not Word.CLOSED and cell.token != container.job:",
        "if cell is None:",
        seed=72001022,
        warm=True,
    ),
)
