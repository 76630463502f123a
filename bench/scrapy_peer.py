# SPDX-License-Identifier: EUPL-1.2
"""
The crawl that a user of Scrapy and scrapy-webarchive would write; run by Scrapy in an environment of its own.

    scrapy runspider bench/scrapy_peer.py -a seed=URL

A CrawlSpider with Scrapy's own link extractor, widened to the embeds of a page; a WACZ in the current folder.
Both packages are as they come but for what politeness would slow down. Knows nothing of the bench.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar
from urllib.parse import urljoin

from scrapy.linkextractors import LinkExtractor
from scrapy.spiders import CrawlSpider, Rule


class SiteSpider(CrawlSpider):
    """Everything on the host of the seed."""

    name = "site"
    custom_settings: ClassVar[dict[str, Any]] = {
        "EXTENSIONS": {"scrapy_webarchive.extensions.WaczExporter": 543},
        "SW_EXPORT_URI": "file://./out/site.wacz",
        "ROBOTSTXT_OBEY": True,
        "DOWNLOAD_DELAY": 0,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
        "LOG_LEVEL": "WARNING",
        "TELNETCONSOLE_ENABLED": False,
        "REQUEST_FINGERPRINTER_IMPLEMENTATION": "2.7",
    }

    def __init__(self, seed: str) -> None:
        self.start_urls = [seed]
        extractor = LinkExtractor(
            allow=re.escape(urljoin(seed, "/")),
            tags=("a", "area", "link", "img", "script"),
            attrs=("href", "src"),
            deny_extensions=(),
        )
        self.rules = (Rule(extractor, follow=True),)
        super().__init__()
