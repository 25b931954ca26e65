"""The benchmarks: our executors beside the Amazon provider's, in one run, against one embedded AWS.

Law: nothing here is imported by the project or by its tests. All executors are measured with the same AWS,
the same database and the same loop; each measurement has a process of its own, and only ratios within one run
are reported.
"""
