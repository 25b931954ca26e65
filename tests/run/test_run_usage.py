"""What the launcher measures: cgroups as kernels show them, real processes, and its own last line."""

import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from aws_executors.core.cost.measured import Measured, last_measured
from aws_executors.local import LocalAws
from aws_executors.run.usage.cgroup import MIB, CgroupV1, CgroupV2, own_cgroup
from aws_executors.run.usage.meter import Meter, counters_here, network
from aws_executors.run.usage.process_tree import ProcessTree
from aws_executors.run.usage.report import report_usage
from aws_executors.run.usage.task_stats import ADDRESS, TaskStats, on_the_hosts_network

PAGE = 4096
V2 = {
    "memory.current": 500 * MIB,
    "memory.stat": f"anon {300 * MIB}\nfile {150 * MIB}\nshmem {20 * MIB}\nslab_reclaimable {10 * MIB}\n",
    "cpu.stat": "usage_usec 12300000\nuser_usec 1\n",
    "memory.events": "low 0\noom 2\noom_kill 1\n",
}
V1 = {
    "memory.usage_in_bytes": 500 * MIB,
    "memory.stat": f"cache {9 * MIB}\ntotal_cache {150 * MIB}\ntotal_shmem {20 * MIB}\n",
    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
}


def write(folder: Path, files: Mapping[str, object]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(f"{text}\n")
    return folder


def host(root: Path, *lines: str, parents: Mapping[int, int] | None = None) -> Path:
    """A ``/proc`` in which this process is in these cgroups, and others have these parents."""
    write(root / "proc/self", {"cgroup": "\n".join(lines)})
    for pid, parent in {os.getpid(): 1, 1: 0, **(parents or {})}.items():
        write(root / f"proc/{pid}", {"stat": f"{pid} (a (b) c) S {parent} 1 1"})
    return root


def test_memory_is_counted_without_what_the_kernel_takes_back(tmp_path: Path) -> None:
    new = CgroupV2(write(tmp_path / "2", V2))
    assert new.memory() == (500 - 150 + 20 - 10) * MIB
    assert (new.cpu(), new.kills()) == (12.3, 1)
    cpu = write(tmp_path / "cpu", {"cpuacct.usage": 12_300_000_000})
    old = CgroupV1(write(tmp_path / "1", V1), cpu)
    assert old.memory() == (500 - 150 + 20) * MIB
    assert (old.cpu(), old.kills()) == (12.3, 3)


def test_what_cannot_be_read_is_none(tmp_path: Path) -> None:
    write(tmp_path, {"memory.current": "max", "cpu.stat": "usage_usec lots"})
    assert (CgroupV2(tmp_path).memory(), CgroupV2(tmp_path).cpu(), CgroupV2(tmp_path).kills()) == (None,) * 3
    assert CgroupV1(tmp_path, tmp_path).memory() is None
    assert own_cgroup(tmp_path) is None
    assert network(tmp_path) is None


@pytest.mark.parametrize(
    ("line", "place"), [("0::/", "."), ("0::/ecs/0f1e", "ecs/0f1e"), ("0::/../0f1e", ".")]
)
def test_finds_its_cgroup_with_a_namespace_and_without(tmp_path: Path, line: str, place: str) -> None:
    mount = host(tmp_path, line) / "sys/fs/cgroup"
    write(mount / place, {**V2, "cgroup.procs": f"1\n{os.getpid()}\n"})
    found = own_cgroup(tmp_path)
    assert isinstance(found, CgroupV2)
    assert found.memory() == 360 * MIB


@pytest.mark.parametrize("path", ["/docker/0f1e", "/"])
def test_finds_its_cgroups_of_the_older_kind(tmp_path: Path, path: str) -> None:
    lines = f"4:memory:{path}", f"2:cpu,cpuacct:{path}", f"1:name=systemd:{path}"
    mount, here = host(tmp_path, *lines) / "sys/fs/cgroup", {"cgroup.procs": os.getpid()}
    write(mount / "memory", {**V1, **here})
    write(mount / "cpu,cpuacct", {"cpuacct.usage": 7_000_000_000, **here})
    found = own_cgroup(tmp_path)
    assert isinstance(found, CgroupV1)
    assert (found.memory(), found.cpu()) == (370 * MIB, 7.0)


def test_a_cgroup_of_others_is_not_the_containers(tmp_path: Path) -> None:
    here = os.getpid()
    mount = host(tmp_path, "0::/", parents={70: here, 71: 70, 80: 1}) / "sys/fs/cgroup"
    write(mount, {**V2, "cgroup.procs": f"1\n{here}\n70\n71\n"})
    assert own_cgroup(tmp_path) is not None
    write(mount, {"cgroup.procs": f"1\n{here}\n70\n71\n80\n"})
    assert own_cgroup(tmp_path) is None


def test_only_the_memory_may_be_its_own(tmp_path: Path) -> None:
    mount, here = host(tmp_path, "4:memory:/x", "2:cpuacct:/") / "sys/fs/cgroup", os.getpid()
    write(mount / "memory/x", {**V1, "cgroup.procs": here})
    write(mount / "cpuacct", {"cpuacct.usage": 7_000_000_000, "cgroup.procs": f"{here}\n999999"})
    found = own_cgroup(tmp_path)
    assert isinstance(found, CgroupV1)
    assert found.cpu_folder is None
    assert found.cpu() == pytest.approx(ProcessTree(here).cpu() or 0, abs=1)


class Counters:
    """Counters that are set by hand."""

    def __init__(self) -> None:
        self.now: tuple[int | None, float | None, int | None] = (100 * MIB, 5.0, 1)

    def memory(self) -> int | None:
        return self.now[0]

    def cpu(self) -> float | None:
        return self.now[1]

    def kills(self) -> int | None:
        return self.now[2]


def test_each_workload_of_one_container_is_measured_by_itself() -> None:
    counters = Counters()
    first = Meter(counters, alone=False)
    first.watch()
    counters.now = (700 * MIB, 8.0, 1)
    deadline = time.monotonic() + 30
    while first._memory_peak != 700 * MIB:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    counters.now = (120 * MIB, 9.5, 2)
    measured = first.stop()  # bytes are those of this machine, whatever it does
    assert (measured.memory, measured.cpu, measured.kills) == (700, 4.5, 1)
    second = Meter(counters, alone=False)
    counters.now = (150 * MIB + 1, 9.75, 2)
    found = second.stop()
    assert (found.memory, found.cpu, found.kills) == (151, 0.25, 0)


def test_a_child_that_was_large_for_a_moment_is_seen() -> None:
    meter = Meter(ProcessTree(os.getpid()))
    subprocess.run([sys.executable, "-c", "bytearray(256 * 2**20)"], check=True)
    measured = meter.stop()
    assert measured.memory is not None
    assert measured.memory >= 256
    assert measured.cpu is not None
    assert measured.cpu > 0


def test_a_process_tree_counts_what_forks_share_once() -> None:
    code = """
import os, sys
held = bytearray(os.urandom(1) * (200 * 2**20))
for _ in range(3):
    if os.fork() == 0:
        break
else:
    print("ready", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as held:
        assert held.stdin is not None
        assert held.stdout is not None
        held.stdout.readline()
        used = ProcessTree(held.pid).memory()
        held.stdin.close()
        held.wait(30)
    assert used is not None
    assert 200 * MIB <= used < 330 * MIB


def test_nothing_is_measured_of_what_is_not_there(tmp_path: Path) -> None:
    assert ProcessTree(os.getpid(), tmp_path).memory() is None


def test_network_counts_all_but_the_loopback(tmp_path: Path) -> None:
    rows = ["Inter-| Receive", " face |bytes", "    lo: 9 0 0 0 0 0 0 0 9 0 0 0 0 0 0 0"]
    rows += ["  eth0: 100 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0", "  eth1:20 1 0 0 0 0 0 0 3 1 0 0 0 0 0 0"]
    write(tmp_path / "proc/net", {"dev": "\n".join(rows)})
    assert network(tmp_path) == (120, 10)


class Measures(Meter):
    """A meter that measured this, or that breaks."""

    def __init__(self, found: Measured | None) -> None:
        super().__init__(Counters())
        self.found = found

    def stop(self) -> Measured:
        if self.found is None:
            raise ZeroDivisionError("a defect of ours")
        return self.found


def test_a_defect_of_ours_costs_a_line_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    report_usage(Measures(None), None, None)
    assert capsys.readouterr().err == (
        "aws_executors.run: could not report what was used: ZeroDivisionError: a defect of ours\n"
    )


@pytest.mark.parametrize("owner", ["", "123456789012"])
def test_is_stored_beside_the_workload(
    owner: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = Measured(memory=412, cpu=1.5)
    with LocalAws() as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        aws.client("s3").create_bucket(Bucket="airflow")
        report_usage(Measures(measured), "s3://airflow/w/0b6e-1", "us-east-1", owner)
        assert aws.objects("airflow") == {"w/0b6e-1.usage": b'{"memory":412,"cpu":1.5}'}
    assert last_measured(capsys.readouterr().err.splitlines()) == measured


def test_a_store_that_refuses_costs_a_line_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with LocalAws() as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        report_usage(Measures(Measured(memory=412)), "s3://airflow/w/0b6e-1", "us-east-1")
    said = capsys.readouterr().err.splitlines()
    assert last_measured(said) == Measured(memory=412)
    assert "could not report what was used: NoSuchBucket" in said[-1]


# --- What ECS says of a container ---------------------------------------------------------------------------

OLD = {"usage": 500 * MIB, "stats": {"cache": 9, "total_cache": 150 * MIB, "total_shmem": 20 * MIB}}
NEW = {"usage": 500 * MIB, "stats": {"file": 150 * MIB, "shmem": 20 * MIB, "slab_reclaimable": 10 * MIB}}


class Ecs:
    """An endpoint of task metadata that says this, and what it was asked."""

    def __init__(self) -> None:
        self.says: dict[str, object] = {}
        self.asked: list[str] = []
        ecs = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                ecs.asked.append(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(ecs.says.get(self.path)).encode())

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.address = f"http://127.0.0.1:{self.server.server_port}/v4/0f1e"

    def uses(self, memory: object, cpu: float) -> None:
        used = {"cpu_usage": {"total_usage": int(cpu * 1e9)}}
        self.says["/v4/0f1e/stats"] = {"cpu_stats": used, "memory_stats": memory, "networks": {}}


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ecs]:
    found = Ecs()
    monkeypatch.setenv(ADDRESS, found.address)
    with found.server as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("memory", "kept"), [(OLD, 500 - 150 + 20), (NEW, 500 - 150 + 20 - 10), ({}, 100)])
def test_what_ecs_says_counts_if_it_is_more(memory: object, kept: int, ecs: Ecs) -> None:
    stats = TaskStats(ecs.address, Counters(), clock=itertools.count(step=2).__next__)
    assert (stats.memory(), stats.cpu(), stats.kills()) == (100 * MIB, 5.0, 1)  # it says nothing at first
    ecs.uses(memory, 7.5)
    assert (stats.memory(), stats.cpu()) == (kept * MIB, 7.5)
    ecs.says = {"/v4/0f1e/stats": {"cpu_stats": "odd"}}
    assert (stats.memory(), stats.cpu()) == (kept * MIB, 7.5)  # as it has said last


def test_ecs_is_asked_once_a_second_at_most(ecs: Ecs) -> None:
    stats = TaskStats(ecs.address, Counters(), clock=lambda: 1.0)
    assert [(stats.memory(), stats.cpu()) for _ in range(3)] == [(100 * MIB, 5.0)] * 3
    assert ecs.asked == ["/v4/0f1e/stats"]


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/v4/0f1e", "http://[", "http://127.0.0.1"])
def test_an_ecs_that_does_not_answer_harms_nothing(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS, address)
    began = time.monotonic()
    assert TaskStats(address, Counters()).memory() == 100 * MIB
    assert not on_the_hosts_network()
    assert time.monotonic() - began < 30


def test_the_network_of_a_host_is_not_the_containers(ecs: Ecs) -> None:
    def bytes_of() -> tuple[int | None, int | None]:
        meter = Meter(Counters())
        meter.watch()
        deadline = time.monotonic() + 30
        while meter._memory_peak is None:  # the first look comes after the question
            assert time.monotonic() < deadline
            time.sleep(0.01)
        measured = meter.stop()
        return measured.received, measured.sent

    ecs.says = {"/v4/0f1e": {"Networks": [{"NetworkMode": "awsvpc"}]}}
    assert None not in bytes_of()
    ecs.says = {"/v4/0f1e": {"Networks": [{"NetworkMode": "host"}]}}
    assert bytes_of() == (None, None)


def test_without_a_cgroup_of_its_own_ecs_is_asked(
    ecs: Ecs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(counters_here(tmp_path), TaskStats)
    monkeypatch.delenv(ADDRESS)
    assert isinstance(counters_here(tmp_path), ProcessTree)
    assert ecs.asked == []
