"""What the containers of a whole Airflow have used, as a person asks for it: by `airflow aws-executors usage`
and `rightsize`.

Law: comes after the tests of S3, whose Airflow it shares, and reads what their containers have left: on ECS
and on Batch, by a store and inline, and a callback. That every container is measured inline is claimed by the
demo, in `test_e2e_demo.py`.
"""

import csv
import io
import json
import subprocess
from collections.abc import Mapping
from typing import Any

from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.demo.stage import DemoStage

Row = Mapping[str, Any]
CALLBACK = ("large", "callback")


def asked(up: DemoStage, *arguments: str) -> str:
    """What a command prints for whoever is where Airflow's components are."""
    done = subprocess.run(
        ["airflow", "aws-executors", *arguments],
        env=up.deployment.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == Exit.RAN, done.stderr
    return done.stdout


def by(up: DemoStage, what: str) -> list[Row]:
    """The sums by one grouping, for programs."""
    found: list[Row] = json.loads(asked(up, "usage", "--by", what, "--output", "json"))
    return found


def test_every_container_has_left_a_record(up: DemoStage) -> None:
    ended = len(up.containers())

    def recorded() -> bool | None:
        return sum(row["containers"] for row in by(up, "dag")) == ended or None

    up.deployment.wait_for("the last records", recorded, timeout=60.0, every=3.0)
    tasks = {(row["dag"], row["task"]): row for row in by(up, "task")}
    assert {("demo", "deferrable"), ("demo", "mapped"), ("waiting", "waits"), CALLBACK} <= set(tasks)
    assert tasks["demo", "deferrable"]["containers"] == 2
    assert all(row["dollars"] > 0 for row in tasks.values())
    measured = {name for name, row in tasks.items() if row["memory_mib"] and row["cpu_seconds"]}
    # By the store all are; what goes inline is run by Airflow's own launcher here.
    assert {name for name in tasks if name[0] == "demo"} <= measured
    assert {CALLBACK, ("large", "on_ecs"), ("large", "on_batch"), ("denied", "stored")} <= measured
    assert measured.isdisjoint({("large", "small"), ("denied", "inline")})


def test_the_sums_are_the_same_in_each_form(up: DemoStage) -> None:
    rows = by(up, "instance")
    read = list(csv.DictReader(io.StringIO(asked(up, "usage", "--by", "instance", "--output", "csv"))))
    assert [row["instance"] for row in read] == [row["instance"] for row in rows]
    containers, dollars = sum(row["containers"] for row in rows), sum(row["dollars"] for row in rows)
    last = asked(up, "usage").strip().splitlines()[-3].split()
    assert last[:4] == ["all", str(containers), "about", f"${dollars:.4f}"]


def test_a_size_is_proposed_that_fits(up: DemoStage) -> None:
    found = {(one["dag"], one["task"]): one for one in json.loads(asked(up, "rightsize", "--output", "json"))}
    large = found["large", "on_ecs"]
    assert (large["cpu"], large["memory_mib"]) == (4096, 30720)
    assert large["used_memory_mib"] <= large["proposed_memory_mib"] < 30720
    assert large["saved_dollars"] > 0
    assert large["note"] == "only 1 run"
    assert large["step"] in asked(up, "rightsize")
