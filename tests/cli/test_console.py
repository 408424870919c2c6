"""What is printed cannot command a terminal, and what an encoding lacks is escaped."""

from __future__ import annotations

import io

from mlwright.cli.console import _writable, encodable


def test_data_cannot_command_a_terminal() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    told = _writable("\x1b[32mpass\x1b[0m plan is \x1b[2J\x07 \u202erow\tnext\n", stream)
    assert told == "\x1b[32mpass\x1b[0m plan is \\x1b[2J\\x07 \\u202erow\tnext\n"


def test_what_an_encoding_lacks_is_escaped() -> None:
    assert (
        encodable("plan,Größe ✓\n", io.TextIOWrapper(io.BytesIO(), encoding="ascii")) == "plan,Gr\\xf6\\xdfe \\u2713\n"
    )
