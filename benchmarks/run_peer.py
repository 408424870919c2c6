"""Run one system on one table, in the environment of that system: `python run_peer.py JOB.json`, called by peers.py."""

from __future__ import annotations

import importlib
import sys


def main() -> None:
    from runners.job import Job, measure  # not above: processes that a system spawns read this file again

    job = Job.read(sys.argv[1])
    # Files of ours beside this one could be taken for packages of theirs.
    sys.path.pop(0)
    system = importlib.import_module(f"runners.{job.system.split('-', maxsplit=1)[0]}")
    measure(system.System(job))


if __name__ == "__main__":
    main()
