# SPDX-License-Identifier: EUPL-1.2
"""Programs that look for inputs that break a part, guided by what of the code each input runs. Started by tests."""
