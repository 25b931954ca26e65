"""Translate the configuration of an older package into that of this package.

Law: pure. `table.py` maps the options, `executors.py` the classes in ``[core] executor``; `translation.py`
translates a whole configuration, and `cfg.py` writes the result for airflow.cfg. What is not translated is
reported.

Sources: airflow-aws-executors 1.1.3, its README and its getting-started pages;
``airflow/providers/amazon/aws/executors`` (``ecs/utils.py``, ``ecs/ecs_executor_config.py``,
``batch/batch_executor_config.py``) of apache-airflow-providers-amazon.
"""

from aws_executors.migrate.cfg import as_cfg
from aws_executors.migrate.table import READ, TABLE, Becomes
from aws_executors.migrate.translation import Line, Sections, migrated, notes, unfinished

__all__ = ["READ", "TABLE", "Becomes", "Line", "Sections", "as_cfg", "migrated", "notes", "unfinished"]
