# SPDX-License-Identifier: EUPL-1.2
"""Files of anyone's into snapshots by calendar day. Reads them with `scanning`."""
