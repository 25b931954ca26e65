"""STS, IAM and EC2 as far as `doctor` asks them: a small world with verbs, behind AWS's query protocol.

Law: what the embedded AWS does not have, for tests only; every answer is in the XML that botocore reads.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from types import TracebackType
from typing import Self
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
    asked: list[dict[str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        world = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                world.asked.append(form)
                body = ACTIONS[form["Action"]](world, form).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                self.send_response(200 if self.path.startswith("/execution/") else 404)
                self.end_headers()

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
        return {f"AWS_ENDPOINT_URL_{name}": url for name in ("STS", "IAM", "EC2")}

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


ACTIONS: Mapping[str, Callable[[QueryServices, Mapping[str, str]], str]] = {
    "GetCallerIdentity": QueryServices.identity,
    "SimulatePrincipalPolicy": QueryServices.simulate,
    "DescribeSubnets": QueryServices.describe_subnets,
    "DescribeSecurityGroups": QueryServices.describe_groups,
}
