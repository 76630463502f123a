# SPDX-License-Identifier: EUPL-1.2
"""`python -m archiver` is the same as `daykeep`."""

from .cli import main

main()
