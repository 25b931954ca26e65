"""Create the set-up that `events` prints, as CloudFormation would, in a world with SQS and EventBridge.

Law: reads the template that the command prints; implements only the intrinsic functions in that template.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

ACCOUNT = "123456789012"


def created(template: Any, client: Callable[[str], Any], region: str = "us-east-1") -> Mapping[str, str]:
    """Create the template's queues and rules; returns the template's outputs."""
    resources: dict[str, dict[str, Any]] = template["Resources"]
    sqs, events = client("sqs"), client("events")
    arns: dict[str, str] = {}
    for label, one in resources.items():
        own = one["Properties"]
        if one["Type"] == "AWS::SQS::Queue":
            arns[label] = f"arn:aws:sqs:{region}:{ACCOUNT}:{own['QueueName']}"
        elif one["Type"] == "AWS::Events::Rule":
            arns[label] = f"arn:aws:events:{region}:{ACCOUNT}:rule/{own['Name']}"

    def said(value: Any) -> Any:
        match value:
            case {"Fn::GetAtt": [label, "Arn"]}:
                return arns[label]
            case {"Fn::Sub": text}:
                return text.replace("${AWS::AccountId}", ACCOUNT)
            case dict():
                return {name: said(part) for name, part in value.items()}
            case list():
                return [said(part) for part in value]
            case _:
                return value

    urls: dict[str, str] = {}
    for label, one in resources.items():
        own = said(one["Properties"])
        match one["Type"]:
            case "AWS::SQS::Queue":
                # Encryption is left to SQS's default.
                attributes = {k: v for k, v in own.items() if k not in ("QueueName", "SqsManagedSseEnabled")}
                urls[label] = sqs.create_queue(
                    QueueName=own["QueueName"], Attributes={name: text(v) for name, v in attributes.items()}
                )["QueueUrl"]
            case "AWS::SQS::QueuePolicy":
                for ref in own["Queues"]:
                    sqs.set_queue_attributes(
                        QueueUrl=urls[ref["Ref"]], Attributes={"Policy": text(own["PolicyDocument"])}
                    )
            case "AWS::Events::Rule":
                events.put_rule(Name=own["Name"], EventPattern=text(own["EventPattern"]), State=own["State"])
                events.put_targets(Rule=own["Name"], Targets=own["Targets"])
            case _:
                pass  # the scheduler's policy
    return {
        name: urls[one["Value"]["Ref"]]
        for name, one in template["Outputs"].items()
        if one["Value"]["Ref"] in urls
    }


def text(value: object) -> str:
    """An attribute's value as SQS takes it."""
    return value if isinstance(value, str) else json.dumps(value)
