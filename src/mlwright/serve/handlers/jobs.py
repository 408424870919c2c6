"""Jobs: a file of rows is given, and its answers are fetched when they are there."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from mlwright.serve.bodies import wanted
from mlwright.serve.http import CSV, JSON, NDJSON, PARQUET, Request, Response, body_parts, json_response
from mlwright.serve.jobs.folder import Job, Progress, not_done, told
from mlwright.serve.jobs.results import GIVEN
from mlwright.serve.jobs.rows import TAKEN
from mlwright.serve.problems import Problem
from mlwright.serve.routes import Route
from mlwright.serve.service import Service
from mlwright.serve.serving import refuse_way

MOST_WAITING = 100
PIECE = 1 << 20
"""A file is written and read in pieces of so many bytes."""
RESULTS = (NDJSON, CSV, PARQUET)


async def submit(service: Service, request: Request) -> Response:
    """Take a file of rows; it is answered later, by the version that is asked now."""
    parameters = request.parameters("explain", "record")
    explain = request.flag("explain", parameters)
    recorded = "record" not in parameters or request.flag("record", parameters)
    sent, gives = request.media_type, _gives(request)
    endpoint, named = await service.asked(request.named["name"])
    served = named or endpoint.main
    if explain:
        refuse_way(served, "explain")
    jobs = service.runner.jobs
    if len(await service.in_background(lambda: list(jobs.open()))) >= MOST_WAITING:
        raise Problem("busy", f"{MOST_WAITING} jobs wait already.", hint="come again.", retry_after=60)
    source, digest = await service.source(served)
    made = None
    try:
        made, path = await service.in_background(jobs.begin)
        await _keep(service, request, path)
        job = Job(
            id=made, model=endpoint.name, version=served.version, source=source, digest=digest, sent=sent,
            gives=gives, explain=explain, recorded=recorded, key=_label(request), submitted=time.time(),
            policy=served.policy, record=service.settings.record,
        )  # fmt: skip
        await service.in_background(lambda: jobs.submit(job))
    except OSError as error:
        if made is not None:
            jobs.give_up(made)
        said = f"The file cannot be kept: {error.strerror or error}."
        raise Problem("no-room", said, headers=[(b"connection", b"close")]) from error
    except BaseException:
        if made is not None:
            jobs.give_up(made)
        raise
    service.runner.wake()
    return json_response(told(job, Progress()), 202, [(b"location", f"/v1/jobs/{job.id}".encode())])


def _gives(request: Request) -> str:
    """Return as what kind of content the answers are to be written. Raises Problem where that cannot be."""
    sent = request.media_type
    if sent not in GIVEN:
        said = f"not {sent[:60]!r}" if sent else "and the request does not say what it is"
        raise Problem("unknown-media-type", f"Files are read as {', '.join(TAKEN)}, {said}.")
    accept = request.headers.get(b"accept", b"")
    try:
        return wanted(accept, GIVEN[sent], RESULTS)
    except Problem:
        if JSON in accept.decode("latin-1").lower():  # which the answer to this request is written in
            return GIVEN[sent]
        raise


async def _keep(service: Service, request: Request, path: Path) -> None:
    """Write a body into a file, of which no more than a piece is ever in memory. Raises OSError, Problem."""
    limit = int(service.settings.limits.file_mb * 1e6)
    total = 0
    with await service.in_background(lambda: path.open("wb")) as file:
        held = bytearray()
        async for part in body_parts(request, limit):
            held += part
            total += len(part)
            if len(held) >= PIECE:
                full, held = held, bytearray()
                await service.in_background(partial(file.write, full))
        await service.in_background(partial(file.write, held))
    if not total:
        raise Problem("malformed-request", "The file is empty.")


async def status(service: Service, request: Request) -> Response:
    """Say how far a job is."""
    job, progress = await _found(service, request)
    return json_response(told(job, progress))


async def result(service: Service, request: Request) -> Response:
    """Give the answers of a job that is done."""
    job, progress = await _found(service, request)
    if progress.state != "done":
        raise not_done(progress)
    try:
        wanted(request.headers.get(b"accept", b""), job.gives, (job.gives,))
    except Problem as problem:
        said = f"The answers of this job are written as {job.gives}, as was decided when its file was given."
        hint = "leave the header accept out, or give the file again with the header accept that is wanted."
        raise Problem("not-acceptable", said, hint=hint) from problem
    path = service.runner.jobs.place(job.id) / "result"
    try:
        file = await service.in_background(lambda: path.open("rb"))
    except OSError as error:
        raise _unknown(job.id) from error
    parts = _pieces(service, file)
    return Response(b"", job.gives, parts=parts, length=path.stat().st_size)


async def _pieces(service: Service, file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while piece := await service.in_background(lambda: file.read(PIECE)):
            yield piece


async def delete(service: Service, request: Request) -> Response:
    """Forget a job and its file; where it is running, it ends."""
    job, _ = await _found(service, request)
    await service.in_background(lambda: service.runner.jobs.delete(job.id))
    return json_response({"id": job.id, "deleted": True})


async def _found(service: Service, request: Request) -> tuple[Job, Progress]:
    """Return a job of whoever asks. Raises Problem where there is none: those of others are not there for them."""
    name, jobs = request.named["id"], service.runner.jobs
    job = await service.in_background(lambda: jobs.job(name))
    if job is None or job.key != _label(request) or not _may_still(request, job):
        raise _unknown(name)
    return job, await service.in_background(lambda: jobs.progress(name))


def _unknown(name: str) -> Problem:
    return Problem("no-such-job", f"There is no job {name[:60]!r}.", hint="jobs are kept for a day after their end.")


def _may_still(request: Request, job: Job) -> bool:
    return request.key is None or bool(request.key.allows("predict", job.model))


def _label(request: Request) -> str | None:
    label: str | None = None if request.key is None else request.key.label
    return label


ROUTES = (
    Route(
        method="POST",
        path="/v1/models/{name}/jobs",
        scope="predict",
        handler=submit,
        summary="Give a file of rows, to be answered later",
        takes=TAKEN,
        parameters=("explain", "record"),
        largest="file",
        status=202,
        answer="Job",
        problems=("no-room", "not-acceptable", "wrong-way"),
    ),
    Route(method="GET", path="/v1/jobs/{id}", scope="predict", handler=status, own=True, answer="Job",
          summary="How far is a job?", problems=("no-such-job",)),
    Route(method="GET", path="/v1/jobs/{id}/result", scope="predict", handler=result, own=True, gives=RESULTS,
          summary="The answers of a job", problems=("no-such-job", "not-done", "not-acceptable")),
    Route(method="DELETE", path="/v1/jobs/{id}", scope="predict", handler=delete, own=True,
          summary="Forget a job", problems=("no-such-job",)),
)  # fmt: skip
