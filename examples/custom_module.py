"""The defaults of Batch's submit_job, extended as a dict: for those who come from airflow-aws-executors.

export AIRFLOW__BATCH__SUBMIT_JOB_KWARGS="custom_module.CUSTOM_SUBMIT_JOB_KWARGS"
"""

from copy import deepcopy

from aws_executors.conf import BATCH_SUBMIT_JOB_KWARGS

# Add retries & timeout to default config
CUSTOM_SUBMIT_JOB_KWARGS = deepcopy(BATCH_SUBMIT_JOB_KWARGS)
CUSTOM_SUBMIT_JOB_KWARGS["retryStrategy"] = {"attempts": 3}
CUSTOM_SUBMIT_JOB_KWARGS["timeout"] = {"attemptDurationSeconds": 24 * 60 * 60}
