"""Made from the settings models by `python -m aws_executors.cli.options_table provider`."""

CONFIG: dict[str, object] = {
    "batch": {
        "description": "AwsBatchExecutor runs every task in a job of AWS Batch.",
        "options": {
            "region": {
                "description": "The AWS Region, also with a custom request.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "us-east-1",
                "default": None,
            },
            "job_name": {
                "description": "What the names of all jobs begin with; "
                "mandatory unless submit_job_kwargs has "
                "jobName.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "airflow-job-name",
                "default": None,
            },
            "job_queue": {
                "description": "The job queue, by name or ARN; mandatory "
                "unless submit_job_kwargs has jobQueue.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "airflow-job-queue",
                "default": None,
            },
            "job_definition": {
                "description": "The job definition, by name, "
                "name:revision or ARN; mandatory unless "
                "submit_job_kwargs has jobDefinition.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "airflow-job-definition:2",
                "default": None,
            },
            "submit_job_kwargs": {
                "description": "More for boto3's submit_job, laid "
                "over what the other options say: the "
                "dotted path of a dict, a JSON object, "
                "or the dotted path of a function that "
                "makes the request.",
                "version_added": "0.1.0",
                "type": "string",
                "example": '{"retryStrategy": {"attempts": 3}}',
                "default": "aws_executors.conf.BATCH_SUBMIT_JOB_KWARGS",
            },
            "container_name": {
                "description": "The Airflow container's name, where the "
                "job definition has several containers.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "airflow",
                "default": "",
            },
            "conn_id": {
                "description": "An Airflow connection with AWS credentials; "
                "when empty, boto3 looks for them itself.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "aws_default",
                "default": "",
            },
            "endpoint_url": {
                "description": "Where AWS's APIs are, if not at their "
                "public addresses (VPC endpoint, local "
                "test).",
                "version_added": "0.1.0",
                "type": "string",
                "example": "http://127.0.0.1:4566",
                "default": "",
            },
            "request_builder": {
                "description": "Dotted path of a function that makes the request for each launch.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "my_module.build",
                "default": "",
            },
            "adopt_task_instances": {
                "description": "When a scheduler stops: True "
                "leaves its containers running for "
                "the next scheduler to adopt, False "
                "stops them.",
                "version_added": "0.1.0",
                "type": "boolean",
                "example": "True",
                "default": "False",
            },
            "deployment": {
                "description": "A name for this Airflow, which tells its "
                "containers from those of others on a shared "
                "account.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "airflow-staging",
                "default": "airflow",
            },
            "max_attempts": {
                "description": "How many containers may be started for one "
                "try of a task (1 to 10), when the "
                "infrastructure fails before the task's own "
                "code has run.",
                "version_added": "0.1.0",
                "type": "integer",
                "example": "5",
                "default": "3",
            },
            "workers": {
                "description": "How many threads call AWS (1 to 64).",
                "version_added": "0.1.0",
                "type": "integer",
                "example": "32",
                "default": "16",
            },
            "poll_interval": {
                "description": "Seconds between two looks at a container "
                "that was just started or is about to end "
                "(0.1 to 60).",
                "version_added": "0.1.0",
                "type": "float",
                "example": "2.5",
                "default": "1.0",
            },
            "poll_interval_max": {
                "description": "Seconds between two looks at a container that has run for long (up to 300).",
                "version_added": "0.1.0",
                "type": "float",
                "example": "30.0",
                "default": "15.0",
            },
            "database_interval": {
                "description": "Seconds between two reads of the "
                "running task instances from Airflow's "
                "database, all in one query (0.1 to "
                "60).",
                "version_added": "0.1.0",
                "type": "float",
                "example": "5.0",
                "default": "1.0",
            },
            "call_timeout": {
                "description": "Seconds to wait for one answer of AWS (1 to 120).",
                "version_added": "0.1.0",
                "type": "float",
                "example": "30.0",
                "default": "20.0",
            },
        },
    },
    "ecs_fargate": {
        "description": "AwsEcsFargateExecutor runs every task in an Amazon ECS task, on "
        "Fargate or instances.",
        "options": {
            "region": {
                "description": "The AWS Region, also with a custom request.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "us-east-1",
                "default": None,
            },
            "cluster": {
                "description": "The ECS cluster, by name or ARN, also with a custom request.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "airflow",
                "default": None,
            },
            "container_name": {
                "description": "The Airflow container's name in "
                "the task definition, also with a "
                "custom request: it gets the "
                "command, and its exit code "
                "decides.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "airflow",
                "default": None,
            },
            "task_definition": {
                "description": "The task definition, by family, "
                "family:revision or ARN; mandatory "
                "unless run_task_kwargs has "
                "taskDefinition.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "airflow-task:3",
                "default": None,
            },
            "launch_type": {
                "description": "FARGATE, EC2 or EXTERNAL.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "EC2",
                "default": "FARGATE",
            },
            "capacity_provider_strategy": {
                "description": "Capacity providers in "
                "place of a launch "
                "type: "
                "name:weight:base, "
                "between commas, or "
                "AWS's JSON list.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "FARGATE_SPOT:4,FARGATE:1:2",
                "default": "",
            },
            "platform_version": {
                "description": "The version of Fargate; not for other launch types.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "1.4.0",
                "default": "LATEST",
            },
            "assign_public_ip": {
                "description": "Whether tasks get a public IP "
                "address: True or False, ENABLED "
                "or DISABLED. When empty, AWS's "
                "default (no).",
                "version_added": "0.1.0",
                "type": "string",
                "example": "True",
                "default": "",
            },
            "security_groups": {
                "description": "Security groups of the tasks, "
                "between commas (5 at most); the "
                "VPC's default when empty.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "sg-AAA,sg-BBB",
                "default": "",
            },
            "subnets": {
                "description": "Subnets for the tasks, between commas (16 "
                "at most); mandatory on Fargate, unless "
                "run_task_kwargs has networkConfiguration.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "subnet-XXXXXXXX,subnet-YYYYYYYY",
                "default": "",
            },
            "run_task_kwargs": {
                "description": "More for boto3's run_task, laid "
                "over what the other options say: "
                "the dotted path of a dict, a JSON "
                "object, or the dotted path of a "
                "function that makes the request.",
                "version_added": "0.1.0",
                "type": "string",
                "example": '{"enableExecuteCommand": true}',
                "default": "aws_executors.conf.ECS_FARGATE_RUN_TASK_KWARGS",
            },
            "conn_id": {
                "description": "An Airflow connection with AWS "
                "credentials; when empty, boto3 looks for "
                "them itself.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "aws_default",
                "default": "",
            },
            "endpoint_url": {
                "description": "Where AWS's APIs are, if not at "
                "their public addresses (VPC "
                "endpoint, local test).",
                "version_added": "0.1.0",
                "type": "string",
                "example": "http://127.0.0.1:4566",
                "default": "",
            },
            "request_builder": {
                "description": "Dotted path of a function that makes the request for each launch.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "my_module.build",
                "default": "",
            },
            "adopt_task_instances": {
                "description": "When a scheduler stops: True "
                "leaves its containers "
                "running for the next "
                "scheduler to adopt, False "
                "stops them.",
                "version_added": "0.1.0",
                "type": "boolean",
                "example": "True",
                "default": "False",
            },
            "deployment": {
                "description": "A name for this Airflow, which tells "
                "its containers from those of others on "
                "a shared account.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "airflow-staging",
                "default": "airflow",
            },
            "max_attempts": {
                "description": "How many containers may be started "
                "for one try of a task (1 to 10), "
                "when the infrastructure fails before "
                "the task's own code has run.",
                "version_added": "0.1.0",
                "type": "integer",
                "example": "5",
                "default": "3",
            },
            "workers": {
                "description": "How many threads call AWS (1 to 64).",
                "version_added": "0.1.0",
                "type": "integer",
                "example": "32",
                "default": "16",
            },
            "poll_interval": {
                "description": "Seconds between two looks at a "
                "container that was just started or "
                "is about to end (0.1 to 60).",
                "version_added": "0.1.0",
                "type": "float",
                "example": "2.5",
                "default": "1.0",
            },
            "poll_interval_max": {
                "description": "Seconds between two looks at a container that has run for long (up to 300).",
                "version_added": "0.1.0",
                "type": "float",
                "example": "30.0",
                "default": "15.0",
            },
            "database_interval": {
                "description": "Seconds between two reads of "
                "the running task instances from "
                "Airflow's database, all in one "
                "query (0.1 to 60).",
                "version_added": "0.1.0",
                "type": "float",
                "example": "5.0",
                "default": "1.0",
            },
            "call_timeout": {
                "description": "Seconds to wait for one answer of AWS (1 to 120).",
                "version_added": "0.1.0",
                "type": "float",
                "example": "30.0",
                "default": "20.0",
            },
        },
    },
}
