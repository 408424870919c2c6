"""python -m mlwright.cli."""

import sys

from mlwright.cli.run import main

sys.exit(main())
