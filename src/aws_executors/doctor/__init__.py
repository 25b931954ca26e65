"""``doctor``: find what is wrong with a section of airflow.cfg, and name the line to change.

Pure: `checks/`, with the findings and the checks, and `evidence/`, with most of the evidence that they read.
Calls to AWS: `probe`, `event_probe`, `warm_probe` and `registry` gather the evidence, `examination` decides
the order of the questions, and `trial` launches a container.
"""
