"""The benchmarks: our executors beside the Amazon provider's, in one run, against one embedded AWS.

Law: nothing here is imported by the project or by its tests. What is compared meets the same AWS, the same
database, the same loop; each measurement has a process of its own, and what is told is a ratio within one
run.
"""
