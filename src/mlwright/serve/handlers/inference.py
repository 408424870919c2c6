"""The Open Inference Protocol v2: the same models for clients of KServe, Seldon, Triton and others, in tensors.

Answers go the way of all answers: they are checked, recorded and counted. What the protocol lacks are extensions, which
GET /v2 declares: values that are missing, and reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from mlwright import __version__
from mlwright.serve.answers import Answer
from mlwright.serve.endpoint import Endpoint
from mlwright.serve.handlers import health
from mlwright.serve.handlers.predict import SMALL, answer_rows
from mlwright.serve.http import JSON, Request, Response, json_response
from mlwright.serve.once import once
from mlwright.serve.problems import Problem
from mlwright.serve.routes import OPEN, Route
from mlwright.serve.service import Service
from mlwright.serve.serving import Serving, refuse_way
from mlwright.serve.shapes import Rows
from mlwright.serve.tensors import (
    EXPLAIN,
    MISSING,
    READ_AS,
    SHAPE,
    InferBody,
    datatype_of,
    read_infer,
    refused_binary,
    rows_of,
    tensor,
)
from mlwright.values import as_text

REASONS = ("reasons", "text")
"""Outputs that there are only where reasons are asked for."""
EXTENSIONS = (MISSING, f"mlwright_{EXPLAIN}")


def server(_: Service, __: Request) -> Response:
    """Say what answers here."""
    return json_response({"name": "mlwright", "version": __version__, "extensions": EXTENSIONS})


def live(_: Service, __: Request) -> Response:
    """Say that the process answers at all."""
    return json_response({"live": True})


def ready(service: Service, request: Request) -> Response:
    """Say whether requests should be sent here; the protocol's text says "live", its clients look for "ready"."""
    health.ready(service, request)
    return json_response({"live": True, "ready": True})


async def model_ready(service: Service, request: Request) -> Response:
    """Say whether a model answers."""
    health.ready(service, request)
    endpoint, _ = await service.asked(_reference(request))
    return json_response({"name": endpoint.name, "ready": True})


async def metadata(service: Service, request: Request) -> Response:
    """Say which tensors a model takes and gives."""
    endpoint, named = await service.asked(_reference(request))
    served = named or endpoint.main
    refuse_way(served, "infer")
    columns = served.columns
    inputs = [{"name": each.name, "datatype": READ_AS.get(each.kind, "BYTES"), "shape": [-1]} for each in columns]
    outputs = [
        {"name": name, "datatype": datatype, "shape": [-1, *rest]}
        for name, (datatype, rest) in _outputs(served).items()
    ]
    versions = [str(version) for version in sorted(endpoint.versions)]
    told = {"name": endpoint.name, "versions": versions, "platform": "mlwright", "inputs": inputs, "outputs": outputs}
    return json_response(told)


async def infer(service: Service, request: Request) -> Response:
    """Answer the rows that tensors hold."""
    if b"inference-header-content-length" in request.headers:
        raise refused_binary()
    if request.media_type not in {JSON, ""}:
        raise Problem("unknown-media-type", f"Tensors are read as {JSON}, not {request.media_type[:60]!r}.", hint=SHAPE)
    endpoint, named = await service.asked(_reference(request))
    refuse_way(named or endpoint.main, "infer")
    return await once(service, request, JSON, lambda: _answered(service, request, endpoint, named), model=endpoint.name)


async def _answered(service: Service, request: Request, endpoint: Endpoint, named: Serving | None) -> Response:
    limit = service.settings.limits.rows

    def read() -> tuple[InferBody, Rows]:
        asked = read_infer(request.body)
        return asked, rows_of(asked.inputs, limit)

    asked, rows = read() if len(request.body) <= SMALL else await service.on_a_thread(read)
    wanted = _wanted(asked, named or endpoint.main)
    explain = asked.explains or any(name in wanted for name in REASONS)
    answers, first = await answer_rows(service, request, endpoint, named, rows, explain=explain)

    def write() -> bytes:
        return _written(asked, answers, first, wanted)

    body = write() if len(answers) <= first.few else await service.on_a_thread(write)
    return Response(body, JSON)


def _reference(request: Request) -> str:
    """Return how a request names its model. Raises Problem for a version that is none."""
    name, version = request.named["name"], request.named.get("version")
    if version is None:
        return name
    if not (version.isascii() and version.isdecimal() and len(version) < 10 and "@" not in name):
        raise Problem("no-such-model", f"{name[:60]!r} has no version {version[:60]!r}.", hint="versions are numbers.")
    return f"{name}@{version}"


def _outputs(served: Serving) -> dict[str, tuple[str, list[int]]]:
    """Return the outputs that there can be: their datatype, and their shape after that of the rows."""
    classes, humility = served.model.parts.classes, served.policy.humility
    possible: list[object] = list(classes) or [0.0]
    if "default" in {humility.then, humility.unlike} and humility.default_answer is not None:
        possible.append(humility.default_answer)
    made: dict[str, tuple[str, list[int]]] = {"prediction": (datatype_of(possible), [])}
    if classes:
        made["probabilities"] = ("FP64", [len(classes)])
    else:
        made["lower"] = made["upper"] = ("FP64", [])
    texts: tuple[str, list[int]] = ("BYTES", [])
    return (
        made | {"id": texts, "action": texts, "flags": texts, "version": ("INT64", [])} | dict.fromkeys(REASONS, texts)
    )


def _wanted(asked: InferBody, served: Serving) -> list[str]:
    """Return which outputs are asked for. Raises Problem for one that there is not."""
    known = _outputs(served)
    if isinstance(asked.outputs, msgspec.UnsetType) or not asked.outputs:
        return [name for name in known if asked.explains or name not in REASONS]
    names = list(dict.fromkeys(each.name for each in asked.outputs))
    for name in names:
        if name not in known:
            raise Problem(
                "malformed-request", f"There is no output {name[:80]!r}.", hint=f"there are: {', '.join(known)}."
            )
    return names


def _written(asked: InferBody, answers: Sequence[Answer], first: Serving, wanted: Sequence[str]) -> bytes:
    outputs = []
    known = _outputs(first)
    for name in wanted:
        datatype, rest = known.get(name, ("FP64", []))
        made = tensor(name, datatype, [len(answers), *rest], _values(name, datatype, answers, first))
        if name == "probabilities":
            labels = msgspec.json.encode(list(answers[0].probabilities or {})).decode()
            made["parameters"] = {**made.get("parameters", {}), "classes": labels}
        outputs.append(made)
    told: dict[str, Any] = {"model_name": first.name, "model_version": str(first.version), "outputs": outputs}
    if not isinstance(asked.id, msgspec.UnsetType):
        told["id"] = asked.id
    return msgspec.json.encode(told)


def _values(name: str, datatype: str, answers: Sequence[Answer], first: Serving) -> list[Any]:
    """Return the values of an output, row by row."""
    match name:
        case "prediction":
            return [_as(datatype, answer.prediction) for answer in answers]
        case "probabilities":
            labels = list(answers[0].probabilities or {})
            return [(answer.probabilities or {}).get(label) for answer in answers for label in labels]
        case "version":
            return [first.version if answer.version is None else answer.version for answer in answers]
        case "flags" | "reasons":
            return [msgspec.json.encode(getattr(answer, name)).decode() for answer in answers]
        case _:
            return [getattr(answer, name) for answer in answers]


def _as(datatype: str, value: Any) -> Any:
    """Return a prediction as its tensor holds it."""
    if value is None:
        return None
    if datatype == "BYTES":
        return as_text(value)
    return float(value) if datatype == "FP64" else value


def _both(method: str, path: str, scope: str, handler: Any, summary: str, **more: Any) -> list[Route]:
    """Return a route of a model, and the same of one of its versions."""
    start = "/v2/models/{name}"
    return [
        Route(method=method, path=base + path, scope=scope, handler=handler, summary=summary, **more)
        for base in (start, start + "/versions/{version}")
    ]


ROUTES = (
    Route(method="GET", path="/v2", scope=OPEN, handler=server, summary="What answers here?", answer="InferServer"),
    Route(method="GET", path="/v2/health/live", scope=OPEN, handler=live, summary="Does the process answer?",
          answer="InferHealth"),
    Route(method="GET", path="/v2/health/ready", scope=OPEN, handler=ready, summary="Should requests be sent here?",
          answer="InferHealth", problems=("not-ready",)),
    *_both("GET", "", "read", metadata, "Which tensors does a model take and give?", answer="InferModel",
           problems=("wrong-way",)),
    *_both("GET", "/ready", "read", model_ready, "Does a model answer?", answer="InferReady",
           problems=("not-ready",)),
    *_both("POST", "/infer", "predict", infer, "Answer the rows that tensors hold", takes=(JSON,), body="InferBody",
           answer="InferAnswer", problems=("wrong-way", "conflict", "not-kept")),
)  # fmt: skip
