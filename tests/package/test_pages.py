# SPDX-License-Identifier: MIT
"""The documentation as web pages: each link in them, and in the Markdown, leads somewhere."""

import re
import subprocess
import sys
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlparse

SOURCE = Path(__file__).parents[2]
sys.path.insert(0, str(SOURCE / "tests/support"))
import harness  # noqa: E402


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.names = [], set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.names.update(attrs[key] for key in ("id", "name") if attrs.get(key))
        self.links += [attrs[key] for key in ("href", "src") if attrs.get(key)]


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(place.cleanup)
        cls.folder = Path(place.name) / "pages"
        subprocess.run([SOURCE / "docs/make-pages", cls.folder], check=True, stdin=subprocess.DEVNULL, timeout=120)
        cls.pages = {path: Page(path) for path in cls.folder.rglob("*.html")}

    def dead(self, link, page):
        url = urlparse(link)
        if url.scheme:
            return None if url.scheme in ("http", "https", "mailto") else "of a scheme that nobody expects"
        path = (page.parent / unquote(url.path)).resolve() if url.path else page
        if not path.exists():
            return "to what is not there"
        named = self.pages.get(path)
        return "to a place that is not there" if url.fragment and named and url.fragment not in named.names else None

    def test_no_link_is_dead(self):
        found = [f"{path.relative_to(self.folder)}: {link}: {dead}" for path, page in self.pages.items()
                 for link in page.links if (dead := self.dead(link, path))]
        self.assertEqual(found, [])

    def test_each_page_is_reached_from_the_first(self):
        reached, left = set(), [self.folder / "index.html"]
        while left:
            page = left.pop()
            if page in reached or page not in self.pages:
                continue
            reached.add(page)
            left += [(page.parent / urlparse(link).path).resolve() for link in self.pages[page].links if link]
        self.assertEqual(set(self.pages) - reached, set())

    def test_the_manual_is_whole(self):
        text = (self.folder / "docs/pisdk-run.1.html").read_text()
        self.assertIn('<a href="pisdk-cluster.1.html">pisdk-cluster(1)</a>', text)
        self.assertRegex(re.sub("<[^>]*>", "", text), r"Start N\s+MPI ranks")


if __name__ == "__main__":
    harness.main()
