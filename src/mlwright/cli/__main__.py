"""python -m mlwright.cli."""

import sys

from mlwright.cli import main

sys.exit(main())
