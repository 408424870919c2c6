"""Run one recommender on one log, in the environment of that recommender: `python run.py JOB.json`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main() -> None:
    here = str(Path(__file__).parent)
    sys.path = [here, *(place for place in sys.path if place != here)]
    from shared import Job, measure

    job = Job.read(sys.argv[1])
    measure(importlib.import_module(f"of_{job.peer.split('-', maxsplit=1)[0]}").PEERS[job.peer](job))


if __name__ == "__main__":
    main()
