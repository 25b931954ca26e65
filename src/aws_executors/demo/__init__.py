"""`make demo`: Airflow, the two executors and an embedded AWS, all on this machine, for less than a minute.

Law: nothing here is needed to run the executors. Each file is one room: `processes` starts and ends,
`environment` says what a process sees, `cloud` makes the AWS side, `containers` reads it, `api` asks Airflow,
`stage` puts them together, `watch` shows, `proof` judges. The end-to-end tests are built from the same rooms.
"""
