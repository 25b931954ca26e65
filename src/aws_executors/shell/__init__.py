"""The imperative shell: everything that touches the world.

Law: a module here may import the core, boto3 and Airflow, and holds no decision of its own: it hands values
to the core and carries out what comes back.
"""
