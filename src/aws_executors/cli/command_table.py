"""The table of commands, for ``aws-executors ...`` and for ``airflow aws-executors ...``.

Law: data only, from the standard library only, because every airflow command imports this module. Each
command has its own module, which is named here by its dotted path and imported when the command runs.
"""

from aws_executors.cli.command import (
    SECTION,
    TEAM,
    Argument,
    Command,
    account_id,
    json_value,
    many,
    number_of,
    ordinal,
    output,
)
from aws_executors.cli.own_cloud import DEMO, LOCAL
from aws_executors.cli.records import RIGHTSIZE, USAGE

ABOUT = "Set up and check the executors for AWS Batch, Fargate and ECS."

IAM_POLICY = Command(
    name="iam-policy",
    help="print the IAM policy that the scheduler needs",
    about="Print the least-privilege policy for the scheduler's role, made from the settings: exact "
    "actions, on exactly this queue and definition, or in this cluster. Makes no calls.",
    examples=(
        ("iam-policy --account 123456789012", "the policy of the executors that airflow.cfg names, as JSON"),
        (
            "iam-policy --section ecs_fargate --account 123456789012 --role airflow-task",
            "for ECS, with permission to pass this role to tasks",
        ),
        ("iam-policy --definition nightly --output table", "with one more definition, as a table"),
        ("iam-policy --containers", "for the role of tasks and jobs, if workloads come through S3"),
    ),
    options=(
        SECTION,
        TEAM,
        Argument(
            flags=("--account",),
            help="the AWS account id (default: a placeholder)",
            metavar="ID",
            type=account_id,
        ),
        many(
            "--role",
            "NAME",
            "a role of the task definition, by name or ARN, that is passed to tasks",
        ),
        many("--queue", "NAME", "another job queue that tasks or builders name"),
        many("--cluster", "NAME", "another cluster that tasks or builders name"),
        many(
            "--definition",
            "NAME",
            "another job or task definition that tasks or builders name",
        ),
        many(
            "--log-group",
            "NAME",
            "the log group that containers write to (default: Batch's own; none on ECS)",
        ),
        Argument(
            flags=("--tags",), help="allow tagging, even if the settings have no tags", action="store_true"
        ),
        Argument(
            flags=("--containers",),
            help=(
                "print the policy of the containers' role instead: stored workloads, cells, records of usage"
            ),
            action="store_true",
        ),
        Argument(
            flags=("--doctor",),
            help="also allow the (read-only) calls of doctor",
            action="store_true",
        ),
        output("json"),
    ),
    run="aws_executors.cli.commands.iam_policy.run",
)

PREVIEW = Command(
    name="preview",
    help="show the request that would start a task",
    about="Print the exact request for a task, as JSON, and how it differs from the default request, "
    "because of the task's executor_config and your own builder. The workload and its token are "
    "masked. Reads the DAG file; calls neither AWS nor the database.",
    examples=(
        ("preview etl load", "the request for task load of DAG etl"),
        (
            "preview etl load --try-number 2 --queue gpu",
            "for the first retry, in another queue",
        ),
        ("preview --section batch --command 'airflow version'", "a command, and no task at all"),
        (
            """preview etl load --executor-config '{"memory": 4096}' --output json""",
            "with another executor_config, as JSON",
        ),
    ),
    options=(
        Argument(flags=("dag_id",), help="the DAG", metavar="DAG_ID", nargs="?"),
        Argument(flags=("task_id",), help="the task", metavar="TASK_ID", nargs="?"),
        Argument(
            flags=("--command",),
            help="the container's command, instead of the task's, or of no task at all",
            metavar="WORDS",
            dest="task_command",
        ),
        Argument(
            flags=("--dags",),
            help="the DAG's folder or file (default: dags_folder in [core])",
            metavar="PATH",
        ),
        Argument(flags=("--queue",), help="the Airflow queue, instead of the task's own", metavar="NAME"),
        Argument(
            flags=("--executor-config",),
            help="the executor_config, instead of the task's own",
            metavar="JSON",
            type=json_value,
        ),
        Argument(flags=("--run-id",), help="the DAG run (default: none)", metavar="ID", default=""),
        Argument(
            flags=("--try-number",),
            help="which try of the task (default: 1)",
            metavar="N",
            type=ordinal,
            default=1,
        ),
        Argument(
            flags=("--map-index",), help="the map index of a mapped task", metavar="N", type=int, default=-1
        ),
        Argument(
            flags=("--attempt",),
            help="which container of the try, if earlier ones were lost (default: 1)",
            metavar="N",
            type=ordinal,
            default=1,
        ),
        SECTION,
        TEAM,
        output(),
    ),
    run="aws_executors.cli.commands.preview.run",
)

DOCTOR = Command(
    name="doctor",
    help="check the set-up, and name the line to change",
    about="Check settings, credentials, permissions, network, definitions and Airflow's own "
    "configuration. Reads the configuration and calls AWS, changing nothing; what it has no permission "
    "to check is reported. Exit code 0: no errors; 1: errors; 2: there is no section to check.",
    examples=(
        ("doctor", "check what airflow.cfg names"),
        ("doctor --section batch --output json", "check one section, as JSON"),
        ("doctor --launch", "also start a real container, which calls the health check of Airflow's API"),
    ),
    options=(
        SECTION,
        TEAM,
        Argument(
            flags=("--launch",),
            help="also start one small real container, follow it to its end, and stop it",
            action="store_true",
        ),
        Argument(
            flags=("--launch-timeout",),
            help="its time limit in seconds (default: 300)",
            metavar="SECONDS",
            type=number_of("seconds"),
            default=300.0,
        ),
        output(),
    ),
    run="aws_executors.cli.commands.doctor.run",
)

MIGRATE = Command(
    name="migrate",
    help="translate the configuration of an older package",
    about="Read the sections of airflow-aws-executors ([batch], [ecs_fargate]) or of the amazon "
    "provider ([aws_batch_executor], [aws_ecs_executor]), from airflow.cfg and from variables, and "
    "print the sections that change as they are to be written, with a note wherever the meaning differs. "
    "Changes nothing. Exit code 0: the result is complete; 1: something remains to be done, which the notes "
    "at the end say, or there is nothing to translate; 2: the file cannot be read.",
    examples=(
        ("migrate", "from this machine's airflow.cfg and variables"),
        ("migrate --cfg old/airflow.cfg --output yaml", "from another file, as YAML"),
    ),
    options=(
        Argument(
            flags=("--cfg",), help="the file to read (default: the one that Airflow reads)", metavar="FILE"
        ),
        output(),
    ),
    run="aws_executors.cli.commands.migrate.run",
)

CLOUDFORMATION = Command(
    name="cloudformation",
    help="print a CloudFormation template of the set-up",
    about="Print a CloudFormation template of a minimal working set-up, made from the settings: "
    "cluster and task definition, or compute environment, queue and job definition; roles, log group, "
    "and the policy of the scheduler. Image, network and the address of Airflow's API are stack "
    "parameters. Makes no calls.",
    examples=(
        ("cloudformation --section batch", "for AwsBatchExecutor; write it to a file with > airflow.yaml"),
        ("cloudformation --section ecs_fargate --output table", "what it would create"),
    ),
    options=(SECTION, TEAM, output("yaml")),
    run="aws_executors.cli.commands.cloudformation.run",
)

TERRAFORM = Command(
    name="terraform",
    help="print a Terraform configuration of the set-up",
    about="Print a Terraform configuration of a minimal working set-up, made from the settings: the "
    "same as the command cloudformation prints, for hashicorp/aws version 6. Image, network and the "
    "address of Airflow's API are variables. Makes no calls.",
    examples=(
        ("terraform --section batch", "for AwsBatchExecutor; write it to a file with > airflow.tf"),
        ("terraform --section ecs_fargate --output json", "in JSON syntax, for a file airflow.tf.json"),
        ("terraform --section ecs_fargate --output table", "what it would create"),
    ),
    options=(
        SECTION,
        TEAM,
        Argument(
            flags=("-o", "--output"),
            help="output format: hcl, json (Terraform's JSON syntax), table (default: hcl)",
            choices=("hcl", "json", "table"),
            default="hcl",
            metavar="FORMAT",
        ),
    ),
    run="aws_executors.cli.commands.terraform.run",
)

EVENTS = Command(
    name="events",
    help="print what events_queue needs: queue, rules, policies",
    about="Print a CloudFormation template or a Terraform configuration by which EventBridge tells the "
    "scheduler what happens to containers: a queue with dead letters, a rule for each section that lets "
    "this deployment's containers through, the queue's policy, and that of the scheduler. Makes no calls.",
    examples=(
        ("events", "for the executors that airflow.cfg names; write it to a file with > events.yaml"),
        ("events --print terraform --section batch", "for AwsBatchExecutor, as Terraform"),
        ("events --cluster nightly --output table", "with one more cluster; what it would create"),
        (
            "events --host scheduler-1 --host scheduler-2",
            "with a queue for each, if events_queue has {hostname}",
        ),
    ),
    options=(
        SECTION,
        TEAM,
        Argument(
            flags=("--print",),
            help="for which tool: cloudformation, terraform (default: cloudformation)",
            choices=("cloudformation", "terraform"),
            default="cloudformation",
            metavar="TOOL",
            dest="tool",
        ),
        many("--queue", "NAME", "another job queue that tasks or builders name"),
        many("--cluster", "NAME", "another cluster that tasks or builders name"),
        many("--host", "NAME", "the host of a scheduler, if events_queue has {hostname}"),
        Argument(
            flags=("-o", "--output"),
            help="output format: text (YAML, or HCL for Terraform), json, table (default: text)",
            choices=("text", "json", "table"),
            default="text",
            metavar="FORMAT",
        ),
    ),
    run="aws_executors.cli.commands.events.run",
)

VERIFY = Command(
    name="verify",
    help="prove the whole life of containers on your account",
    about="Run small containers in your image, by your settings and your builder: from the queue to user "
    "code, exit codes, a kill for memory, a stop, a lost answer, a lost scheduler and its adoption, logs, "
    "links, S3 and events. Measure what only an account can show, and print a report with times and the "
    "bill. Asks before it starts anything: at most ten containers, at most ten minutes. Leaves nothing "
    "behind, also after Ctrl-C. Exit code 0: every check holds; 1: one does not; 2: nothing was started.",
    examples=(
        ("verify", "ask, then run on what airflow.cfg names"),
        (
            "verify --section batch --yes --report verify.md --report verify.json",
            "in CI, with the report in two files",
        ),
    ),
    options=(
        SECTION,
        TEAM,
        Argument(flags=("--yes",), help="start the containers without asking", action="store_true"),
        many("--report", "FILE", "also write the report to a file: Markdown (.md) or JSON (.json)"),
        output(),
    ),
    run="aws_executors.cli.commands.verify.run",
)

COMMANDS: tuple[Command, ...] = (
    CLOUDFORMATION,
    DEMO,
    DOCTOR,
    EVENTS,
    IAM_POLICY,
    LOCAL,
    MIGRATE,
    PREVIEW,
    RIGHTSIZE,
    TERRAFORM,
    USAGE,
    VERIFY,
)
