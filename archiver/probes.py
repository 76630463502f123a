# SPDX-License-Identifier: EUPL-1.2
"""
Probes: what a host answers to an address that cannot exist, where there is reason to ask.

    two pages, one text ──▶ GET /folder/<made up>  ──▶ 404: it can say so, and the two are pages
                                                   └─▶ 200: what is the same as this is a soft 404

At most one probe for an origin and a day. Pages that come after its answer are held against it as they come;
of those before it the ones with a twin are remembered, and told then. The state of all this is a text that
the crawl keeps with its own, so that a crawl which was stopped does not ask twice. Knows nothing of fetching
or of storing; archiver.suspicion tells what counts as the same.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import msgspec

from index.errors import DamagedError
from index.urlkey import origin

from .asking import Visit
from .exchange import Exchange
from .known import Known
from .ledger import PROBE
from .suspicion import TOO_LITTLE, Fingerprint, Kind, Suspicion, fingerprint, like_nothing

REASON = "an address that cannot exist, made up to see what is answered to one"
MAX_HOSTS = 100
"""Origins that are probed in one crawl."""
MAX_TEXTS = 10_000
"""Texts in which a twin is looked for, the last that came by; of each a hash and one URL."""
MAX_TWINS = 1000
"""URLs of pages with a twin that wait for the answers to probes."""
MAX_LINES = 2000
"""Distinct lines of an answer that is compared; what has more is no message that something is not there."""

_ENDING = re.compile(r"\.[A-Za-z][0-9A-Za-z]{1,4}", re.ASCII)


class _Host(msgspec.Struct):
    """One origin that gave reason for a probe."""

    url: str
    """The probe's address."""
    answered: bool = False
    answer: Fingerprint | None = None
    """The page that was the answer; None as well where it was none."""
    twins: dict[int, list[str]] = msgspec.field(default_factory=dict)
    """By fingerprint, pages that came before the answer and have the same text as another."""


@dataclass(slots=True)
class Probes:
    """What one crawl has learned of its hosts by asking for what is not there. For one thread."""

    new_name: Callable[[], str]
    """Returns a name that no page has: letters and digits, another each time."""
    in_scope: Callable[[str], bool]
    ignored: bool = False
    """Whether soft 404s are not to be looked for; then nothing is asked."""
    _texts: OrderedDict[int, str] = field(default_factory=OrderedDict)
    _hosts: dict[str, _Host] = field(default_factory=dict)
    _changed: bool = False

    def resume(self, state: str | None) -> None:
        """Take up what `unsaved` told before a stop. Raises DamagedError."""
        try:
            self._hosts = msgspec.json.decode(state or "{}", type=dict[str, _Host])
        except msgspec.DecodeError as error:
            raise DamagedError(
                f"What the crawl keeps of its probes cannot be read ({error}): check the disk."
            ) from error

    def unsaved(self) -> str | None:
        """Return the state to keep, where it is not what was returned before."""
        changed, self._changed = self._changed, False
        return msgspec.json.encode(self._hosts).decode() if changed else None

    def judged(self, visit: Visit) -> Visit:
        """Return a visit with the suspicion that it is the same as what was answered to the host's probe."""
        page = self._page(visit) if self._hosts else None
        host = self._hosts.get(_name(visit)) if page else None
        if page is None or host is None or host.answer is None:
            return visit
        url, (title, text) = visit.known.url, page
        if fingerprint(url, title, "").title != host.answer.title:  # spares the text of most pages
            return visit
        return replace(visit, suspicion=like_nothing(host.answer, fingerprint(url, title, text)))

    def learn(self, visit: Visit) -> Known | None:
        """Learn the text of a page, and return the probe to ask for where that is reason for one."""
        page = self._page(visit)
        host = self._hosts.get(_name(visit)) if page else None
        if page is None or (host is not None and host.answered):
            return None
        url, (title, text) = visit.known.url, page
        twin = self._twin(_name(visit), url, title, text)
        if twin is None:
            return None
        probed = host or self._begin(_name(visit), url)
        if probed is None:
            return None
        self._remember(probed, _digest(fingerprint(url, title, text)), (twin, url))
        return None if host else Known(probed.url, 0, PROBE, "hint")

    def answered(self, visit: Visit) -> Iterator[tuple[str, Suspicion]]:
        """Learn what came of a probe, and yield the pages before it that are the same, with the evidence."""
        host = self._hosts.get(_name(visit))
        if host is None or host.url != visit.known.url or not isinstance(visit.answer, Exchange):
            return
        twins, host.twins = host.twins, {}
        host.answered, host.answer, self._changed = True, _answer(visit), True
        suspicion = like_nothing(host.answer, host.answer) if host.answer else None
        if host.answer and suspicion:
            yield from ((url, suspicion) for url in twins.get(_digest(host.answer), ()))

    def _page(self, visit: Visit) -> tuple[str, str] | None:
        """Return title and text of what may be a soft 404: a page that was linked to, and is none of ours."""
        known, page = visit.known, visit.read.page
        if page is None or visit.suspicion or self.ignored or known.borrowed or known.depth == 0:
            return None
        title, _, text = page
        return (title, text) if known.kind in ("outlink", "hint") and len(text) >= TOO_LITTLE else None

    def _twin(self, name: str, url: str, title: str, text: str) -> str | None:
        """Return another URL of an origin that had the same text, but for its own address."""
        path = url[len(name) :]
        for own in (url, path) if len(path) > 3 else (url,):
            text = text.replace(own, "")
        key = hash((name, title, text))
        first = self._texts.setdefault(key, url)
        self._texts.move_to_end(key)
        if len(self._texts) > MAX_TEXTS:
            self._texts.popitem(last=False)
        return None if first == url else first

    def _begin(self, name: str, url: str) -> _Host | None:
        probe = beside(url, self.new_name())
        if len(self._hosts) >= MAX_HOSTS or not self.in_scope(probe):
            return None
        self._changed = True
        return self._hosts.setdefault(name, _Host(probe))

    def _remember(self, host: _Host, digest: int, twins: tuple[str, str]) -> None:
        alike = host.twins.get(digest, [])
        room = MAX_TWINS - sum(len(urls) for one in self._hosts.values() for urls in one.twins.values())
        if new := [url for url in twins if url not in alike][: max(room, 0)]:
            host.twins[digest] = [*alike, *new]
            self._changed = True


def beside(url: str, name: str) -> str:
    """
    Return a made-up address next to a page: in its folder, with its ending.

    `/news/item.aspx` and `/news/item/` give `/news/<name>.aspx` and `/news/<name>/`: parts of a site may be
    served by different programs, and are told apart by these.
    """
    path = url.partition("?")[0]
    root = len(str(origin(url))) + 1
    slash = "/" if path.endswith("/") and len(path) > root else ""
    folder, _, last = path.removesuffix(slash).rpartition("/")
    ending = _ENDING.search(last, max(last.rfind("."), 0))
    return f"{folder}/{name}{ending[0] if ending and ending.end() == len(last) else ''}{slash}"


def _name(visit: Visit) -> str:
    return str(origin(visit.known.url))


def _answer(visit: Visit) -> Fingerprint | None:
    """Return what to compare pages with: the page that came for a probe, where it is no wall or log-in."""
    page, suspicion = visit.read.page, visit.suspicion
    if page is None or (suspicion and suspicion.kind is not Kind.SOFT_404):
        return None
    found = fingerprint(visit.known.url, page[0], page[2])
    return found if len(found.lines) <= MAX_LINES else None


def _digest(page: Fingerprint) -> int:
    # of numbers alone, so it is the same in the process that carries on
    return hash((page.title, frozenset(page.lines)))
