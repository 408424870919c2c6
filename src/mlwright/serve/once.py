"""Idempotency: a request that is sent again under its key gets the answer that it got before."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

import msgspec

from mlwright.errors import OutputError
from mlwright.serve.http import Request, Response
from mlwright.serve.problems import Problem
from mlwright.serve.record import KeyBusyError, KeyReusedError
from mlwright.serve.service import Service

HEADER = b"idempotency-key"
LONGEST_KEY = 200


async def once(service: Service, request: Request, kind: str, work: Callable[[], Awaitable[Response]]) -> Response:
    """Return what `work` answers, or what it answered to the same request before; `kind`: the content that is wanted.

    Without a key it is answered as often as it comes. Raises Problem for a key of another request, for one whose
    request is being answered, and where what was answered cannot be kept.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return await work()
    if not 0 < len(key) <= LONGEST_KEY or not key.isascii():
        raise Problem("malformed-request", f"An idempotency key has 1 to {LONGEST_KEY} letters or digits.")
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
            response = await work()
            made = msgspec.msgpack.encode((response.media_type, response.body))
            await service.in_background(lambda: record.keep(name, digest, made))
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
