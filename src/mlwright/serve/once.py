"""Idempotency: a request that is sent again under its key gets the answer that it got before."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

import msgspec

from mlwright.errors import OutputError
from mlwright.serve.http import Request, Response
from mlwright.serve.problems import Problem
from mlwright.serve.record import KeyBusyError, KeyReusedError
from mlwright.serve.recording import Held
from mlwright.serve.service import Service

HEADER = b"idempotency-key"
LONGEST_KEY = 200


async def once(
    service: Service, request: Request, kind: str, work: Callable[[], Awaitable[Response]], *, model: str
) -> Response:
    """Return what `work` answers, or what it answered to the same request before; `kind`: the content that is wanted.

    Without a key it is answered as often as it comes. Raises Problem for a key of another request, for one whose
    request is being answered, where what was answered cannot be kept, and where the model's answers may not be.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return await work()
    if not 0 < len(key) <= LONGEST_KEY or not key.isascii():
        raise Problem("malformed-request", f"An idempotency key has 1 to {LONGEST_KEY} letters or digits.")
    _refuse_unkept(service, model)
    asked = b"\0".join([request.path.encode(), request.query, request.media_type.encode(), kind.encode(), request.body])
    digest = hashlib.sha256(asked).hexdigest()
    name = f"{request.key.label if request.key is not None else ''}\0{key.decode()}"
    record = service.recording.recorder.record
    try:
        kept = await service.in_background(lambda: record.claim(name, digest, request=request.id))
        if kept is not None:
            media_type, body = msgspec.msgpack.decode(kept, type=tuple[str, bytes])
            return Response(body, media_type, headers=[(b"idempotency-replayed", b"true")])
        try:
            response = await _kept(service, request, work, name, digest)
        except BaseException:
            await service.in_background(lambda: record.release(name, digest))
            raise
    except KeyReusedError as error:
        raise Problem("conflict", error.message, hint=error.hint) from error
    except KeyBusyError as error:
        raise Problem("conflict", error.message, hint=error.hint, retry_after=1) from error
    except OutputError as error:
        raise Problem("not-recorded", error.message, hint=error.hint, retry_after=1) from error
    return response


async def _kept(
    service: Service, request: Request, work: Callable[[], Awaitable[Response]], name: str, digest: str
) -> Response:
    """Return what `work` answers when it is kept: only then its answers are recorded and counted, for they are given.

    Where no answer may go out before it is recorded, that comes first: a response that is kept may go out at any time.
    """
    recording = service.recording
    held = request.held = Held()
    response = await work()
    made = msgspec.msgpack.encode((response.media_type, response.body))
    if recording.durability == "request":
        await recording.keep(held.lines)
    record = recording.recorder.record
    await service.in_background(lambda: record.keep(name, digest, made, subjects=held.subjects))
    if recording.durability == "batch":
        await recording.keep(held.lines)
    for each in held.then:
        each()
    return response


def _refuse_unkept(service: Service, model: str) -> None:
    """Raise Problem where responses may not be kept: flags and reasons quote what the record may not hold."""
    if service.settings.policy_of(model).private:
        said = f"Answers of {model!r} are not kept for requests that come again: its rows hold private values."
    elif service.recording.durability == "off":
        said = "Answers are not kept for requests that come again: this service records nothing."
    else:
        return
    raise Problem("not-kept", said, hint="send the request without the header idempotency-key.")
