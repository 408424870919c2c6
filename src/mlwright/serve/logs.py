"""Logs: one JSON object a line on standard error, the service's own and the server's alike."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec

from mlwright.serve.settings import Logs

_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}

SERVER_LEVEL = "critical"
"""The server below tells of every client that speaks no HTTP, and says again what the service says of itself."""


class JsonLines(logging.Formatter):
    """Writes a log record as one JSON object; what it holds cannot begin a new line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "process": record.process,
        }
        told |= {name: value for name, value in vars(record).items() if name not in _USUAL}
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(told, enc_hook=str).decode()


def configure(logs: Logs) -> None:
    """Let the service and the server below it write to standard error, from a level on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name, level in (("mlwright.serve", logs.level), ("uvicorn.error", SERVER_LEVEL)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(max(logging.getLevelName(level.upper()), logging.getLevelName(logs.level.upper())))
