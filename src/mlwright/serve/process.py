"""The processes of a service: one, or a supervisor with workers that share the socket."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlwright.errors import OptionError, OutputError
from mlwright.serve import app, logs, metrics
from mlwright.serve.closing import let_nobody_in
from mlwright.serve.settings import Settings, to_json

if TYPE_CHECKING:
    import uvicorn

GRACE_S = 30
"""So long requests that are being answered may take when the service stops."""
BACKLOG = 2048
MEMORY = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it
FAILED = 2
"""The exit code where a worker could not start; why, its log says."""


def run(
    settings: Settings, *, ready: Callable[[str], None] = lambda _: None, make: Callable[[], app.Worker] = app.make
) -> int:
    """Serve until told to stop; return the exit code.

    `ready` is told the address before the first request is taken. `make` makes the application of each process: a
    function at the top of a module, so that workers find it.

    Raises OutputError where the address cannot be used, OptionError where the certificate cannot.
    """
    import uvicorn
    from uvicorn.config import STARTUP_FAILURE

    from mlwright.serve.supervisor import Supervisor

    logs.configure(settings.logs)
    _check_certificate(settings)
    listener = listening(settings)
    host, port = listener.getsockname()[:2]
    os.environ[app.SETTINGS] = to_json(settings)
    shared = _shared_metrics(settings)
    made = make() if settings.workers == 1 else None
    config = _config(settings, made or f"{make.__module__}:{make.__qualname__}")
    scheme = "http" if settings.certificate is None else "https"
    address = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    try:
        if made is None:
            ready(address)
            supervisor = Supervisor(config, [listener], drain_s=settings.drain_s)
            supervisor.run()
            has_failed = any(each.exitcode == STARTUP_FAILURE for each in supervisor.processes)
            return FAILED if has_failed and not supervisor.has_served else 0
        made.on_start = lambda: ready(address)
        made.on_last = lambda: let_nobody_in(listener)
        server = uvicorn.Server(config)
        # uvicorn raises the signal again after it has stopped: by then all is done, and the exit code says so
        signal.signal(signal.SIGTERM, lambda *_: None)
        with suppress(SystemExit):  # raised where the application does not start; why is told by the application
            server.run(sockets=[listener])
        if made.failure is not None:
            raise made.failure
        return 0
    finally:
        listener.close()
        if shared is not None:
            shutil.rmtree(shared, ignore_errors=True)


def _config(settings: Settings, made: app.Worker | str) -> uvicorn.Config:
    """Return how the server runs: with the application that was made, or what each worker makes its own with."""
    import uvicorn

    return uvicorn.Config(
        made,
        factory=isinstance(made, str),
        http="mlwright.serve.protocol:BoundedProtocol",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        workers=settings.workers,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=75,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.private_key,
    )


def listening(settings: Settings) -> socket.socket:
    """Return a socket that is bound to the address. Raises OutputError where that is taken or not ours."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise OutputError(
            f"The service cannot listen at {settings.host}:{settings.port}: {error.strerror or error}.",
            hint="another service may be there: choose another --port, or 0 for any free one.",
        ) from error
    listener.set_inheritable(True)
    return listener


def _shared_metrics(settings: Settings) -> Path | None:
    """Set the folder in which workers count together, before anything that counts is imported by them."""
    if settings.workers == 1:
        return None
    # In memory where there is such a folder: the files are mapped, and a full disk would end the workers (SIGBUS).
    memory = MEMORY if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="mlwright-metrics-", dir=memory))
    os.environ[metrics.SHARED] = str(folder)
    return folder


def _check_certificate(settings: Settings) -> None:
    """Load the certificate and its key once, to say what is wrong with them before any worker starts.

    What is loaded is thrown away: workers are handed the settings as bytes, and a TLS context cannot be.
    """
    import ssl

    if settings.certificate is None:
        return
    try:
        # A key with a password is an error here: each worker would ask for it at a terminal that it does not have.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.certificate, settings.private_key, password=lambda: "")
    except (OSError, ssl.SSLError) as error:
        raise OptionError(
            f"The certificate cannot be used: {error}.",
            where=settings.certificate,
            hint="two PEM files are needed: the certificate and its key, which has no password.",
        ) from error
