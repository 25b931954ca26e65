"""The commands that read the records of containers that have ended, and their options.

Law: data only, from the standard library only, because every airflow command imports this module.
"""

from aws_executors.cli.command import OUTPUTS, Argument, Command, number_of

DAYS = Argument(
    flags=("--days",),
    help="how far back to look (default: 7)",
    metavar="N",
    type=number_of("days"),
    default=7.0,
)
ONE_DAG = Argument(flags=("--dag",), help="only this DAG", metavar="ID")
ONE_TASK = Argument(flags=("--task",), help="only tasks of this id", metavar="ID")
ROWS = Argument(
    flags=("-o", "--output"),
    help=f"output format: {', '.join((*OUTPUTS, 'csv'))} (default: table)",
    choices=(*OUTPUTS, "csv"),
    default="table",
    metavar="FORMAT",
)

USAGE = Command(
    name="usage",
    help="show what tasks used and about what they cost",
    about="Add up the records of containers that have ended, from the event log in Airflow's database: by "
    "DAG, task, queue or task instance, the most expensive first. Records are written only with usage = True "
    "in the executor's section. Changes nothing.",
    examples=(
        ("usage", "by DAG, of the last seven days"),
        ("usage --by task --dag etl --days 30", "the tasks of one DAG, of the last 30 days"),
        ("usage --by instance --output csv", "every task instance, for a spreadsheet"),
    ),
    options=(
        Argument(
            flags=("--by",),
            help="what to add up by: dag, task, queue, instance (default: dag)",
            choices=("dag", "task", "queue", "instance"),
            default="dag",
            metavar="WHAT",
        ),
        DAYS,
        ONE_DAG,
        ONE_TASK,
        ROWS,
    ),
    run="aws_executors.cli.commands.usage.run",
)

RIGHTSIZE = Command(
    name="rightsize",
    help="propose the size that each task should have",
    about="Propose the smallest size with room for what each task's runs have used, from the records that "
    "the command usage shows, and print it as executor_config and as a step of a builder. Changes nothing.",
    examples=(
        ("rightsize", "all tasks that ran in the last seven days, the largest saving first"),
        ("rightsize --dag etl --days 30", "the tasks of one DAG, by 30 days of runs"),
        ("rightsize --output json", "for a program"),
    ),
    options=(DAYS, ONE_DAG, ONE_TASK, ROWS),
    run="aws_executors.cli.commands.rightsize.run",
)
