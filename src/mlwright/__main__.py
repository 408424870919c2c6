"""python -m mlwright."""

import sys

from mlwright.cli.run import main

sys.exit(main())
