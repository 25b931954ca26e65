"""``doctor``: what is wrong with a section of airflow.cfg, and the line to change.

Pure: `findings` (what a finding is, and the checks of Airflow's side), `ecs_checks` and `batch_checks` with
`network`, `routes`, `image`, `log_group` and `fargate_quota`, and the values that they read, `ecs_evidence`
and `batch_evidence`. What asks AWS: `examine` (in which order), `probe`, `registry`, and `trial`, which
launches a container.
"""
