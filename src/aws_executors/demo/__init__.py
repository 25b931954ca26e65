"""`make demo`: Airflow, the two executors and an embedded AWS, all on this machine, for less than a minute.

Law: nothing here is needed to run the executors. `processes` starts and ends processes, `environment` makes
their environments, `cloud` creates the AWS resources, `containers` reads the containers from AWS, `api` calls
Airflow, `stage` assembles these parts, `watch` displays the run, `proof` checks it, `warm` is the variant
with warm containers. The end-to-end tests are built from the same modules.
"""
