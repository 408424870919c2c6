"""The folder of jobs: what is in it after whatever may happen to those who write there."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mlwright.serve.jobs.folder import ABANDONED_S, KEPT_S, Job, Jobs, Progress, not_done, told
from mlwright.serve.jobs.runner import MOST_ATTEMPTS, Runner
from mlwright.serve.policy import ModelPolicy
from mlwright.serve.settings import RecordSettings, Settings


def submitted(jobs: Jobs) -> Job:
    name, path = jobs.begin()
    path.write_bytes(b"a\n1\n")
    job = Job(
        id=name, model="churn", version=3, source="churn@3", digest="", sent="text/csv", gives="text/csv",
        explain=False, recorded=True, key=None, submitted=1.0, policy=ModelPolicy(), record=RecordSettings(),
    )  # fmt: skip
    jobs.submit(job)
    return job


def test_a_job_is_there_when_its_rows_are(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs")
    assert jobs.names() == []
    name, _ = jobs.begin()
    assert jobs.names() == []
    assert jobs.job(name) is None
    jobs.give_up(name)
    job = submitted(jobs)
    assert jobs.names() == [job.id]
    assert jobs.job(job.id) == job
    assert [found for found, _ in jobs.open()] == [job]
    assert told(job, jobs.progress(job.id))["state"] == "queued"


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "x" * 27, "lock.db", "0" * 27])
def test_no_other_name_is_a_job(tmp_path: Path, name: str) -> None:
    jobs = Jobs(tmp_path / "jobs")
    submitted(jobs)
    assert jobs.job(name) is None


def test_a_damaged_job_fails_and_holds_up_no_other(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs")
    damaged, whole = submitted(jobs), submitted(jobs)
    (jobs.place(damaged.id) / "progress.json").write_bytes(b"{")
    assert jobs.progress(damaged.id).state == "failed"
    assert [job.id for job, _ in jobs.open()] == [whole.id]


def test_old_jobs_and_files_that_never_became_whole_are_swept(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs")
    now = time.time()
    old, new, waiting = submitted(jobs), submitted(jobs), submitted(jobs)
    jobs.note(old.id, Progress(state="done", ended=now - KEPT_S - 1))
    jobs.note(new.id, Progress(state="failed", ended=now - KEPT_S + 60))
    arriving, path = jobs.begin()
    path.write_bytes(b"a")
    _, path = jobs.begin()
    path.write_bytes(b"a")
    for each in (path, path.parent):
        os.utime(each, (now - ABANDONED_S - 1,) * 2)
    jobs.sweep(now)
    left = {each.name for each in jobs.folder.iterdir()}
    assert left == {new.id, waiting.id, f"{arriving}.new"}


def test_a_job_that_ended_the_service_thrice_is_given_up(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs")
    job = submitted(jobs)
    jobs.note(job.id, Progress(state="running", attempts=MOST_ATTEMPTS))
    runner = Runner(tmp_path, Settings())
    try:
        until = time.monotonic() + 10
        while jobs.progress(job.id).state != "failed" and time.monotonic() < until:
            time.sleep(0.02)
    finally:
        runner.close()
    progress = jobs.progress(job.id)
    assert progress.detail == "The service ended 3 times while the job was running."
    assert not_done(progress).detail.startswith("The job failed. The service ended 3 times")


def test_two_runners_never_run_at_the_same_time(tmp_path: Path) -> None:
    import sqlite3

    jobs = Jobs(tmp_path / "jobs")
    job = submitted(jobs)
    lock = sqlite3.connect(jobs.folder / "lock.db", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    runner = Runner(tmp_path, Settings())
    try:
        runner.wake()
        time.sleep(0.5)
        assert jobs.progress(job.id).state == "queued"
    finally:
        runner.close()
        lock.close()
