# SPDX-License-Identifier: EUPL-1.2
"""Files of anyone's, read record by record, whatever has become of them. Knows nothing of snapshots."""
