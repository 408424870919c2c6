"""A client of the service, for Python programs: the standard library alone, one connection that is kept, typed answers.

from mlwright.client import Client

with Client("http://127.0.0.1:8080", key="mlw_...") as client:
    answer = client.predict("churn", {"age": 41, "plan": "basic"})
    answer.prediction, answer.probabilities, answer.flags
    client.outcomes("churn", {answer.id: "yes"})
    found = client.recommend("films", {"history": [50, 181], "k": 5})
    client.outcomes("films", {found.id: [found.items[0].item]})
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, RemoteDisconnected
from ssl import SSLContext
from typing import Any, Self, overload
from urllib.parse import quote, urlsplit

from mlwright.errors import InputError, MlwrightError, OptionError

Row = Mapping[str, Any]
TRIES = 4
LONGEST_PAUSE_S = 10.0
_COME_AGAIN = frozenset({429, 503})


class ServiceError(InputError):
    """The service gave no answer: `status` and `kind` say why to programs, `errors` name row, column and value."""

    def __init__(
        self, message: str, *, hint: str | None, status: int, kind: str, errors: Sequence[Mapping[str, Any]]
    ) -> None:
        super().__init__(message, hint=hint)
        self.status, self.kind, self.errors = status, kind, list(errors)


class UnreachableError(MlwrightError):
    """The service cannot be reached."""


@dataclass(frozen=True, slots=True)
class Flag:
    """What is worth knowing of how a row was taken or answered."""

    kind: str
    message: str
    column: str | None = None
    value: Any = None
    nearest: str | None = None
    replaced_by: Any = None


@dataclass(frozen=True, slots=True)
class Reason:
    """What one column adds to an answer, in the answer's `unit`."""

    column: str
    value: Any
    contribution: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one row.

    `prediction` is a label or a number, or None where `action` is "refer": then a person has to decide. `probabilities`
    are by label, as text; `lower` and `upper` are a number's interval. `reasons` are there where they were asked for,
    the strongest first: `base` and all contributions sum to the prediction in `unit`.
    """

    id: str
    prediction: Any
    flags: tuple[Flag, ...]
    action: str
    version: int
    probabilities: Mapping[str, float] | None = None
    lower: float | None = None
    upper: float | None = None
    model_prediction: Any = None
    base: float | None = None
    unit: str | None = None
    reasons: tuple[Reason, ...] | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Recommended:
    """One place of a list: the item as your data writes it, and why it is there."""

    item: Any
    score: float
    level: str
    reason: str
    propensity: float
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The list for one request, the best first; `fallback` names what filled places that nothing personal could."""

    id: str
    items: tuple[Recommended, ...]
    fallback: str | None
    unknown: tuple[str, ...]
    flags: tuple[Flag, ...]
    version: int


@dataclass
class Client:
    """A client of one service. It keeps one connection, and so is for one thread; threads make one each.

    Parameters
    ----------
    address
        "http://host:port", or with https.
    key
        The API key, where the service wants one.
    timeout
        Seconds that an answer may take.
    tries
        How often a request is sent at most, where the service says that it is to come again, or cannot be reached.
    tls
        Whom to trust, for https with a certificate of one's own.

    Every method raises ServiceError where the service refuses, UnreachableError, and OptionError for what cannot be
    sent.
    """

    address: str
    key: str | None = None
    timeout: float = 30.0
    tries: int = TRIES
    tls: SSLContext | None = None
    _connection: HTTPConnection | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the address. Raises OptionError."""
        parts = urlsplit(self.address)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
            raise OptionError(f"The address of a service cannot be {self.address!r}.", hint="http://127.0.0.1:8080")

    @overload
    def predict(self, model: str, rows: Row, *, explain: bool = ..., idempotency_key: str | None = ...) -> Answer: ...
    @overload
    def predict(
        self, model: str, rows: Sequence[Row], *, explain: bool = ..., idempotency_key: str | None = ...
    ) -> list[Answer]: ...
    def predict(
        self, model: str, rows: Row | Sequence[Row], *, explain: bool = False, idempotency_key: str | None = None
    ) -> Answer | list[Answer]:
        """Return the answer to one row, or those to several, in their order.

        `model` is a name, or name@alias or name@version; rows are mappings of column to value, or a Polars frame. A
        value is a number (Decimal and NumPy's too), text, True, False, None, a date or a datetime; NaN is sent as null:
        a gap. With an idempotency key, a request that is sent again gets
        the answer that it got, and is recorded once.
        """
        sent = {"rows": _rows(rows)}
        path = f"/v1/models/{quote(model)}/predict" + ("?explain=true" if explain else "")
        headers = {} if idempotency_key is None else {"idempotency-key": idempotency_key}
        told = self._asked("POST", path, sent, headers)
        version = told["model"]["version"]
        answers = [_answer(each, version) for each in told["predictions"]]
        return answers[0] if isinstance(rows, Mapping) else answers

    @overload
    def recommend(self, model: str, requests: Row, *, idempotency_key: str | None = ...) -> Recommendation: ...
    @overload
    def recommend(
        self, model: str, requests: Sequence[Row], *, idempotency_key: str | None = ...
    ) -> list[Recommendation]: ...
    def recommend(
        self, model: str, requests: Row | Sequence[Row], *, idempotency_key: str | None = None
    ) -> Recommendation | list[Recommendation]:
        """Return the list for one request, such as {"history": [50, 181], "k": 5}, or those for several.

        `schema` says what a request may hold.
        """
        headers = {} if idempotency_key is None else {"idempotency-key": idempotency_key}
        told = self._asked("POST", f"/v1/models/{quote(model)}/recommend", {"requests": _rows(requests)}, headers)
        version = told["model"]["version"]
        found = [_recommendation(each, version) for each in told["recommendations"]]
        return found[0] if isinstance(requests, Mapping) else found

    def events(self, model: str, events: Sequence[Row]) -> dict[str, int]:
        """Tell who took what, where the service keeps histories: {"user", "item", "at" and "rating" if known}.

        Returns how many were new, known, and of items that the model does not know.
        """
        counts = self._asked("POST", f"/v1/models/{quote(model)}/events", {"events": _rows(events)})
        return {name: count for name, count in counts.items() if name != "model"}

    def outcomes(
        self, model: str, outcomes: Mapping[str, Any], *, at: datetime | Mapping[str, datetime] | None = None
    ) -> dict[str, int]:
        """Tell what turned out to be true, by the ids of answers; return how many were new, known or corrections.

        Of a list it is the items that were taken: one, or a list of them, which is empty where none was.

        `at` says since when that is known, for all or for each id; the newest counts, in whatever order they arrive.
        """
        moments = at if isinstance(at, Mapping) else dict.fromkeys(outcomes, at)
        told = [
            {"id": name, "outcome": outcome, **({} if moments.get(name) is None else {"at": moments[name]})}
            for name, outcome in outcomes.items()
        ]
        counts = self._asked("POST", f"/v1/models/{quote(model)}/outcomes", {"outcomes": told})
        return {name: count for name, count in counts.items() if name != "model"}

    def models(self) -> list[dict[str, Any]]:
        """Return facts of every model that is served."""
        found: list[dict[str, Any]] = self._asked("GET", "/v1/models")["models"]
        return found

    def model(self, name: str) -> dict[str, Any]:
        """Return what is known of one model."""
        told: dict[str, Any] = self._asked("GET", f"/v1/models/{quote(name)}")
        return told

    def schema(self, name: str) -> dict[str, Any]:
        """Return what a row has to hold and what an answer holds, as JSON Schema."""
        told: dict[str, Any] = self._asked("GET", f"/v1/models/{quote(name)}/schema")
        return told

    def example(self, name: str) -> dict[str, Any]:
        """Return a row that the model can be asked about."""
        row: dict[str, Any] = self._asked("GET", f"/v1/models/{quote(name)}/example")["rows"][0]
        return row

    def is_ready(self) -> bool:
        """Tell whether the service can be asked now."""
        try:
            return self._sent("GET", "/health/ready", None, {})[0].status == 200
        except (OSError, HTTPException):
            self.close()
            return False

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        """Use it for a while."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    # --- requests ----------------------------------------------------------------------------------------------------

    def _asked(self, method: str, path: str, value: object = None, headers: Mapping[str, str] | None = None) -> Any:
        """Return the JSON of the answer, after coming again where the service asks for that."""
        body = None if value is None else json.dumps(_plain(value), allow_nan=False).encode()
        for left in reversed(range(max(self.tries, 1))):
            try:
                response, got = self._sent(method, path, body, headers or {})
            except (OSError, HTTPException) as error:
                self.close()
                if left and isinstance(error, ConnectionRefusedError):  # it was not asked yet
                    time.sleep(_pause(self.tries - left))
                    continue
                raise UnreachableError(
                    f"The service at {self.address} cannot be reached: {str(error) or type(error).__name__}."
                ) from error
            if response.status in _COME_AGAIN and left:
                time.sleep(_pause(self.tries - left, response.headers.get("retry-after")))
                continue
            return _read(response, got)
        raise AssertionError("there is a last try")

    def _sent(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[HTTPResponse, bytes]:
        """Send one request; again on a new connection where the one that was kept had been closed meanwhile."""
        kept = self._connection is not None
        try:
            return self._sent_once(method, path, body, headers)
        except (RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.close()
            if not kept:
                raise
            return self._sent_once(method, path, body, headers)

    def _sent_once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[HTTPResponse, bytes]:
        connection = self._connection = self._connection or self._opened()
        sent = {"accept": "application/json", "content-type": "application/json", **headers}
        if self.key is not None:
            sent["authorization"] = f"Bearer {self.key}"
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        return response, response.read()

    def _opened(self) -> HTTPConnection:
        parts = urlsplit(self.address)
        host = parts.hostname or ""
        if parts.scheme == "https":
            return HTTPSConnection(host, parts.port, timeout=self.timeout, context=self.tls)
        return HTTPConnection(host, parts.port, timeout=self.timeout)


def _pause(tried: int, asked: str | None = None) -> float:
    """Return the seconds to wait before the next try: what the service asks for, else longer each time."""
    if asked is not None and asked.isdecimal():
        return min(float(asked), LONGEST_PAUSE_S)
    return min(0.1 * 2.0**tried, LONGEST_PAUSE_S)


def _read(response: HTTPResponse, body: bytes) -> Any:
    """Return what an answer says. Raises ServiceError where it says that there is none."""
    try:
        told = json.loads(body)
    except ValueError:
        told = {}
    if 200 <= response.status < 300:
        return told
    raise ServiceError(
        str(told.get("detail") or f"The service answered with status {response.status}."),
        hint=told.get("hint"),
        status=response.status,
        kind=str(told.get("type", "")).rpartition(":")[2],
        errors=told.get("errors") or [],
    )


_KNOWN = frozenset(each.name for each in fields(Answer))


def _answer(told: Mapping[str, Any], version: int) -> Answer:
    known = {name: value for name, value in told.items() if name in _KNOWN}
    known["flags"] = tuple(_made(Flag, flag) for flag in told["flags"])
    if told.get("reasons") is not None:
        known["reasons"] = tuple(_made(Reason, reason) for reason in told["reasons"])
    return Answer(**{"version": version, **known})


def _recommendation(told: Mapping[str, Any], version: int) -> Recommendation:
    return Recommendation(
        id=told["id"],
        items=tuple(_made(Recommended, place) for place in told["items"]),
        fallback=told["fallback"],
        unknown=tuple(told["unknown"]),
        flags=tuple(_made(Flag, flag) for flag in told["flags"]),
        version=told.get("version", version),
    )


def _made(kind: Any, told: Mapping[str, Any]) -> Any:
    """Return an object of a kind; what a newer service says beyond it is left out."""
    known = {each.name for each in fields(kind)}
    return kind(**{name: value for name, value in told.items() if name in known})


def _rows(given: object) -> list[Any]:
    """Return rows as they are sent. Raises OptionError where these are no rows."""
    if hasattr(given, "to_dicts"):  # a Polars frame
        given = given.to_dicts()
    if isinstance(given, Mapping):
        return [given]
    rows = list(given) if isinstance(given, Iterable) and not isinstance(given, str | bytes) else None
    if rows is None or type(given).__module__.startswith("pandas") or not all(isinstance(row, Mapping) for row in rows):
        raise OptionError(
            f"The rows cannot be a {type(given).__name__} of this kind.",
            hint="give {column: value} for one row, a list of these, or a Polars frame; of a pandas frame, "
            'frame.to_dict("records").',
        )
    return rows


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: numbers of all kinds plain, moments as ISO 8601, NaN as null. Raises OptionError.

    >>> _plain({"price": Decimal("12.50"), "day": date(2026, 11, 2), "rate": float("nan")})
    {'price': 12.5, 'day': '2026-11-02', 'rate': None}
    """
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    kind = type(value).__name__
    if kind == "datetime64":  # of nanoseconds, NumPy would make a whole number
        value = None if str(value) == "NaT" else str(value)
    elif hasattr(value, "item") and not isinstance(value, str) and getattr(value, "shape", ()) == ():
        value = value.item()
    if isinstance(value, Decimal):
        value = math.nan if value.is_nan() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date | datetime):
        return None if kind == "NaTType" else value.isoformat()
    if kind == "NAType":  # pandas' word for a gap
        return None
    if value is None or isinstance(value, str | int):
        return value
    raise OptionError(
        f"A value of type {kind} cannot be sent: {value!r:.60}.",
        hint="a value is a number, text, True, False, None, a date or a datetime.",
    )
