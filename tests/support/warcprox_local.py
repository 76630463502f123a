# SPDX-License-Identifier: EUPL-1.2
"""warcprox as its command starts it, and allowed to record this machine. For .venv-pywb's Python, never ours."""

from __future__ import annotations

import sys

from warcprox.main import main
from warcprox.warcproxy import WarcProxyHandler

WarcProxyHandler.allow_localhost = True
sys.exit(main())
