"""Which of Airflow's installed example DAGs are run, and what is known of them.

Law: data only. Every installed file stands here once, so that a new one is noticed.
"""

from collections.abc import Mapping

FEW: tuple[str, ...] = (
    "example_asset_allow_teams.py",
    "example_dynamic_task_mapping_with_no_taskflow_operators.py",
    "example_failed_dag.py",
    "example_nested_branch_dag.py",
    "example_params_ui_tutorial.py",
    "example_sensor_decorator.py",
    "example_setup_teardown.py",
    "example_short_circuit_decorator.py",
    "example_skip_dag.py",
    "example_task_group.py",
    "example_task_state_store.py",
    "example_trigger_controller_dag.py",
    "example_trigger_target_dag.py",
    "tutorial_dag.py",
)
"""Those of `make test`: of each kind one, with few tasks that need a container."""

MORE: tuple[str, ...] = (
    "example_asset_alias.py",
    "example_asset_alias_with_no_taskflow.py",
    "example_asset_decorator.py",
    "example_asset_partition.py",
    "example_asset_state_store.py",
    "example_assets.py",
    "example_bash_decorator.py",
    "example_bash_operator.py",
    "example_branch_datetime_operator.py",
    "example_branch_day_of_week_operator.py",
    "example_branch_labels.py",
    "example_branch_python_dop_operator_3.py",
    "example_complex.py",
    "example_display_name.py",
    "example_dynamic_task_mapping.py",
    "example_external_task_child_deferrable.py",
    "example_external_task_marker_dag.py",
    "example_external_task_parent_deferrable.py",
    "example_latest_only.py",
    "example_latest_only_with_trigger.py",
    "example_measurement_correction_decorator.py",
    "example_measurement_correction_operator.py",
    "example_outlet_event_extra.py",
    "example_params_trigger_ui.py",
    "example_setup_teardown_taskflow.py",
    "example_short_circuit_operator.py",
    "example_simplest_dag.py",
    "example_task_group_decorator.py",
    "example_task_state_store_async.py",
    "example_task_state_store_mapped.py",
    "example_time_delta_sensor_async.py",
    "example_workday_timetable.py",
    "example_xcom.py",
    "example_xcomargs.py",
    "tutorial.py",
    "tutorial_taskflow_api.py",
    "tutorial_taskflow_templates.py",
)
"""Those of `make e2e-examples` besides."""

LEFT_OUT: Mapping[str, str] = {
    "example_custom_weight.py": "needs a plugin that Airflow has only where it loads its examples itself",
    "example_asset_with_watchers.py": "waits for files in /tmp of the machine, and deletes them",
    "example_branch_operator.py": "installs numpy from a package index, and draws its branches by chance",
    "example_branch_operator_decorator.py": "installs numpy from a package index, and draws its branches",
    "example_dag_decorator.py": "asks a public web service for its own address",
    "example_hitl_operator.py": "waits for a person's answers",
    "example_inlet_event_extra.py": "gives an asset of example_outlet_event_extra.py another name",
    "example_kubernetes_executor.py": "has a DAG only where Kubernetes' client is installed",
    "example_local_kubernetes_executor.py": "has a DAG only where Kubernetes' client is installed",
    "example_passing_params_via_test_command.py": "asks for what only `airflow tasks test` gives",
    "example_python_decorator.py": "installs colorama from a package index",
    "example_python_operator.py": "installs colorama from a package index",
    "example_retry_policy.py": "asks a public web service, and waits minutes between its tries",
    "example_sensors.py": "waits an hour: the deferrable TimeSensor does not know its `timeout`",
    "tutorial_objectstorage.py": "asks a public web service, and writes to a public bucket",
    "tutorial_taskflow_api_virtualenv.py": "installs funcsigs from a package index",
}
"""Files that are not run, and why: they need something outside."""

PASSED_OVER: Mapping[str, str] = {
    "asset_consumes_1_never_scheduled": "waits for an asset that nobody makes",
    "asset_consumes_unknown_never_scheduled": "waits for an asset that nobody makes",
    "clean_and_combine_player_stats": "waits for partitions by the clock",
    "compute_player_odds": "waits for partitions by the clock",
    "daily_inference": "waits for partitions by the clock",
    "daily_team_a_rollup": "waits for partitions by the clock",
    "example_external_task_marker_child": "waits ten minutes for a task group that its parent does not have",
    "monthly_team_a_rollup": "waits for partitions by the clock",
    "player_odds_quality_check_wont_ever_to_trigger": "is never started",
    "regional_stats_breakdown": "waits for partitions that nobody makes",
    "trailing_week_inference": "waits for partitions by the clock",
}
"""DAGs of a file that is run, which nobody starts, and why."""

FAILING: Mapping[str, str] = {
    "example_failed_dag": "is there to fail",
    "example_task_state_store_async": "calls what this Airflow's accessor does not have",
}
"""DAGs whose runs fail, under any executor, and why; all others succeed."""

FOLLOWING: frozenset[str] = frozenset(
    {
        "aggregate_regional_sales",
        "asset_alias_example_alias_consumer",
        "asset_alias_example_alias_consumer_with_no_taskflow",
        "asset_consumes_1",
        "asset_consumes_1_and_2",
        "asset_s3_bucket_consumer",
        "asset_s3_bucket_consumer_with_no_taskflow",
        "child_dag",
        "conditional_asset_and_time_based_timetable",
        "consume_1_and_2_with_asset_expressions",
        "consume_1_or_2_with_asset_expressions",
        "consume_1_or_both_2_and_3_with_asset_expressions",
        "consumes_asset_decorator",
        "example_asset_state_store_consumer",
        "example_trigger_target_dag",
        "scatter_live_region_to_segments",
        "segment_region_stats_early_rollup",
        "segment_region_stats_rollup",
        "summarize_live_region_stats",
        "team_ml_consumer",
    }
)
"""DAGs that others start, by an asset or by name, and we do not. Airflow makes one run of events that
coincide: how many there are is left to chance, what each of them does is not."""

CONF: Mapping[str, Mapping[str, object]] = {
    "example_params_ui_tutorial": {"required_field": "is required"},
}
"""What a person has to fill in."""

DRAWN, HOME, NAME = "is drawn by chance", "has the path of Airflow's home", "has the name of a run"
VARYING: Mapping[str, str] = {
    "example_asset_state_store_producer load return_value": DRAWN,
    "example_bash_decorator also_run_this return_value": NAME,
    "example_bash_decorator also_run_this_again return_value": NAME,
    "example_bash_decorator describe_dag_folder dag_folder": HOME,
    "example_bash_decorator describe_dag_folder return_value": HOME,
    "example_bash_decorator show_dag_folder_stats return_value": HOME,
    "example_bash_operator also_run_this return_value": NAME,
    "example_bash_operator describe_dag_folder dag_folder": HOME,
    "example_bash_operator describe_dag_folder return_value": HOME,
    "example_bash_operator show_dag_folder_stats return_value": HOME,
    "example_external_task trigger_child_task trigger_run_id": NAME,
    "example_task_state_store run_job return_value": DRAWN,
    "example_task_state_store_mapped process_table processed_at": "has the time",
    "example_task_state_store_mapped process_table return_value": DRAWN,
    "example_task_state_store_mapped process_table row_count": DRAWN,
    "example_trigger_controller_dag test_trigger_dagrun trigger_run_id": NAME,
    "tutorial print_date return_value": "has the time",
}
"""XComs (`DAG task key`) whose values differ from run to run by nature, and why."""
