"""E-mail: plain text with simple HTML beside it, by SMTP."""

from __future__ import annotations

import logging
import re
import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from mlwright.errors import OptionError
from mlwright.monitor.deliver.base import SECRET, UndeliveredError
from mlwright.monitor.deliver.deadline import Deadline
from mlwright.monitor.deliver.post import is_near, reason
from mlwright.monitor.deliver.told import told_of
from mlwright.monitor.deliver.webhook import message_id

if TYPE_CHECKING:
    from jinja2 import Environment

    from mlwright.monitor.alarm import Alarm

logger = logging.getLogger("mlwright.monitor")
SECURITY = ("starttls", "tls", "none")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A message to each of a few people."""

    kind: ClassVar[str] = "email"
    host: str
    sender: str
    to: tuple[str, ...]
    port: int = 587
    security: str = "starttls"
    """How the way is encrypted; a server that cannot is not used."""
    user: str = ""
    password: str = field(default="", repr=False, metadata=SECRET)
    timeout_s: float = 20.0

    def check(self) -> None:
        """Raise OptionError where nobody could be written to, or a password would be sent in the open."""
        for address in (self.sender, *self.to):
            if not _ADDRESS.fullmatch(address):
                raise OptionError(f"{address!r:.120} is no e-mail address.", hint="write somebody@example.org alone.")
        if not self.to:
            raise OptionError("There is nobody to write to.", hint='to = ["somebody@example.org"].')
        if self.security not in SECURITY:
            raise OptionError.unknown("security", self.security, SECURITY)
        if not 0 < self.port < 65_536:
            raise OptionError(f"There is no port {self.port}.")
        if not re.fullmatch(r"[A-Za-z0-9.:_-]{1,253}", self.host):
            raise OptionError(f"{self.host!r:.120} is no name of a host.")
        if self.security == "none" and not is_near(self.host):
            raise OptionError(
                "The way to the mail server is not encrypted.", hint='security = "starttls", or "tls" on port 465.'
            )
        if bool(self.user) != bool(self.password):
            raise OptionError("A user of the mail server needs a password, and a password a user.")

    def send(self, alarm: Alarm, *, link: str | None) -> None:
        """Send one alarm. Raises UndeliveredError."""
        message = self._message(alarm, link)
        with Deadline(self.timeout_s) as deadline:
            try:
                refused = self._sent(message, deadline)
            except UndeliveredError as error:
                if not deadline.is_over:
                    raise
                # What was cut off in the middle of a word says nothing.
                said = f"{self.host} cannot be reached: {reason(TimeoutError())}."
                raise UndeliveredError(said) from error
        if refused:  # the others have it, and would get it again and again
            logger.error("%s does not write to %d of %d addresses.", self.host, refused, len(self.to))

    def _sent(self, message: EmailMessage, deadline: Deadline) -> int:
        """Send a message, and return to how many it was not sent. Raises UndeliveredError."""
        try:
            with self._connected(deadline) as server:
                return len(server.send_message(message, self.sender, [*self.to]))
        except smtplib.SMTPAuthenticationError as error:
            raise UndeliveredError(f"{self.host} does not know the user or the password.") from error
        except smtplib.SMTPResponseException as error:
            raise UndeliveredError(
                f"{self.host} does not take the message: it says {error.smtp_code}.",
                is_refused=isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500,
            ) from error
        except smtplib.SMTPRecipientsRefused as error:
            raise UndeliveredError(f"{self.host} writes to none of those in `to`.") from error
        except smtplib.SMTPNotSupportedError as error:
            raise UndeliveredError(
                f"{self.host} cannot do what the settings want: {self.security}, or a password."
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            raise UndeliveredError(f"{self.host} cannot be reached: {reason(error)}.") from error

    def _connected(self, deadline: Deadline) -> smtplib.SMTP:
        context = ssl.create_default_context()
        server = _Smtp(self.host, self.port, deadline, context if self.security == "tls" else None)
        try:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, alarm: Alarm, link: str | None) -> EmailMessage:
        told = told_of(alarm)
        message = EmailMessage()
        message["From"] = _address(self.sender)
        message["To"] = [_address(each) for each in self.to]
        message["Subject"] = told.subject
        message["Date"] = formatdate()
        message["Message-ID"] = f"<{message_id(alarm)}@{self.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content("\n\n".join(told.lines(link)) + "\n", cte="quoted-printable")
        html = _templates().get_template("mail.html").render(told=told, link=link)
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        return message


class _Smtp(smtplib.SMTP):
    """An SMTP client whose connection is a deadline's, encrypted from the beginning where there is a context."""

    def __init__(self, host: str, port: int, deadline: Deadline, context: ssl.SSLContext | None) -> None:
        self._deadline, self._context = deadline, context
        super().__init__(host, port, timeout=deadline.seconds)

    def _get_socket(self, host: str, port: int, _timeout: float) -> socket.socket:
        made = self._deadline.connect(host, port)
        if self._context is None:
            return made
        try:
            return self._context.wrap_socket(made, server_hostname=host)
        except BaseException:
            made.close()
            raise


def _address(text: str) -> Address:
    return Address(addr_spec=text)


@cache
def _templates() -> Environment:
    from mlwright.report.html import templates

    return templates("mlwright.monitor.deliver")
