"""Makes `python -m sdax` the same as the `sdax` command."""

import sys

from sdax._command import main

sys.exit(main())
