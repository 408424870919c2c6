"""Problems: what is said to a client whose request is wrong, or that has to wait (RFC 9457).

`kind` is a short name for programs, `detail` a sentence for people; `errors` name row, column and value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

MOST_ERRORS = 100
"""So many errors of one request are listed; how many there are in all is always told."""
TYPE = "urn:mlwright:problem:"

STATUS: Mapping[str, tuple[int, str]] = {
    "malformed-request": (400, "The request cannot be read"),
    "no-key": (401, "An API key is needed"),
    "not-allowed": (403, "The API key does not allow this"),
    "foreign-origin": (403, "Requests of other sites are not taken"),
    "no-such-path": (404, "There is nothing at this address"),
    "no-such-model": (404, "There is no such model here"),
    "no-such-job": (404, "There is no such job"),
    "wrong-method": (405, "This address does not take this method"),
    "not-acceptable": (406, "Answers cannot be written like that"),
    "too-slow": (408, "The request took too long to arrive"),
    "conflict": (409, "This contradicts what was said before"),
    "not-done": (409, "The job is not done"),
    "too-large": (413, "The request is too large"),
    "unknown-media-type": (415, "This kind of content is not read here"),
    "wrong-host": (421, "This service does not answer under that name"),
    "not-kept": (422, "What is answered here is not kept"),
    "wrong-way": (422, "This model is not asked in this way"),
    "invalid-rows": (422, "Some values cannot be taken"),
    "headers-too-large": (431, "The headers are too large"),
    "internal-error": (500, "The service has a fault"),
    "busy": (503, "The service is busy"),
    "not-ready": (503, "The service is not ready"),
    "not-recorded": (503, "What was sent or answered could not be kept"),
    "no-room": (507, "There is no room for the file"),
}
"""Every kind of problem: its status and its title. The reference lists them, and a test holds the two together."""


class RowError(msgspec.Struct, frozen=True, omit_defaults=True):
    """One wrong value: where it stands, what it is, what would be right."""

    message: str
    kind: str
    row: int | None = None
    column: str | None = None
    value: Any = None
    nearest: str | None = None


class Problem(Exception):  # noqa: N818  the name that RFC 9457 gives it
    """A request that gets no answer: raised anywhere below the door, which makes a response of it."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        hint: str | None = None,
        errors: Sequence[RowError] = (),
        retry_after: int | None = None,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.hint, self.errors = kind, detail, hint, errors
        self.status, self.title = STATUS[kind]
        self.headers = [*headers]
        if retry_after is not None:
            self.headers.append((b"retry-after", str(retry_after).encode()))

    def body(self, request_id: str, *, error: bool = False) -> bytes:
        """Return the JSON of the problem; with `error` as the Open Inference Protocol wants it, too."""
        told: dict[str, Any] = {
            "type": TYPE + self.kind,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": f"urn:mlwright:request:{request_id}",
        }
        if self.hint:
            told["hint"] = self.hint
        if error:
            more = [self.errors[0].message] if len(self.errors) > 1 else []
            told["error"] = " ".join([self.detail, *more, *([f"Hint: {self.hint}"] if self.hint else [])])
        if self.errors:
            told["errors"] = list(self.errors[:MOST_ERRORS])
            told["error_count"] = len(self.errors)
        return msgspec.json.encode(told)
