"""How a service stops to take connections without losing one that it has taken already.

Closing a listening socket resets all who have connected and were not yet accepted, together with the requests that they
have sent. So nobody new is let in for a moment before: whoever knocks is not answered by the kernel, knocks again a
second later, and is then told that nobody is there. Those who were in get their answers meanwhile.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import sys

LAST_S = 0.3
"""So long the last who were let in are served before the socket closes."""
_ATTACH_FILTER = 26
_DROP = struct.pack("HBBI", 0x06, 0, 0, 0)
"""The shortest packet filter: return 0, which is how many bytes of a packet are kept."""


def let_nobody_in(listener: socket.socket) -> None:
    """Let the kernel drop what arrives for a listening socket; connections that were made are not touched.

    Only Linux can do it; elsewhere it does nothing, and a client that connects at that very moment has to ask again.
    """
    if sys.platform != "linux":
        return
    instruction = ctypes.create_string_buffer(_DROP, len(_DROP))
    program = struct.pack("@HP", 1, ctypes.addressof(instruction))
    listener.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, program)
