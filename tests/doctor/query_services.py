"""STS, IAM, EC2, ECR and Service Quotas as far as `doctor` asks them: a small world with verbs.

Law: what the embedded AWS does not have, for tests only; every answer is in what botocore reads: XML
of the query protocol, and JSON.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

ROLE = "arn:aws:sts::123456789012:assumed-role/scheduler/i-1"


@dataclass
class QueryServices:
    """What there is; change it between two questions."""

    arn: str = ROLE
    ahead: float = 0.0
    denied: set[str] = field(default_factory=set)
    subnets: dict[str, tuple[str, int]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    routes: dict[str, str] = field(default_factory=dict)
    """By subnet, or by VPC for its main table: where the default route leads; empty where there is none."""
    endpoints: set[str] = field(default_factory=set)
    quota: float | None = 4000.0
    """None: the answer has none."""
    images: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By tag or digest: an image's configuration, or an index (`manifests`)."""
    asked: list[dict[str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        world = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
                target = self.headers.get("X-Amz-Target", "").partition(".")[2]
                form = {"Action": target, **json.loads(sent)} if target else dict(parse_qsl(sent))
                world.asked.append(form)
                body = ACTIONS[form["Action"]](world, form).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                layer = self.path.partition("/layers/")[2]
                self.send_response(200 if layer or self.path.startswith("/execution/") else 404)
                self.end_headers()
                if layer:
                    self.wfile.write(json.dumps(world.images[layer]).encode())

            def date_time_string(self, timestamp: float | None = None) -> str:
                return super().date_time_string(time() - world.ahead)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
                return

        self._server = ThreadingHTTPServer(("0.0.0.0", 0), Answers)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        """Where it listens, on every address of this machine."""
        return int(self._server.server_address[1])

    def environment(self) -> dict[str, str]:
        """What sends botocore here."""
        url = f"http://127.0.0.1:{self.port}"
        return {f"AWS_ENDPOINT_URL_{name}": url for name in OURS}

    def identity(self, form: Mapping[str, str]) -> str:
        """GetCallerIdentity."""
        inner = f"<Arn>{self.arn}</Arn><UserId>x</UserId><Account>123456789012</Account>"
        return (
            f"<GetCallerIdentityResponse><GetCallerIdentityResult>{inner}</GetCallerIdentityResult>"
            "</GetCallerIdentityResponse>"
        )

    def simulate(self, form: Mapping[str, str]) -> str:
        """SimulatePrincipalPolicy."""
        actions = [value for key, value in form.items() if key.startswith("ActionNames.member.")]
        inner = "".join(
            f"<member><EvalActionName>{one}</EvalActionName><EvalDecision>"
            f"{'implicitDeny' if one in self.denied else 'allowed'}</EvalDecision></member>"
            for one in actions
        )
        return (
            "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated>"
            f"<EvaluationResults>{inner}</EvaluationResults></SimulatePrincipalPolicyResult>"
            "</SimulatePrincipalPolicyResponse>"
        )

    def describe_subnets(self, form: Mapping[str, str]) -> str:
        """DescribeSubnets with a filter of ids."""
        inner = "".join(
            f"<item><subnetId>{id_}</subnetId><vpcId>{vpc}</vpcId>"
            f"<availableIpAddressCount>{free}</availableIpAddressCount></item>"
            for id_, (vpc, free) in self.subnets.items()
            if id_ in form.values()
        )
        return f"<DescribeSubnetsResponse><subnetSet>{inner}</subnetSet></DescribeSubnetsResponse>"

    def describe_groups(self, form: Mapping[str, str]) -> str:
        """DescribeSecurityGroups with a filter of ids."""
        inner = "".join(
            f"<item><groupId>{id_}</groupId><vpcId>{vpc}</vpcId></item>"
            for id_, vpc in self.groups.items()
            if id_ in form.values()
        )
        return (
            f"<DescribeSecurityGroupsResponse><securityGroupInfo>{inner}</securityGroupInfo>"
            "</DescribeSecurityGroupsResponse>"
        )

    def describe_routes(self, form: Mapping[str, str]) -> str:
        """DescribeRouteTables: a table for each subnet or VPC that has one."""
        return (
            "<DescribeRouteTablesResponse><routeTableSet>"
            f"{''.join(route_table(*one) for one in self.routes.items())}"
            "</routeTableSet></DescribeRouteTablesResponse>"
        )

    def describe_endpoints(self, form: Mapping[str, str]) -> str:
        """DescribeVpcEndpoints: those of vpc-1."""
        inner = "".join(
            f"<item><vpcId>vpc-1</vpcId><serviceName>com.amazonaws.us-east-1.{name}</serviceName>"
            "<state>available</state></item>"
            for name in sorted(self.endpoints)
        )
        return (
            f"<DescribeVpcEndpointsResponse><vpcEndpointSet>{inner}</vpcEndpointSet>"
            "</DescribeVpcEndpointsResponse>"
        )

    def service_quota(self, form: Mapping[str, str]) -> str:
        """GetServiceQuota."""
        found = {"Quota": {"QuotaCode": form["QuotaCode"], "Value": self.quota}}
        return json.dumps({} if self.quota is None else found)

    def get_image(self, form: Mapping[str, Any]) -> str:
        """ECR's BatchGetImage, of one image."""
        (wanted,) = form["imageIds"]
        name = wanted.get("imageTag") or wanted["imageDigest"].partition(":")[2]
        found = self.images.get(name)
        if found is None:
            return json.dumps({"images": [], "failures": [{"failureCode": "ImageNotFound"}]})
        manifest = found if "manifests" in found else {"config": {"digest": f"sha256:{name}"}}
        return json.dumps({"images": [{"imageManifest": json.dumps(manifest)}]})

    def layer_url(self, form: Mapping[str, str]) -> str:
        """ECR's GetDownloadUrlForLayer."""
        name = form["layerDigest"].partition(":")[2]
        return json.dumps({"downloadUrl": f"http://127.0.0.1:{self.port}/layers/{name}"})


def route_table(place: str, leads: str) -> str:
    """A route table of a subnet, or the main one of a VPC."""
    main = place.startswith("vpc-")
    of = "<main>true</main>" if main else f"<subnetId>{place}</subnetId>"
    state = "blackhole" if leads == "gone" else "active"
    target = (
        f"<gatewayId>{leads}</gatewayId>"
        if leads.startswith("igw-")
        else f"<natGatewayId>{leads}</natGatewayId>"
    )
    way = f"<item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock>{target}<state>{state}</state></item>"
    return (
        f"<item><vpcId>{place if main else 'vpc-1'}</vpcId>"
        "<routeSet><item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId>"
        f"<state>active</state></item>{way if leads else ''}</routeSet>"
        f"<associationSet><item>{of}</item></associationSet></item>"
    )


OURS = ("STS", "IAM", "EC2", "SERVICE_QUOTAS", "ECR")
ACTIONS: Mapping[str, Callable[[QueryServices, Mapping[str, str]], str]] = {
    "GetCallerIdentity": QueryServices.identity,
    "SimulatePrincipalPolicy": QueryServices.simulate,
    "DescribeSubnets": QueryServices.describe_subnets,
    "DescribeSecurityGroups": QueryServices.describe_groups,
    "DescribeRouteTables": QueryServices.describe_routes,
    "DescribeVpcEndpoints": QueryServices.describe_endpoints,
    "GetServiceQuota": QueryServices.service_quota,
    "BatchGetImage": QueryServices.get_image,
    "GetDownloadUrlForLayer": QueryServices.layer_url,
}
