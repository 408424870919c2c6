"""Section 6: where the rows came from, what was judged on a part only, and how to make the page again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from mlwright.report import format as words
from mlwright.report.document import Block, Bullets, Code, Facts, Section


def section(facts: Mapping[str, Any]) -> Section:
    """Return the section."""
    origin, target = str(facts["source"]["origin"]), facts["target"]
    blocks: list[Block] = [
        Facts(
            (
                ("Source", words.clipped(origin, 300)),
                ("Rows", words.count(facts["rows"])),
                ("Rows looked at closely", words.count(facts["judged_rows"])),
                ("Column to be predicted", "none was named" if target is None else words.clipped(target, 120)),
            )
        )
    ]
    if facts["limits"]:
        blocks.append(Bullets(tuple(facts["limits"])))
    if origin != "memory":
        asked = f" --target {shlex.quote(target)}" if target is not None else ""
        blocks.append(Code(f"mlwright profile {shlex.quote(origin)}{asked} --out profile.html", "The same page again"))
    looked = "on all rows" if facts["judged_rows"] == facts["rows"] else "partly on a sample of the rows"
    opening = f"The table was only read, nothing in it was changed; this page was made {looked}."
    return Section("made", "How this was made", opening, tuple(blocks))
