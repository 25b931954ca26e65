"""What `doctor` says of Airflow's side and of routes, case by case; a sound one says nothing."""

from dataclasses import replace

import pytest

from aws_executors.cli.commands.doctor import report_text
from aws_executors.doctor.checks.findings import Airflow, Finding, Severity, Unasked, of_airflow
from aws_executors.doctor.checks.image import Image, ImageConfiguration, reference
from aws_executors.doctor.checks.routes import Endpoint, RouteTable, SubnetRoute, Ways, of_ways
from aws_executors.doctor.checks.volumes import Files, of_files
from aws_executors.doctor.checks.warm import LifecycleRule, WarmEvidence, of_cells, of_package

SOUND = Airflow(
    version="3.3.2",
    needed=">=3.1.8,<3.4",
    supported=True,
    executor="aws_executors.executors.AwsBatchExecutor",
    ours=True,
    api_url="https://airflow.example.com/execution/",
    api=200,
    jwt=True,
    queued_timeout=600.0,
    remote_logging=True,
    parallelism=32,
)


@pytest.mark.parametrize(
    ("airflow", "check", "line"),
    [
        (replace(SOUND, supported=False, version="3.4.0"), "airflow-version", "apache-airflow>=3.1.8,<3.4"),
        (replace(SOUND, weaker=("no teams",)), "airflow-version", "upgrade Airflow"),
        (replace(SOUND, missing=("terminate_job",)), "boto3-version", "pip install --upgrade boto3"),
        (replace(SOUND, ours=False), "executor", "[core] executor ="),
        (replace(SOUND, api_url="http://[::1]:8080/execution/"), "api-url", "execution_api_server_url ="),
        (replace(SOUND, api_url="https://a.example.com"), "api-url", "= https://a.example.com/execution/"),
        (replace(SOUND, api=Unasked("refused")), "api-reach", "doctor --launch"),
        (replace(SOUND, api=502), "api-reach", "execution_api_server_url ="),
        (replace(SOUND, jwt=False), "jwt-secret", "[api_auth] jwt_secret ="),
        (replace(SOUND, queued_timeout=60.0), "queued-timeout", "task_queued_timeout = 600"),
        (replace(SOUND, remote_logging=False), "remote-logging", "remote_logging = True"),
    ],
)
def test_what_is_wrong_with_airflow(airflow: Airflow, check: str, line: str) -> None:
    (one,) = of_airflow(airflow)
    assert (one.check, line in one.change) == (check, True)


def test_a_sound_airflow() -> None:
    assert list(of_airflow(SOUND)) == []


def table(*routes: dict[str, str], **association: object) -> RouteTable:
    return RouteTable.model_validate({"VpcId": "v", "Routes": routes, "Associations": [association]})


NAT = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}
GATEWAY = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"}
GONE = NAT | {"State": "blackhole"}
SIX = {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "eigw-1"}
LOCAL = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"}
ENDPOINTS = tuple(
    Endpoint(vpc="v", service=f"com.amazonaws.us-east-1.{name}")
    for name in ("ecr.api", "ecr.dkr", "logs", "s3")
)


@pytest.mark.parametrize(
    ("tables", "endpoints", "public", "expected"),
    [
        ((table(LOCAL, NAT, Main=True),), (), False, []),
        ((table(LOCAL, Main=True),), (), False, ["no-way-out"]),
        ((table(LOCAL, Main=True),), ENDPOINTS, False, []),
        ((table(LOCAL, Main=True),), ENDPOINTS[:3], False, ["no-way-out"]),
        ((table(LOCAL, Main=True), table(NAT, SubnetId="s")), (), False, []),  # its own table wins
        ((table(NAT, Main=True), table(LOCAL, SubnetId="s")), (), False, ["no-way-out"]),
        ((table(GONE, Main=True),), (), False, ["route-blackhole"]),
        ((table(GATEWAY, Main=True),), (), False, ["no-public-address"]),
        ((table(GATEWAY, Main=True),), (), True, []),
        ((table(LOCAL, SIX, Main=True),), (), False, []),
        ((), (), False, []),  # no table is seen: nothing is known
        (None, None, False, []),
        (Unasked("denied"), (), False, ["could-not-ask"]),
    ],
)
def test_ways_out(
    tables: tuple[RouteTable, ...] | Unasked | None,
    endpoints: tuple[Endpoint, ...] | None,
    public: bool,
    expected: list[str],
) -> None:
    ways = Ways(tables=tables, endpoints=endpoints)
    found = of_ways("[x]", [SubnetRoute(subnet="s", vpc="v", public=public)], ways, "a public address")
    assert [one.check for one in found] == expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("1.dkr.ecr.us-east-1.amazonaws.com/a", ("a", "latest", "")),
        ("1.dkr.ecr.us-east-1.amazonaws.com/team/a:3.3.2", ("team/a", "3.3.2", "")),
        ("1.dkr.ecr.cn-north-1.amazonaws.com.cn/a:b@sha256:0f", ("a", "b", "sha256:0f")),
        ("1.dkr.ecr.us-east-1.amazonaws.com/a@sha256:0f", ("a", "", "sha256:0f")),
    ],
)
def test_names_of_images(image: str, expected: tuple[str, str, str]) -> None:
    found = reference(image)
    assert found is not None
    assert (found.repository, found.tag, found.digest) == expected


KEPT = {"Status": "Enabled", "Expiration": {"Days": 8}}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([KEPT], []),
        ([KEPT | {"Prefix": "w/"}], []),
        ([KEPT | {"Filter": {"Prefix": "w/cells/"}}], []),
        ([KEPT | {"Filter": {"And": {"Prefix": "w/", "ObjectSizeLessThan": 99}}}], []),
        ([KEPT | {"Expiration": {"Days": 7}}], ["warning"]),
        ([KEPT, KEPT | {"Prefix": "w/c", "Expiration": {"Days": 1}}], ["warning"]),
        ([], ["advice"]),
        ([KEPT | {"Status": "Disabled"}], ["advice"]),
        ([KEPT | {"Filter": {"Prefix": "logs/"}}], ["advice"]),
        ([KEPT | {"Filter": {"Tag": {"Key": "a", "Value": "b"}}}], ["advice"]),
        ([{"Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}], ["advice"]),
    ],
)
def test_lifecycle_rules_of_the_store(rules: list[dict[str, object]], expected: list[str]) -> None:
    read = tuple(LifecycleRule.model_validate(rule) for rule in rules)
    assert [str(one.severity) for one in of_cells(replace(CELLS, rules=read))] == expected


CELLS = WarmEvidence(section="batch", address="s3://b/w/cells/airflow/batch", listed=0, conditions=True)


def test_a_store_without_conditional_writes_is_an_error() -> None:
    (found,) = of_cells(replace(CELLS, conditions=False))
    assert (found.check, str(found.severity)) == ("warm-conditions", "error")
    assert "a task could run twice" in found.why


def test_whether_the_image_has_the_package_is_unknown_unless_a_container_was_launched() -> None:
    assert [str(one.severity) for one in of_package(False)] == ["unknown"]
    assert list(of_package(True)) == []


def test_the_summary_counts_in_words() -> None:
    two = [
        Finding(check="a", severity=severity, what="b", why="c", change="d")
        for severity in Severity
        for _ in range(2)
    ]
    said = report_text(two, ["batch"]).splitlines()[-1]
    assert said.endswith("[batch]: 2 errors, 2 warnings, 2 advice, 2 unknown")


@pytest.mark.parametrize(
    ("volumes", "severities"), [(None, ["warning"]), ((), ["error"]), (("/opt/airflow/logs",), [])]
)
def test_a_volume_of_the_image_can_be_written_to(
    volumes: tuple[str, ...] | None, severities: list[str]
) -> None:
    image = Image(text="airflow", architectures=("amd64",), volumes=volumes)
    found = of_files(Files(readonly_root_filesystem=True), "task definition t:1", image)
    assert [one.severity for one in found] == severities


@pytest.mark.parametrize(
    ("config", "volumes"),
    [({}, None), ({"Volumes": None}, None), ({"Volumes": {"/logs": {}}}, {"/logs": {}})],
)
def test_an_image_s_volumes_are_read(config: dict[str, object], volumes: dict[str, object] | None) -> None:
    assert (
        ImageConfiguration.model_validate({"architecture": "amd64", "config": config}).config.volumes
        == volumes
    )
