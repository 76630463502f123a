# SPDX-License-Identifier: EUPL-1.2
"""Asks the application twice, once as it is and once so that its routes answer all, and holds both together."""

from __future__ import annotations

import pytest
from werkzeug.test import Client, TestResponse

from tests.support.archive import Archive
from tests.support.viewing import app_of
from viewer.straight import Straight


class OnlyRoutes(Straight):
    """Takes no question for a plain one."""

    def __init__(self, app, _read):
        super().__init__(app, lambda *_: None)


class Counted:
    """Asks the viewer, and counts how often its routes were asked."""

    def __init__(self, archive: Archive) -> None:
        self.asked = 0
        self.visitor = self._visitor(archive, self.counting)
        self.of_routes = self._visitor(archive, OnlyRoutes)

    def _visitor(self, archive, straight) -> Client:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("viewer.app.Straight", straight)
            return Client(app_of(archive), use_cookies=False)

    def counting(self, app, read):
        def routes(environ, start_response):
            self.asked += 1
            return app(environ, start_response)

        return Straight(routes, read)

    def get(
        self, path: str, host: str = "localhost:8080", method: str = "GET", **headers: str
    ) -> TestResponse:
        """Ask both; they must agree. Return the answer."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        both = [
            client.open(path, base_url=f"http://{host}", method=method, headers=fields, buffered=True)
            for client in (self.visitor, self.of_routes)
        ]
        told = [
            (one.status, sorted(set(one.headers) - {("Date", one.headers.get("Date"))}), one.data)
            for one in both
        ]
        assert told[0] == told[1]
        return both[0]
