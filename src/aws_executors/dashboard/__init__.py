"""The fleet page: schedulers publish snapshots of their jobs, API servers show them.

Law: the two never talk. A snapshot is a row of the table `variable` in Airflow's own database, because an API
server is another process and often another machine. Nothing here runs in the scheduler's thread or in the
engine's, and a page that can not be shown, or a snapshot that can not be published, harms nobody.

Pure: `snapshot`, `summary`, `page/` (what is shown, and the templates). In the scheduler: `recent_counts`,
`collector`, `publisher`. In the API server: `mount`, `app`, `rights`, `failures`. In both: `store`, `seal`.
"""
