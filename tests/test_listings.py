"""What EDGAR lists, from bytes to records."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.small_edgar import NEW_YORK, SmallEdgar
from tests.small_edgar import Listed as Entry
from thirteenf import listings
from thirteenf.errors import EdgarError
from thirteenf.listings import FORMS, Listed

CIK = "0001009672"
HEAD = (
    b"Description:           Master Index of EDGAR Dissemination Feed\n\n"
    b"CIK|Company Name|Form Type|Date Filed|Filename\n" + b"-" * 80 + b"\n"
)


def number(place, year=25):
    return f"0009999991-{year:02}-{place:06}"


def arrays(count, *, form="13F-HR", start=1, **more):
    """Parallel arrays of so many filings, newest first."""
    places = range(start + count - 1, start - 1, -1)
    plain = {
        "accessionNumber": [number(place) for place in places],
        "filingDate": [f"2025-11-{place % 28 + 1:02}" for place in places],
        "reportDate": ["2025-09-30"] * count,
        "acceptanceDateTime": ["2025-11-14T21:05:12.000Z"] * count,
        "form": [form] * count,
    }
    return plain | more


def document(recent, *, cik=CIK, name="EXAMPLE ADVISORS LLC", files=()):
    told = {"cik": cik, "name": name, "filings": {"recent": recent, "files": list(files)}}
    return json.dumps(told).encode()


def line(cik=9999991, name=b"EXAMPLE", form=b"13F-HR", filed=b"20251114", place=1, end=b"\n"):
    tail = f"edgar/data/{cik}/{number(place)}.txt".encode()
    return b"|".join([str(cik).encode(), name, form, filed, tail]) + end


# A manager's list


def test_what_a_list_says_of_a_filing():
    (one,) = listings.submissions(document(arrays(1)), CIK).filings
    assert one == Listed(
        number(1), CIK, "13F-HR", date(2025, 11, 2), date(2025, 9, 30), "EXAMPLE ADVISORS LLC",
        datetime(2025, 11, 14, 21, 5, 12, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.parametrize("form", ["13F-E", "13F-HR-X", "13f-hr", "13FCONP", "N-PX", "SC 13G", "10-K"])
def test_other_forms_are_left_out_and_are_not_unreadable(form):
    found = listings.submissions(document(arrays(2, form=form)), CIK)
    assert (found.filings, found.unreadable) == ((), 0)


def test_every_form_13f_is_taken():
    found = listings.submissions(document(arrays(4) | {"form": list(FORMS)}), CIK)
    assert [one.form for one in found.filings] == list(FORMS)


@pytest.mark.parametrize(("short", "kept", "unreadable"), [
    ("reportDate", 3, 0), ("acceptanceDateTime", 3, 0), ("filingDate", 1, 2), ("form", 1, 2), ("accessionNumber", 1, 2),
])  # fmt: skip
def test_an_array_that_is_too_short_ends_early_for_itself_alone(short, kept, unreadable):
    ragged = arrays(3)
    ragged[short] = ragged[short][:1]
    found = listings.submissions(document(ragged), CIK)
    assert (len(found.filings), found.unreadable) == (kept, unreadable)
    assert found.filings[0] == listings.submissions(document(arrays(3)), CIK).filings[0]


def test_keys_that_are_missing_are_arrays_that_are_empty():
    bare = {key: value for key, value in arrays(2).items() if key not in ("reportDate", "acceptanceDateTime")}
    found = listings.submissions(document(bare), CIK)
    assert [(one.period, one.accepted) for one in found.filings] == [(None, None)] * 2


@pytest.mark.parametrize("wrong", [
    {"accessionNumber": ["none"]}, {"accessionNumber": [None]}, {"accessionNumber": [5]}, {"filingDate": [""]},
    {"filingDate": ["2025-13-01"]}, {"form": [None]},
])  # fmt: skip
def test_an_entry_that_cannot_be_read_is_counted(wrong):
    found = listings.submissions(document(arrays(1) | wrong), CIK)
    assert (found.filings, found.unreadable) == ((), 1)


def test_an_empty_period_is_none():
    (one,) = listings.submissions(document(arrays(1) | {"reportDate": [""]}), CIK).filings
    assert one.period is None


def test_a_filing_that_stands_twice_is_one():
    assert len(listings.submissions(document(arrays(1) | {k: v * 2 for k, v in arrays(1).items()}), CIK).filings) == 1


def test_the_list_of_another_filer_is_refused():
    with pytest.raises(EdgarError, match="0000000005"):
        listings.submissions(document(arrays(1), cik="0000000005"), CIK)


@pytest.mark.parametrize("said", ["1009672", 1009672, "0001009672"])
def test_a_number_is_the_same_however_padded(said):
    assert listings.submissions(document(arrays(1), cik=said), CIK).cik == CIK


@pytest.mark.parametrize("told", [
    {}, [], None, {"filings": None}, {"filings": []}, {"filings": {"recent": None}}, {"filings": {"recent": []}},
    {"filings": {"recent": {}}}, {"filings": {"recent": {"accessionNumber": None}}}, {"accessionNumber": "x"},
    {"filings": {"recent": {"accessionNumber": ["0009999991-25-000001"], "form": 5}}},
])  # fmt: skip
def test_json_of_another_shape_is_an_error_of_ours(told):
    with pytest.raises(EdgarError):
        listings.submissions(json.dumps(told).encode(), CIK)


# Older pages


def test_older_pages_are_told():
    files = [
        {"name": f"CIK{CIK}-submissions-001.json", "filingCount": 40, "filingFrom": "1998-01-01",
         "filingTo": "2013-08-14"},
        {"name": "odd.json", "filingCount": "many"}, {"filingCount": 5}, "no page",
    ]  # fmt: skip
    older = listings.submissions(document(arrays(1), files=files), CIK).older
    assert [(one.name, one.count, one.first, one.last) for one in older] == [
        (f"CIK{CIK}-submissions-001.json", 40, date(1998, 1, 1), date(2013, 8, 14)), ("odd.json", 0, None, None),
    ]  # fmt: skip


def test_an_older_page_is_the_bare_arrays_and_says_nothing_of_whose_it_is():
    page = listings.submissions(json.dumps(arrays(2)).encode(), CIK)
    assert (page.cik, page.name, page.older) == (CIK, "", ())
    assert [one.cik for one in page.filings] == [CIK, CIK]


def test_pages_that_overlap_hold_each_filing_once():
    newest = listings.submissions(document(arrays(5, start=6)), CIK)
    older = [listings.submissions(json.dumps(arrays(4, start=start)).encode(), CIK) for start in (4, 1)]
    found = newest.with_older(older)
    assert sorted(one.accession_number for one in found.filings) == [number(place) for place in range(1, 11)]
    dates = [one.filing_date for one in found.filings]
    assert dates == sorted(dates, reverse=True)
    by_number = {one.accession_number: one for one in found.filings}
    assert by_number[number(6)].name == "EXAMPLE ADVISORS LLC"  # the first page's entry is the fuller one
    assert newest.with_older(older[::-1]).filings == found.filings


def test_what_cannot_be_read_is_counted_over_all_pages():
    ragged = arrays(3) | {"filingDate": []}
    page = listings.submissions(json.dumps(ragged).encode(), CIK)
    assert listings.submissions(document(ragged), CIK).with_older([page, page]).unreadable == 9


# Indexes


def test_what_an_index_says_of_a_filing():
    for filed in (b"20251114", b"2025-11-14"):
        assert listings.index(HEAD + line(1067983, b"BERKSHIRE HATHAWAY INC", filed=filed)) == [
            Listed(number(1), "0001067983", "13F-HR", date(2025, 11, 14), name="BERKSHIRE HATHAWAY INC")
        ]


@pytest.mark.parametrize(("name", "told"), [
    (b"A|B CAPITAL", "A|B CAPITAL"), (b"|", "|"), (b"", ""), (b"SOCI\xc9T\xc9 G\xc9N\xc9RALE", "SOCIÉTÉ GÉNÉRALE"),
    (b"13F-HR|20251114 LLC", "13F-HR|20251114 LLC"), (b"EDGAR/DATA/1/X.TXT LLC", "EDGAR/DATA/1/X.TXT LLC"),
    (b'"NORTHERN" CAPITAL', '"NORTHERN" CAPITAL'), (b'"UNCLOSED LLC', '"UNCLOSED LLC'),
])  # fmt: skip
def test_names_may_hold_anything(name, told):
    (one,) = listings.index(HEAD + line(name=name) + line(form=b"10-K", place=2))
    assert (one.name, one.accession_number) == (told, number(1))


@pytest.mark.parametrize("byte", [b"\x85", b"\x1c", b"\x1d", b"\x1e", b"\x0b", b"\x0c", "Å".encode()])
def test_no_byte_of_a_name_ends_a_line(byte):
    """0x85 is three dots in the encoding of old Windows, and half of an Å in UTF-8."""
    found = listings.index(HEAD + line(name=b"NORTH" + byte + b"STAR ADVISORS") + line(place=2))
    assert [one.accession_number for one in found] == [number(1), number(2)]


def test_lines_may_end_in_either_way_and_in_blanks():
    content = HEAD.replace(b"\n", b"\r\n") + line(end=b"\r\n") + line(place=2, end=b"   \r\n") + line(place=3, end=b"")
    assert len(listings.index(content)) == 3


def test_a_line_that_stands_twice_is_one_filing():
    assert len(listings.index(HEAD + line() + line() + line(place=2))) == 2


@pytest.mark.parametrize("form", [b"10-K", b"13F-E", b"13F-HR ", b"SC 13G", b"N-PX"])
def test_other_forms_of_an_index_are_left_out(form):
    assert listings.index(HEAD + line(form=form)) == []


def test_an_amended_notice_is_taken():
    (one,) = listings.index(HEAD + line(form=b"13F-NT/A"))
    assert one.form == "13F-NT/A"


def test_an_index_of_nothing():
    assert listings.index(b"") == listings.index(HEAD) == []


@given(names=st.lists(st.binary(max_size=20).filter(lambda name: not set(name) & set(b"\r\n")), max_size=8))
def test_no_name_loses_a_filing(names):
    content = HEAD + b"".join(line(name=name, place=place) for place, name in enumerate(names, 1))
    assert [one.accession_number for one in listings.index(content)] == [
        number(place) for place in range(1, len(names) + 1)
    ]


def test_the_days_of_a_quarter():
    items = [{"name": name} for name in (
        "master.20251114.idx", "master.20251117.idx.gz", "form.20251118.idx", "company.20251119.idx", "index.json",
        "master.20259999.idx",
    )]  # fmt: skip
    content = json.dumps({"directory": {"name": "daily-index/2025/QTR4/", "item": items}}).encode()
    assert listings.days(content) == {date(2025, 11, 14), date(2025, 11, 17)}


@pytest.mark.parametrize("told", [{}, {"directory": {}}, {"directory": {"item": 5}}, {"directory": []},
                                  {"directory": {"item": ["x"]}}])  # fmt: skip
def test_no_folder(told):
    with pytest.raises(EdgarError):
        listings.days(json.dumps(told).encode())


# The feed


@pytest.fixture
def feed(tmp_path):
    """The current feed as a small EDGAR serves it, of some entries."""

    def of(*entries):
        with SmallEdgar(tmp_path) as served:
            served.current = [Entry(*entry) for entry in entries]
            return served._feed({"action": "getcurrent"}).body

    return of


def test_what_the_feed_says_of_a_filing(feed):
    name = "Société Générale (Paris) - A & B"
    content = feed(("13F-HR/A", name, 9999991, number(1), datetime(2026, 2, 17, 17, 31, tzinfo=NEW_YORK)))
    assert "Société".encode("iso-8859-1") in content
    (one,) = listings.current(content)
    assert (one.form, one.cik, one.accession_number) == ("13F-HR/A", "0009999991", number(1))
    assert one.name == name
    assert one.filing_date == date(2026, 2, 17)
    assert one.accepted == datetime(2026, 2, 17, 22, 31, tzinfo=UTC)


def test_the_feed_leaves_out_other_forms_and_doubles(feed):
    at = datetime(2026, 2, 17, 12, tzinfo=NEW_YORK)
    content = feed(
        ("13F-HR", "A", 1, number(1), at), ("13F-HR", "B", 2, number(1), at), ("10-K", "C", 3, number(2), at),
        ("13F-NT", "D", 4, number(3), at),
    )  # fmt: skip
    assert [(one.form, one.accession_number) for one in listings.current(content)] == [
        ("13F-HR", number(1)), ("13F-NT", number(3)),
    ]  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"<feed>", b"<feed><entry></feed>", b"<html>no</html", b"\xff\xfe\x00"])
def test_a_broken_feed_is_an_error_of_ours(content):
    with pytest.raises(EdgarError) as told:
        listings.current(content)
    assert told.value.hint


def test_entries_that_say_too_little_are_left_out():
    entry = (
        b"<entry><title>13F-HR - A (0000000001) (Filer)</title><updated>2026-02-17T12:00:00</updated><id>x</id></entry>"
    )
    assert listings.current(b"<feed>" + entry + b"<entry/></feed>") == []


# Symbols, hits, links


def test_symbols_are_a_list_by_number():
    told = {"0": {"cik_str": 1067983, "ticker": "BRK-B", "title": "BERKSHIRE HATHAWAY INC"},
            "1": {"cik_str": 1652044, "ticker": "goog", "title": "Alphabet Inc."}}  # fmt: skip
    assert listings.symbols(json.dumps(told).encode()) == {"BRK-B": "0001067983", "GOOG": "0001652044"}


@pytest.mark.parametrize("told", [[], {"0": 5}, {"0": {"ticker": "A"}}, {"fields": ["a"], "data": [[1]]}])
def test_symbols_of_another_shape(told):
    with pytest.raises(EdgarError):
        listings.symbols(json.dumps(told).encode())


def test_hits_are_the_filers_of_13f_alone():
    def hit(name, form):
        return {"_source": {"display_names": [name], "form": form}}

    told = {"hits": {"hits": [
        hit("Citadel Advisors LLC  (CIK 0001423053)", "13F-HR"),
        hit("CITADEL BROADCASTING (CDELA)  (CIK 0001174527)", "10-K"),
        hit("Alphabet Inc. (GOOG, GOOGL)  (CIK 0001652044)", "13F-HR/A"), {"_source": {"form": "13F-HR"}}, {},
    ]}}  # fmt: skip
    assert listings.hits(json.dumps(told).encode()) == {
        "0001423053": "Citadel Advisors LLC", "0001652044": "Alphabet Inc.",
    }  # fmt: skip
    for wrong in ({}, {"hits": 5}, {"hits": {"hits": None}}):
        with pytest.raises(EdgarError):
            listings.hits(json.dumps(wrong).encode())


def test_links_in_their_order_each_once():
    page = b"""<a href="/b.pdf">B</a><A HREF=' /a.txt '>A</A><a name="x">no</a><a href="/b.pdf">again</a>
    <a href="/c?x=1&amp;y=2">C</a><link href="/style.css"><!-- <a href="/not"> --><a href>nothing</a>\xff"""
    assert listings.links(page) == ["/b.pdf", "/a.txt", "/c?x=1&y=2"]


# Real answers


@pytest.fixture
def answers(real):
    return real / "edgar_responses"


def test_a_real_list(answers):
    found = listings.submissions((answers / "CIK0000315090.json").read_bytes(), "0000315090")
    forms = [one.form for one in found.filings]
    assert {form: forms.count(form) for form in FORMS} == {"13F-HR": 18, "13F-HR/A": 1, "13F-NT": 75, "13F-NT/A": 0}
    assert (len(forms), found.unreadable) == (94, 0)
    assert all(one.filing_date and one.cik == "0000315090" and one.name == found.name for one in found.filings)


def test_a_real_list_with_its_older_page(answers):
    cik = "0001009672"
    first = listings.submissions((answers / "CIK0001009672.json").read_bytes(), cik)
    (page,) = first.older
    assert page.name == "CIK0001009672-submissions-001.json"
    content = (answers / page.name).read_bytes()
    assert len(json.loads(content)["accessionNumber"]) == page.count
    older = listings.submissions(content, cik)
    whole = first.with_older([older])
    both = {one.accession_number for one in (*first.filings, *older.filings)}
    assert {one.accession_number for one in whole.filings} == both
    assert len(whole.filings) == len(both)
    assert whole.older == ()
    assert all(page.first <= one.filing_date <= page.last for one in older.filings)


def test_a_real_filer_that_files_no_13f(answers):
    found = listings.submissions((answers / "CIK0001045810.json").read_bytes(), "0001045810")
    told = json.loads((answers / "CIK0001045810.json").read_bytes())["filings"]["recent"]["form"]
    assert len(found.filings) == sum(form in FORMS for form in told)


def test_the_real_feed(answers):
    content = (answers / "getcurrent_1.atom").read_bytes()
    found = listings.current(content)
    assert found[0].accession_number == "0002074440-26-000002"
    assert (found[0].name, found[0].filing_date) == ("Ryan Investment Management, Inc.", date(2026, 1, 12))
    assert len(found) == sum(content.count(f"<title>{form} - ".encode()) for form in FORMS)


def test_real_symbols(answers):
    found = listings.symbols((answers / "company_tickers.json").read_bytes())
    assert found["BRK-B"] == "0001067983"
    assert all(len(cik) == 10 for cik in found.values())
