"""The configuration of an older package, said in ours.

Law: pure. `table.py` says what becomes of each option, `executors.py` of ``[core] executor``, `translate.py`
goes through a whole configuration, and `cfg.py` writes the result as airflow.cfg has it. What is not
translated is told.

Sources: airflow-aws-executors 1.1.3, its README and its getting-started pages;
``airflow/providers/amazon/aws/executors`` (``ecs/utils.py``, ``ecs/ecs_executor_config.py``,
``batch/batch_executor_config.py``) of apache-airflow-providers-amazon.
"""

from aws_executors.migrate.cfg import as_cfg
from aws_executors.migrate.table import READ, TABLE, Becomes
from aws_executors.migrate.translate import Line, Sections, migrated, notes

__all__ = ["READ", "TABLE", "Becomes", "Line", "Sections", "as_cfg", "migrated", "notes"]
