"""The SEC's files that are no filings, found by its own pages."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.doors import door
from tests.small_edgar import SmallEdgar
from thirteenf import references
from thirteenf.errors import BlockedError
from thirteenf.finding import Finder
from thirteenf.references import FAILS_PAGE, LIST_PAGE
from thirteenf.shelf import Shelf

HELD = [date(2026, 6, 30)]
NOW = datetime(2026, 8, 20, tzinfo=UTC)


def packed(text="SETTLEMENT DATE|CUSIP\n"):
    with io.BytesIO() as into:
        with zipfile.ZipFile(into, "w") as file:
            file.writestr("a.txt", text * 50)
        return into.getvalue()


def page(*links):
    body = "".join(f'<li><a href="{link}">x</a></li>' for link in links)
    return f"<!DOCTYPE html>\n<html><body><ul>{body}</ul></body></html>".encode()


class World:
    """A small EDGAR with the SEC's pages, and runs against it."""

    def __init__(self, served, folder):
        self.served, self.folder, self.now = served, folder, NOW
        self.shelf = Shelf(folder / "listings")
        for name in references.SYMBOLS:
            served.put(f"www.sec.gov/files/{name}", b'{"0": {}}')
        self.pages((), ())

    def pages(self, lists, fails, *, older=True):
        """What the SEC's pages link to; beside it, as always there, files of quarters that are not held."""
        more = (["/files/13flist2013q3.txt"], ["/files/cnsfails201307a.zip"]) if older else ([], [])
        self.served.put(f"www.sec.gov/{LIST_PAGE}", page(*lists, *more[0]))
        self.served.put(f"www.sec.gov/{FAILS_PAGE}", page(*fails, *more[1]))

    def put(self, *paths, body=None):
        for path in paths:
            default = packed() if path.endswith(".zip") else b"037833100 *APPLE INC\n"
            self.served.put(f"www.sec.gov/{path}", default if body is None else body)

    def run(self, held=HELD):
        self.served.forget()
        with door(self.served, self.folder) as edgar:
            return references.refresh(Finder(edgar, self.shelf, lambda: self.now), held)

    @property
    def asked(self):
        return [path.removeprefix("www.sec.gov/") for path in self.served.paths()]

    @property
    def kept(self):
        names = (name.removeprefix("reference/") for name in self.shelf.names() if self.shelf.read(name) is not None)
        return sorted(name for name in names if name.startswith(("13f-list/", "fails/")))


@pytest.fixture
def world(tmp_path):
    with SmallEdgar(tmp_path / "tree") as served:
        yield World(served, tmp_path)


def test_all_of_it_and_then_nothing_for_a_day(world):
    world.pages(["/files/investment/13flist2026q2.txt"], ["/files/data/cnsfails202606a.zip"])
    world.put("files/investment/13flist2026q2.txt", "files/data/cnsfails202606a.zip")
    told = world.run()
    assert (told.here, told.fetched, told.absent, told.failed) == (6, 6, [], [])
    assert len(world.asked) == 6
    told = world.run()
    assert (told.here, told.fetched, world.asked) == (6, 0, [])
    world.now += timedelta(days=1)
    told = world.run()
    assert (told.here, told.fetched) == (6, 0)
    assert len(world.asked) == 4  # what changes, and not what never does
    assert [request.status for request in world.served.seen] == [304] * 4


@pytest.mark.parametrize("link", [
    "/files/investment/13flist2026q2-txt.txt", "/files/investment/13flist2026q2.pdf", "/files/13FList2026Q2.TXT",
    "https://www.sec.gov/files/elsewhere/13flist2026q2.txt", "/divisions/investment/13f/13flist2026q2.txt?x=1",
])  # fmt: skip
def test_the_list_wherever_it_is_and_whatever_it_is_called(world, link):
    path = link.removeprefix("https://www.sec.gov").lstrip("/")
    world.pages([link], [])
    world.put(path.partition("?")[0], body=b"%PDF-1.6 x %%EOF" if path.endswith(".pdf") else None)
    assert world.run().absent == []
    assert world.asked[-2:] == [path, FAILS_PAGE]
    assert world.kept == ["13f-list/" + path.partition("?")[0].rpartition("/")[2]]


@pytest.mark.parametrize("order", [1, -1])
def test_the_text_of_a_list_comes_before_its_pdf(world, order):
    links = ["/files/13flist2026q2.pdf", "/files/13flist2026q2-txt.txt"][::order]
    world.pages(links, [])
    world.put("files/13flist2026q2-txt.txt", "files/13flist2026q2.pdf")
    world.run()
    assert world.kept == ["13f-list/13flist2026q2-txt.txt"]


def test_only_the_periods_held_are_asked_for(world):
    lists = [f"/files/13flist{year}q{quarter}.txt" for year in (2025, 2026) for quarter in (1, 2, 3, 4)]
    fails = [f"/files/cnsfails2026{month:02}{half}.zip" for month in range(1, 8) for half in "ab"]
    world.pages(lists, fails)
    world.put(*(link.lstrip("/") for link in (*lists, *fails)))
    world.run([date(2026, 6, 30), date(2025, 9, 30)])
    assert world.kept == [
        "13f-list/13flist2025q3.txt", "13f-list/13flist2026q2.txt", "fails/cnsfails202604a.zip",
        "fails/cnsfails202604b.zip", "fails/cnsfails202605a.zip", "fails/cnsfails202605b.zip",
        "fails/cnsfails202606a.zip", "fails/cnsfails202606b.zip",
    ]  # fmt: skip
    assert len(world.asked) == 4 + 8
    world.run([])
    assert world.asked == []


@pytest.mark.parametrize(("link", "period"), [
    ("/files/data/other/fails-deliver-data/cnsfails202605a.zip", date(2026, 6, 30)),
    ("/files/node/add/data_distribution/cnsfails202004a.zip", date(2020, 6, 30)),
    ("/files/data/fails-deliver-data/cnsfails202308b_0.zip", date(2023, 9, 30)),
    ("https://www.sec.gov/files/data/cnsfails201910a_0.zip", date(2019, 12, 31)),
    ("/files/data/cnsp_sec_fails_2009q1.zip", date(2009, 3, 31)),
])  # fmt: skip
def test_fails_files_in_their_folders_and_under_their_names(world, link, period):
    path = link.removeprefix("https://www.sec.gov").lstrip("/")
    world.pages([], [link, "/files/data/cnsfails209913c.zip", "/files/data/cnsfails202313a.zip", "/about"])
    world.put(path)
    told = world.run([period])
    assert (told.absent, told.failed) == ([], [])
    assert world.kept == [f"fails/{path.rpartition('/')[2]}"]


def test_what_was_uploaded_anew_stands_beside_the_old(world):
    links = ["/files/cnsfails202604b.zip", "/files/cnsfails202604b_0.zip"]
    world.pages([], links)
    world.put(*(link.lstrip("/") for link in links))
    world.run()
    assert world.kept == ["fails/cnsfails202604b.zip", "fails/cnsfails202604b_0.zip"]


def test_a_file_that_moved_is_fetched_from_where_it_is_now(world):
    world.pages([], ["/old/cnsfails202604a.zip"])
    world.put("old/cnsfails202604a.zip")
    world.run()
    world.pages([], ["/new/cnsfails202604a.zip"])
    world.put("new/cnsfails202604a.zip")
    world.now += timedelta(days=2)
    assert world.run().fetched == 2  # the page and the file
    assert "new/cnsfails202604a.zip" in world.asked


def test_what_is_absent_is_told_and_stops_nothing(world):
    world.pages(["/files/13flist2026q2.txt"], ["/files/cnsfails202604a.zip", "/files/cnsfails202604b.zip"])
    world.put("files/13flist2026q2.txt", "files/cnsfails202604a.zip")
    for _ in range(2):
        told = world.run()
        assert [url.rpartition("/")[2] for url in told.absent] == ["cnsfails202604b.zip"]
        assert told.here == 6
    assert world.asked == []  # not again on that day
    world.put("files/cnsfails202604b.zip")
    world.now += timedelta(days=1)
    told = world.run()
    assert (told.absent, told.here) == ([], 7)


def test_pages_that_are_gone_are_told(world):
    for name in (LIST_PAGE, FAILS_PAGE):
        world.served.remove(f"www.sec.gov/{name}")
    told = world.run()
    assert [url.rpartition("/")[2] for url in told.absent] == [
        name.rpartition("/")[2] for name in (LIST_PAGE, FAILS_PAGE)
    ]
    assert told.here == 2


@pytest.mark.parametrize("body", [packed()[:-30], packed()[:60] + b"\0\0\0\0" + packed()[64:], page("/x"), b""])
def test_a_damaged_file_is_told_and_not_kept(world, body):
    world.pages([], ["/files/cnsfails202604a.zip"])
    world.put("files/cnsfails202604a.zip", body=body)
    told = world.run()
    assert (len(told.failed), world.kept, told.here) == (1, [], 4)
    world.put("files/cnsfails202604a.zip")
    assert world.run().here == 4  # not again on that day
    world.now += timedelta(days=1)
    assert world.run().failed == []
    assert world.kept == ["fails/cnsfails202604a.zip"]


def test_a_block_stops_it(world):
    world.served.fail("*company_tickers.json", "rate-block")
    with pytest.raises(BlockedError):
        world.run()
    assert len(world.asked) == 1


def test_each_file_is_told_before_it_is_asked_for(world, tmp_path):
    told = []
    with door(world.served, tmp_path) as edgar:
        references.refresh(Finder(edgar, world.shelf, lambda: NOW), HELD, told.append)
    assert told[:2] == list(references.SYMBOLS)
    assert [name.partition("/")[0] for name in told[2:]] == ["pages", "pages"]


def test_a_page_that_names_no_file_any_more_is_told_and_what_is_here_stays(world):
    world.pages(["/files/investment/13flist2026q2.txt"], ["/files/data/cnsfails202606a.zip"])
    world.put("files/investment/13flist2026q2.txt", "files/data/cnsfails202606a.zip")
    world.run()
    before = world.kept
    world.pages(["/files/investment/13flist2026q2.txt"], ["/files/data/another-name.zip"], older=False)
    world.now += timedelta(days=1)
    told = world.run()
    assert world.kept == before
    assert len(told.failed) == 1
    assert FAILS_PAGE in told.failed[0]
