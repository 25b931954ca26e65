"""The rows of the commands that start an embedded AWS: `local` and `demo`.

Law: data only, from the standard library only. Each of these commands can also be run as a module with its
own parser; `tests/cli/test_cli_commands.py` compares the options.
"""

from pathlib import Path

from aws_executors.cli.command import Argument, Command, number_of, pair

LOCAL = Command(
    name="local",
    help="run the embedded AWS",
    about="Run an AWS on this machine: ECS, Batch, CloudWatch Logs, S3, SQS and EventBridge over HTTP on "
    "loopback, with containers as local processes. The first line of output is its address, followed by the "
    "export lines that clients need, with a new key at each start. Runs until Ctrl-C, and then stops every "
    "container. The same as python -m aws_executors.local.",
    examples=(
        ("local --port 4599", "on a port of your choice"),
        ("local --exports", "also print the export lines that keep the machine's own AWS set-up out"),
        ("local --delays fargate --seed 7 --real-limits", "with Fargate's real delays, and AWS's real rates"),
    ),
    options=(
        Argument(flags=("--host",), help="a loopback address (default: 127.0.0.1)", default="127.0.0.1"),
        Argument(flags=("--port",), help="the port; 0, the default, is a free one", type=int, default=0),
        Argument(
            flags=("--max-processes",),
            help="how many containers run at once; others wait (default: 4)",
            type=int,
            default=4,
        ),
        Argument(
            flags=("--seed",),
            help="the seed of ids and delays; the same seed repeats a run (default: 0)",
            type=int,
            default=0,
        ),
        Argument(
            flags=("--latency-ms",),
            help="latency added to every answer, in milliseconds (default: 0)",
            type=number_of("milliseconds"),
            default=0.0,
        ),
        Argument(
            flags=("--delays",),
            help="the delays between lifecycle steps (default: fast)",
            choices=("none", "fast", "fargate"),
            default="fast",
        ),
        Argument(
            flags=("--time-factor",),
            help="a number by which the delays are multiplied; a bill is as on AWS all the same (default: 1)",
            metavar="FACTOR",
            type=float,
            default=1.0,
        ),
        Argument(
            flags=("--container-env",),
            help="an environment variable of the image; repeatable",
            metavar="NAME=VALUE",
            type=pair,
            action="append",
            default=[],
        ),
        Argument(flags=("--real-limits",), help="throttle at AWS's real request rates", action="store_true"),
        Argument(
            flags=("--exports",),
            help="also print the export lines that keep the machine's own AWS set-up out",
            action="store_true",
        ),
    ),
    run="aws_executors.cli.commands.local.run",
)

DEMO = Command(
    name="demo",
    help="run a DAG on Batch and ECS, all on this machine",
    about="Start an embedded AWS and a whole Airflow in front of it, run a DAG on both executors, and check "
    "on the AWS side that everything promised is true. Needs no account, and leaves nothing running. "
    "Exit code 0: everything is true; 1: something is not, and the output says what.",
    examples=(
        ("demo", "run it, in about 40 seconds"),
        ("demo --keep", "leave Airflow's UI running afterwards, until Ctrl-C"),
        ("demo --transport s3", "with workloads in S3, so that no request carries a token"),
        ("demo --events", "with events from AWS in place of most polls"),
        ("demo --warm", "short tasks in cold and in warm containers, with Fargate's clocks; some minutes"),
    ),
    options=(
        Argument(
            flags=("--keep",), help="leave everything running afterwards, until Ctrl-C", action="store_true"
        ),
        Argument(
            flags=("--logs",),
            help="where logs go (default: .demo)",
            metavar="FOLDER",
            type=Path,
            default=Path(".demo"),
        ),
        Argument(
            flags=("--transport",),
            help="how workloads get into their containers (default: inline)",
            choices=("inline", "s3"),
            default="inline",
        ),
        Argument(
            flags=("--events",),
            help="hear of containers by EventBridge and SQS, and poll rarely",
            action="store_true",
        ),
        Argument(
            flags=("--warm",),
            help="a chain and two waves of short tasks, in containers of their own and in warm ones, with "
            "Fargate's clocks sped up: both clocks, and both bills",
            action="store_true",
        ),
        Argument(
            flags=("--timeout",),
            help="the DAG's time limit in seconds (default: 180)",
            metavar="SECONDS",
            type=number_of("seconds"),
            default=180.0,
        ),
    ),
    run="aws_executors.demo.__main__.run",
)
