"""Jobs: a file of rows is taken, answered by a process of its own while the service goes on, and kept for a day."""

from mlwright.serve.jobs.folder import Job, Jobs, Progress
from mlwright.serve.jobs.runner import Runner
from mlwright.serve.jobs.subjects import forget_in_jobs

__all__ = ["Job", "Jobs", "Progress", "Runner", "forget_in_jobs"]
