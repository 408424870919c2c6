"""Once: who asks again and again on one day counts once, so that what is counted are people and not their patience.

Evidence adds up over rows that have nothing to do with one another. Somebody who asks fifty times in an evening, with
histories that differ by one entry, is one case. Which of a person's rows of a day counts is left to chance: each with
one half, until one does. Both the reference and the stream are drawn so.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from mlwright.monitor.periods import DAY
from mlwright.monitor.ranks import Counts

BITS = 1 << 17
"""Places for people and days; two may share one, and then only one of them counts, whoever they are."""
Flags = NDArray[np.bool_]


class Once:
    """Remembers whom has counted, in 16 KB; a function of the rows it was given, in order."""

    def __init__(self) -> None:
        self._there: Flags = np.zeros(BITS, dtype=np.bool_)

    def counting(self, subjects: Sequence[str | None], ids: Sequence[str], at: Counts) -> Flags:
        """Return (n,) which rows count: about whom, their ids, and when they were answered, in microseconds.

        Rows of which nobody knows whom they are about all count.
        """
        found: Flags = np.ones(len(ids), dtype=np.bool_)
        for place, (subject, own, day) in enumerate(zip(subjects, ids, (at // DAY).tolist(), strict=True)):
            if subject is None:
                continue
            if _hashed(own) % 2:
                found[place] = False
                continue
            bit = _hashed(f"{day}\0{subject}") % BITS
            found[place] = not self._there[bit]
            self._there[bit] = True
        if 2 * int(self._there.sum()) > BITS:
            self._there[:] = False
        return found

    def state(self) -> str:
        """Return it for JSON."""
        return base64.b64encode(np.packbits(self._there).tobytes()).decode()

    def restore(self, state: str) -> None:
        """Go on from a state. Raises ValueError where it is none."""
        bits = np.unpackbits(np.frombuffer(base64.b64decode(state, validate=True), dtype=np.uint8))
        if len(bits) != BITS:
            raise ValueError("whom has counted cannot be read")
        self._there = bits.astype(np.bool_)


def _hashed(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest())
