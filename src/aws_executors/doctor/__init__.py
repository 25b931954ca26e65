"""``doctor``: find what is wrong with a section of airflow.cfg, and name the line to change.

Pure: `checks/`, with the findings, the checks, and the evidence that they read. Calls to AWS: `probe` and
`registry` gather the evidence, `examine` decides the order of the questions, and `trial` launches a
container.
"""
