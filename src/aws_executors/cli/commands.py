"""The commands, as one table: for ``aws-executors ...`` and for ``airflow aws-executors ...``.

Law: data only, and the standard library only: every airflow command imports this. What a command does stands
in a module of its own, named here by its dotted path and imported when the command is run.
"""

import json

from aws_executors.cli.command import SECTION, TEAM, Argument, Command, many, output
from aws_executors.cli.own_cloud import DEMO, LOCAL

ABOUT = "Set up, understand and check the executors for AWS Batch, Fargate and ECS."

IAM_POLICY = Command(
    name="iam-policy",
    help="print the policy that the scheduler needs",
    about="Print the least that the scheduler's role must be allowed, made from the settings: exact actions, "
    "on exactly this queue and definition, or in this cluster. Asks nobody.",
    examples=(
        ("iam-policy --account 123456789012", "the policy of the executors that airflow.cfg names, as JSON"),
        (
            "iam-policy --section ecs_fargate --account 123456789012 --role airflow-task",
            "for ECS, where this role may be passed to tasks",
        ),
        ("iam-policy --definition nightly --output table", "with one more definition, as a table"),
        ("iam-policy --containers", "for the role of tasks and jobs, where workloads come by S3"),
    ),
    options=(
        SECTION,
        TEAM,
        Argument(
            flags=("--account",), help="the number of the AWS account (default: a placeholder)", metavar="ID"
        ),
        many(
            "--role",
            "NAME",
            "a role, by name or ARN, of the task definition, which starting a task passes on",
        ),
        many("--queue", "NAME", "a job queue that tasks or builders name, besides the settings' own"),
        many("--cluster", "NAME", "a cluster that tasks or builders name, besides the settings' own"),
        many(
            "--definition",
            "NAME",
            "a job or task definition that tasks or builders name, besides the settings' own",
        ),
        many(
            "--log-group",
            "NAME",
            "the log group that containers write to (default: Batch's own; on ECS none is read)",
        ),
        Argument(
            flags=("--tags",), help="requests carry tags, even if the settings show none", action="store_true"
        ),
        Argument(
            flags=("--containers",),
            help="what the containers' role needs instead: reading the workloads that are stored for them",
            action="store_true",
        ),
        Argument(
            flags=("--doctor",),
            help="also allow what doctor asks, which changes nothing",
            action="store_true",
        ),
        output("json"),
    ),
    run="aws_executors.cli.iam_policy.run",
)

PREVIEW = Command(
    name="preview",
    help="show the request that a task would be started with",
    about="Print the exact request for a task, as JSON, and what sets it apart from the default request: the "
    "task's executor_config, and your own builder. The workload and its token are masked. Reads the DAG's "
    "file, and asks neither AWS nor the database.",
    examples=(
        ("preview etl load", "the request for task load of DAG etl"),
        (
            "preview etl load --try-number 2 --queue gpu",
            "as it would be for the first retry, in another queue",
        ),
        ("preview --section batch --command 'airflow version'", "a command, and no task at all"),
        (
            """preview etl load --executor-config '{"memory": 4096}' --output json""",
            "with another executor_config, for a program to read",
        ),
    ),
    options=(
        Argument(flags=("dag_id",), help="the DAG", metavar="DAG_ID", nargs="?"),
        Argument(flags=("task_id",), help="the task", metavar="TASK_ID", nargs="?"),
        Argument(
            flags=("--command",),
            help="what the container would run, in place of a task",
            metavar="WORDS",
            dest="task_command",
        ),
        Argument(
            flags=("--dags",),
            help="where the DAG is: a folder or a file (default: the dags_folder in [core])",
            metavar="PATH",
        ),
        Argument(flags=("--queue",), help="the Airflow queue, in place of the task's own", metavar="NAME"),
        Argument(
            flags=("--executor-config",),
            help="the executor_config, in place of the task's own",
            metavar="JSON",
            type=json.loads,
        ),
        Argument(flags=("--run-id",), help="the DAG run (default: none)", metavar="ID", default=""),
        Argument(
            flags=("--try-number",),
            help="which try of the task (default: 1)",
            metavar="N",
            type=int,
            default=1,
        ),
        Argument(
            flags=("--map-index",), help="which of its mapped instances", metavar="N", type=int, default=-1
        ),
        Argument(
            flags=("--attempt",),
            help="which container of the try, where earlier ones were lost (default: 1)",
            metavar="N",
            type=int,
            default=1,
        ),
        SECTION,
        TEAM,
        output(),
    ),
    run="aws_executors.cli.preview.run",
)

DOCTOR = Command(
    name="doctor",
    help="find what is wrong with the set-up, and the line to change",
    about="Check settings, credentials, permissions, network, definitions and Airflow's own configuration. "
    "Reads the configuration and asks AWS, changing nothing; what may not be asked is said. "
    "Exit code 0: no error was found; 1: errors; 2: there is no section to check.",
    examples=(
        ("doctor", "check what airflow.cfg names"),
        ("doctor --section batch --output json", "check one section, for a program to read"),
        ("doctor --launch", "also start a real container, which asks Airflow's API for its health"),
    ),
    options=(
        SECTION,
        TEAM,
        Argument(
            flags=("--launch",),
            help="also start one real, tiny container, follow it to its end, and stop it",
            action="store_true",
        ),
        Argument(
            flags=("--launch-timeout",),
            help="seconds that it may take (default: 300)",
            metavar="SECONDS",
            type=float,
            default=300.0,
        ),
        output(),
    ),
    run="aws_executors.cli.doctor.run",
)

MIGRATE = Command(
    name="migrate",
    help="say the configuration of an older package in ours",
    about="Read the sections of airflow-aws-executors ([batch], [ecs_fargate]) or of the amazon provider "
    "([aws_batch_executor], [aws_ecs_executor]), from airflow.cfg and from variables, and print the equal "
    "configuration, with a note wherever a meaning differs. Changes nothing.",
    examples=(
        ("migrate", "from this machine's airflow.cfg and variables"),
        ("migrate --cfg old/airflow.cfg --output yaml", "from another file, for a program to read"),
    ),
    options=(
        Argument(
            flags=("--cfg",), help="the file to read (default: the one that Airflow reads)", metavar="FILE"
        ),
        output(),
    ),
    run="aws_executors.cli.migrate.run",
)

CLOUDFORMATION = Command(
    name="cloudformation",
    help="print a template of what the settings name",
    about="Print a CloudFormation template of a minimal working set-up, made from the settings: cluster and "
    "task definition, or compute environment, queue and job definition; roles, log group, and the policy of "
    "the scheduler. Image, network and the address of Airflow's API are the stack's parameters. Asks nobody.",
    examples=(
        ("cloudformation --section batch", "for AwsBatchExecutor; write it to a file with > airflow.yaml"),
        ("cloudformation --section ecs_fargate --output table", "what it would make"),
    ),
    options=(SECTION, TEAM, output("yaml")),
    run="aws_executors.cli.cloudformation.run",
)

TERRAFORM = Command(
    name="terraform",
    help="print a configuration of what the settings name",
    about="Print a Terraform configuration of a minimal working set-up, made from the settings: what the "
    "command cloudformation makes, for hashicorp/aws version 6. Image, network and the address of Airflow's "
    "API are variables. Asks nobody.",
    examples=(
        ("terraform --section batch", "for AwsBatchExecutor; write it to a file with > airflow.tf"),
        ("terraform --section ecs_fargate --output json", "in JSON syntax, for a file airflow.tf.json"),
        ("terraform --section ecs_fargate --output table", "what it would make"),
    ),
    options=(
        SECTION,
        TEAM,
        Argument(
            flags=("-o", "--output"),
            help="how to print the answer: hcl, json (Terraform's JSON syntax), table (default: hcl)",
            choices=("hcl", "json", "table"),
            default="hcl",
            metavar="FORMAT",
        ),
    ),
    run="aws_executors.cli.terraform.run",
)

COMMANDS: tuple[Command, ...] = (
    CLOUDFORMATION,
    DEMO,
    DOCTOR,
    IAM_POLICY,
    LOCAL,
    MIGRATE,
    PREVIEW,
    TERRAFORM,
)
