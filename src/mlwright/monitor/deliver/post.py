"""One POST to one address: no redirect is followed, no proxy is asked, and it ends in time, whatever answers."""

from __future__ import annotations

import http.client
import ipaddress
import re
import ssl
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from mlwright.errors import OptionError
from mlwright.monitor.deliver.base import UndeliveredError
from mlwright.monitor.deliver.deadline import Deadline

MOST_ANSWER = 65_536
LONGEST_WAIT_S = 3_600.0
COME_AGAIN = frozenset({408, 425, 429})
"""Statuses that begin with 4 and are not about what was sent."""
_VISIBLE = re.compile(r"[!-~]+")


def checked_url(url: str, what: str, *, is_called: bool = True) -> SplitResult:
    """Return the parts of an address. Raises OptionError, which does not tell the address: it may be a secret.

    Where it `is_called`, it is encrypted beyond this machine and its network.
    """
    hint = "write https://host/path, without a name or password in it."
    if not _VISIBLE.fullmatch(url):
        raise OptionError(f"The address of {what} has letters that no address has, or is empty.", hint=hint)
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        parts, is_good = urlsplit(""), False
    if not is_good or "@" in parts.netloc or parts.fragment:
        raise OptionError(f"The address of {what} cannot be called.", hint=hint)
    if is_called and parts.scheme == "http" and not is_near(parts.hostname or ""):
        raise OptionError(
            f"The address of {what} leaves this network without encryption.",
            hint="write https://; http:// is for this machine, private addresses and names without a dot.",
        )
    return parts


def is_near(host: str) -> bool:
    """Tell whether a host is this machine or one of a private network.

    >>> is_near("127.0.0.1"), is_near("10.1.2.3"), is_near("alerts"), is_near("example.org"), is_near("8.8.8.8")
    (True, True, True, False, False)
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.casefold().endswith((".internal", ".local", ".localhost"))
    return address.is_loopback or address.is_private


def post(url: SplitResult, body: bytes, headers: Mapping[str, str], *, timeout_s: float) -> None:
    """Send a body. Raises UndeliveredError unless the answer's status begins with 2."""
    host, path = url.hostname or "", (url.path or "/") + (f"?{url.query}" if url.query else "")
    with Deadline(timeout_s) as deadline:
        try:
            answer = _answer(_connection(url, deadline), path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            said = reason(TimeoutError() if deadline.is_over else error)
            raise UndeliveredError(f"{host} cannot be reached: {said}.") from error
    _judge(host, answer)


def _connection(url: SplitResult, deadline: Deadline) -> http.client.HTTPConnection:
    """Return a connection that is made already, so that it is the deadline's. Raises OSError."""
    host, context = url.hostname or "", ssl.create_default_context()
    if url.scheme == "http":
        connection = http.client.HTTPConnection(host, url.port)
        connection.sock = deadline.connect(host, connection.port)
        return connection
    connection = http.client.HTTPSConnection(host, url.port, context=context)
    made = deadline.connect(host, connection.port)
    try:
        connection.sock = context.wrap_socket(made, server_hostname=host)
    except BaseException:
        made.close()
        raise
    return connection


def _answer(
    connection: http.client.HTTPConnection, path: str, body: bytes, headers: Mapping[str, str]
) -> http.client.HTTPResponse:
    """Send a body, and return the answer, which is read as far as anybody would. Raises OSError, HTTPException."""
    try:
        connection.request("POST", path, body, dict(headers))
        with connection.getresponse() as answer:
            answer.read(MOST_ANSWER)
        return answer
    finally:
        connection.close()


def _judge(host: str, answer: http.client.HTTPResponse) -> None:
    """Raise UndeliveredError unless the alarm was taken."""
    status = answer.status
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise UndeliveredError(
            f"{host} says {status}: it wants another address to be called.",
            hint="write the address where it really is; no redirect is followed.",
        )
    raise UndeliveredError(
        f"{host} does not take the alarm: it says {status}.",
        is_refused=400 <= status < 500 and status not in COME_AGAIN,
        retry_after_s=_wait(answer.headers.get("retry-after", "")),
    )


def _wait(text: str) -> float | None:
    """Return the seconds that an answer asks to wait, within reason; None where it says none."""
    return min(float(text), LONGEST_WAIT_S) if re.fullmatch(r"[0-9]{1,9}", text.strip()) else None


def reason(error: Exception) -> str:
    """Return why something cannot be reached, without what it was that was called."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not good ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:200]
    return type(error).__name__
