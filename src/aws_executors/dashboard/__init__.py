"""The fleet page: schedulers publish snapshots of their jobs, and API servers show them.

Law: schedulers and API servers share no process and often no machine, so snapshots travel through Airflow's
database, as rows of the table `variable`. Nothing here runs in the scheduler's thread or in the engine's. If
the page cannot be shown or a snapshot not published, nothing else is affected.

Pure: `snapshot`, `summary`, `page/` (what is shown, and the templates). In the scheduler: `recent_counts`,
`collector`, `publisher`. In the API server: `mount`, `app`, `rights`, `failures`. In both: `store`, `seal`.
"""
