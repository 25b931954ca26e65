"""What a person sees of all jobs at once: how it is told, and how it is shown.

Law: values and texts. A scheduler folds its jobs into a `Snapshot`, which travels as text; an API server
reads the snapshots of all schedulers and makes one page of them. Neither knows how the text travels.
"""
