"""Where things are on EDGAR. Addresses that the SEC moves about are read from its listing pages instead."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urljoin, urlsplit

from thirteenf.errors import UsageError
from thirteenf.filing import EDGAR, folder

if TYPE_CHECKING:
    from datetime import date

_HOSTS = {"www": EDGAR, "data": "https://data.sec.gov", "efts": "https://efts.sec.gov"}


@dataclass(frozen=True)
class Addresses:
    """EDGAR's three hosts, and what each serves."""

    www: str = _HOSTS["www"]
    data: str = _HOSTS["data"]
    efts: str = _HOSTS["efts"]

    @classmethod
    def chosen(cls) -> Addresses:
        """The hosts as THIRTEENF_EDGAR_WWW, THIRTEENF_EDGAR_DATA and THIRTEENF_EDGAR_EFTS name them.

        Raises:
            UsageError: if one is no address.
        """
        named = {}
        for host, usual in _HOSTS.items():
            variable = f"THIRTEENF_EDGAR_{host.upper()}"
            base = os.environ.get(variable) or usual
            if urlsplit(base).scheme not in ("http", "https") or not urlsplit(base).netloc:
                raise UsageError(f"{variable} is '{base}', no address.", f"Such as {usual}; or leave it unset.")
            named[host] = base.rstrip("/")
        return cls(**named)

    @property
    def are_the_secs(self) -> bool:
        """Whether any of them is the SEC's own, whose law of 10 requests a second holds."""
        names = [urlsplit(base).hostname or "" for base in (self.www, self.data, self.efts)]
        return any(name == "sec.gov" or name.endswith(".sec.gov") for name in names)

    def submissions(self, cik: str) -> str:
        """All filings of one filer, newest first."""
        return self.submissions_page(f"CIK{cik}.json")

    def submissions_page(self, name: str) -> str:
        """A page of older filings, by the name that the first page gives it."""
        return f"{self.data}/submissions/{quote(name)}"

    def submission(self, cik: str, accession_number: str) -> str:
        """A filing whole: header, cover page and table in one request."""
        return f"{self.folder(cik, accession_number)}{accession_number}.txt"

    def folder(self, cik: str, accession_number: str) -> str:
        """A filing's folder."""
        return folder(cik, accession_number, self.www)

    def daily_index(self, day: date) -> str:
        """All filings of a day."""
        return f"{self._daily(day)}/master.{day:%Y%m%d}.idx"

    def daily_directory(self, day: date) -> str:
        """Which days of a day's quarter have an index."""
        return f"{self._daily(day)}/index.json"

    def full_index(self, day: date) -> str:
        """All filings of the quarter that a day lies in; rebuilt weekly at least."""
        return f"{self.www}/Archives/edgar/full-index/{day.year}/QTR{(day.month + 2) // 3}/master.idx"

    def current(self, start: int = 0, count: int = 100) -> str:
        """The newest filings as they are accepted; the type is a prefix."""
        asked = {"action": "getcurrent", "type": "13F", "count": count, "start": start, "output": "atom"}
        return f"{self.www}/cgi-bin/browse-edgar?{urlencode(asked)}"

    def search(self, words: str) -> str:
        """Filings whose filer's name, or whose text, has some words."""
        return f"{self.efts}/LATEST/search-index?{urlencode({'q': words, 'forms': '13F-HR,13F-NT'})}"

    def file(self, path: str) -> str:
        """A file or page of the SEC's site, by its path, or the address that a page of that site links to."""
        link = urlsplit(path)
        if link.netloc:  # a link written out in full: the same path, on the host that we use
            path = link.path
        return urljoin(f"{self.www}/", path.lstrip("/"))

    def _daily(self, day: date) -> str:
        return f"{self.www}/Archives/edgar/daily-index/{day.year}/QTR{(day.month + 2) // 3}"
