"""A notebook or a DAG file pays for the core, never for Airflow or boto3."""

import json
import subprocess
import sys

import pytest

REPORT = """
import json, sys, time
began = time.process_time()
import {module}
seconds = time.process_time() - began
print(json.dumps([seconds, sorted(sys.modules)]))
"""
HEAVY = {"airflow", "boto3", "botocore", "requests", "sqlalchemy"}


def _imported(module: str) -> tuple[float, set[str]]:
    program = [
        sys.executable,
        "-I",
        "-c",
        f"import sys; sys.path[:0] = {sys.path!r}" + REPORT.format(module=module),
    ]
    answer = subprocess.run(program, capture_output=True, text=True, check=True, timeout=60)
    seconds, modules = json.loads(answer.stdout)
    return seconds, set(modules)


@pytest.mark.parametrize("module", ["aws_executors", "aws_executors.ecs", "aws_executors.batch"])
def test_neither_airflow_nor_boto3_is_imported(module: str) -> None:
    _, modules = _imported(module)
    assert "aws_executors" in modules
    assert not modules & HEAVY


def test_a_container_with_one_workload_does_not_import_what_others_need() -> None:
    _, modules = _imported("aws_executors.run.__main__")
    assert "aws_executors.run.first_process" in modules
    assert not modules & (HEAVY | {"pydantic", "ctypes"})
    assert not [name for name in modules if ".warm" in name or name.endswith(("usage", "leftovers"))]


def test_the_import_takes_less_than_four_tenths_of_a_second_of_a_processor() -> None:
    assert min(_imported("aws_executors")[0] for _ in range(3)) < 0.4
