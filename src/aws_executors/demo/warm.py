"""`make demo WARM=1`: a chain and two waves of short tasks, cold beside warm: both clocks and both bills.

Law: the same tasks, one run after the other, on the same Airflow and the same embedded AWS, whose containers
come up as on Fargate, but `FASTER` times as fast. All times are printed in Fargate's seconds: a second of
this machine, even one that a task or Airflow needs, counts as `FASTER` of them. The bill is the embedded
AWS's.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aws_executors.core.cost.estimate import dollars, dollars_text
from aws_executors.core.cost.prices import bundled_prices
from aws_executors.demo import proof
from aws_executors.demo.api import TaskInstance
from aws_executors.demo.containers import Container, Turn
from aws_executors.demo.processes import NotReadyError, tail
from aws_executors.demo.stage import DemoStage

DAGS = Path(__file__).parent / "warm_dags"
COLD, WARM = "cold", "warm"
FASTER = 5
IDLE = "24"
"""Seconds of this machine for which a container waits for its next workload: two Fargate minutes."""
VCPU, MEMORY = 0.25, 512
ASK = 1.0
LONGER = 3
"""How many times as long as the usual demo each of the two runs may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """One of the two runs: its tasks, its containers (without those that were stopped before they cost
    anything), the workloads of warm ones, its duration (in seconds of this machine), and the seconds
    billed."""

    name: str
    instances: tuple[TaskInstance, ...]
    containers: tuple[Container, ...]
    turns: tuple[Turn, ...]
    seconds: float
    billed: int

    @property
    def cost(self) -> float:
        """The run's cost by AWS's list prices, in US dollars."""
        found = dollars(bundled_prices(), "us-east-1", self.billed, vcpu=VCPU, memory=MEMORY)
        return 0.0 if found is None else found

    @property
    def up(self) -> tuple[Container, ...]:
        """The run's containers without those that were stopped, for lack of work, before they were up."""
        return tuple(one for one in self.containers if set(one.exit_codes) != {None})

    def line(self) -> str:
        """The line with the run's duration and its bill.

        >>> print(Half(name="cold", instances=(), containers=(), turns=(), seconds=100.0, billed=900).line())
        cold    8 min 20 s    0 containers    900 s billed  $0.0031
        """
        whole = round(self.seconds * FASTER)
        clock = f"{whole // 60:3} min {whole % 60:2} s"
        return (
            f"{self.name:5} {clock}  {len(self.containers):3} containers  {self.billed:5} s billed  "
            f"{dollars_text(self.cost)}"
        )


def run_cold_and_warm(say: Callable[[str], None], up: DemoStage, timeout: float) -> tuple[proof.Claim, ...]:
    """Run both DAGs, print both durations and both bills, and check the claims."""
    halves = [half(say, up, name, timeout) for name in (COLD, WARM)]
    say(f"Fargate's clocks, {FASTER} times as fast; so a second of this machine, its own work too, counts as")
    say(f"{FASTER} of Fargate's; the bill is by AWS's list prices:")
    for one in halves:
        say(one.line())
    cold, warm = halves
    share, bill = warm.seconds / cold.seconds, warm.billed / cold.billed
    say(f"warm takes {share:.0%} of the time, and {bill:.0%} of the bill")
    return (*claims(cold, warm), up.slots(), proof.none_left(up.aws.processes(), "container"))


def half(say: Callable[[str], None], up: DemoStage, name: str, timeout: float) -> Half:
    """Run one of the DAGs until its run and all containers have ended."""
    known = {one.id for one in up.containers()}
    turns = len(up.turns())
    run, began, took = up.trigger(name), time.time(), 0.0
    say(f"DAG {name} has begun")
    shown = -1
    while time.time() < began + LONGER * timeout:
        up.deployment.check()
        instances = up.api.task_instances(run)
        over = sum(one.state == "success" for one in instances)
        own = tuple(one for one in up.containers() if one.id not in known)
        if over != shown:
            say(f"DAG {name}: {over} of {len(instances)} task instances succeeded, {len(own)} containers")
            shown = over
        if not took and up.api.dag_run(run).ended:
            took = time.time() - began
        if took and all(one.ended for one in own):
            billed = up.aws.billed()
            return Half(
                name=name,
                instances=instances,
                containers=tuple(one for one in own if one.id in billed),
                turns=up.turns()[turns:],
                seconds=took,
                billed=sum(billed.get(one.id, 0) for one in own),
            )
        time.sleep(ASK)
    raise NotReadyError(
        f"DAG {name} has not finished within {LONGER * timeout:.0f} s\n{tail(up.scheduler.log)}"
    )


def claims(cold: Half, warm: Half) -> tuple[proof.Claim, ...]:
    """The claims about both runs."""
    return (
        proof.succeeded((*cold.instances, *warm.instances)),
        proof.ended_well((*cold.containers, *warm.up)),
        proof.once_per_try(cold.instances, cold.containers, {}),
        proof.served_once(warm.instances, warm.turns),
        proof.fewer(len(warm.containers), len(cold.containers)),
    )
