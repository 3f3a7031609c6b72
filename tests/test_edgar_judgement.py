"""What an answer of EDGAR's is, by its body as well as its status."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import small_edgar
from tests.trees import filing
from thirteenf.edgar import judgement
from thirteenf.edgar.judgement import Response, UnusableError, judge, unpacked
from thirteenf.errors import AbsentError, BlockedError, EdgarError

NUMBER = "0009999991-25-000001"
BODY = filing(NUMBER)
LIMIT = 1 << 20
INDEX = b"""Description:           Master Index of EDGAR Dissemination Feed

CIK|Company Name|Form Type|Date Filed|Filename
--------------------------------------------------------------------------------
9999991|EXAMPLE|13F-HR|2025-11-14|edgar/data/9999991/0009999991-25-000001.txt
9999992|OTHER|13F-HR|2025-11-14|edgar/data/9999992/0009999992-25-000001.txt
"""
FEED = (
    b'<?xml version="1.0" encoding="ISO-8859-1" ?>\n<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title></feed>\n'
)
PAGE = b"<!DOCTYPE html>\n<html><head><title>Lists</title></head><body><a href='/x'>x</a></body></html>\n"


def packed(name="a.txt", content=b"SETTLEMENT DATE|CUSIP\n" * 200):
    with io.BytesIO() as into:
        with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr(name, content)
        return into.getvalue()


ZIP = packed()
SOUND = {
    "submission": (judgement.submission(NUMBER), BODY),
    "json": (judgement.json_object, b'{"cik": "0009999991", "filings": {"recent": {}}}'),
    "index": (judgement.master_index, INDEX),
    "feed": (judgement.feed, FEED),
    "page": (judgement.page, PAGE),
    "zip": (judgement.file("cnsfails202604a.ZIP"), ZIP),
    "pdf": (judgement.file("13flist2026q2.pdf"), b"%PDF-1.6\n" + b"x" * 5000 + b"\n%%EOF\n"),
}
sound = pytest.mark.parametrize("kind", SOUND)


def answer(status=200, body=b"", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response("http://127.0.0.1/x", status, named, body)


@sound
def test_what_was_asked_for_is_sound(kind):
    is_sound, body = SOUND[kind]
    assert is_sound(body) == ""
    assert judge(answer(body=body), is_sound) is True


@pytest.mark.parametrize("kind", [kind for kind in SOUND if kind != "index"])
@given(share=st.floats(0, 0.97))
def test_what_is_cut_short_is_not(kind, share):
    is_sound, body = SOUND[kind]
    with pytest.raises(UnusableError):
        judge(answer(body=body[: int(len(body) * share)]), is_sound)


@given(missing=st.integers(2, len(INDEX) - INDEX.index(b"\n9999991") - 3))
def test_an_index_is_cut_short_wherever_a_line_does_not_end(missing):
    body = INDEX[:-missing]
    told = judgement.master_index(body)
    assert told == ("" if body.rstrip().endswith(b".txt") else "an index cut short")


@sound
@pytest.mark.parametrize("name", ["html-200", "503", "500"])
def test_a_page_in_place_of_data_is_not(kind, name):
    is_sound, _ = SOUND[kind]
    told = is_sound(small_edgar._PAGES[name].body)
    assert bool(told) == (kind != "page")


@sound
@pytest.mark.parametrize("name", ["rate-block", "undeclared"])
@pytest.mark.parametrize("status", [200, 403, 429, 503])
def test_a_block_page_is_a_block_whatever_its_status(kind, name, status):
    is_sound, _ = SOUND[kind]
    with pytest.raises(BlockedError) as told:
        judge(answer(status, small_edgar._PAGES[name].body), is_sound)
    assert ("undeclared" in told.value.message) == (name == "undeclared")


def test_a_filing_that_quotes_a_block_page_is_a_filing():
    quoting = BODY.replace(b"Marc D. Hamburg", b"Request Rate Threshold Exceeded")
    assert judge(answer(body=quoting), judgement.submission(NUMBER))


@pytest.mark.parametrize(("body", "what"), [
    (filing("0009999991-25-000002"), "another submission"), (BODY[:-30], "a submission cut short"),
    (b"", "no submission"), (b"<XML>" + BODY, "no submission"),
])  # fmt: skip
def test_submissions_that_are_none(body, what):
    assert judgement.submission(NUMBER)(body) == what


def test_an_old_submission_has_other_first_and_last_lines():
    old = b"-----BEGIN PRIVACY-ENHANCED MESSAGE-----\n<SEC-DOCUMENT>" + NUMBER.encode() + b".txt : 20130814\n"
    assert judgement.submission(NUMBER)(old + b"</SEC-DOCUMENT>\n-----END PRIVACY-ENHANCED MESSAGE-----\n") == ""


@pytest.mark.parametrize("body", [b"[1, 2]", b"null", b'"x"', b'{"a": 1', b"\xff\xfe{}", b'{"a": 1}{'])
def test_json_that_is_no_whole_object(body):
    assert judgement.json_object(body)


def test_an_index_of_a_day_without_filings_is_one():
    assert judgement.master_index(INDEX[: INDEX.index(b"\n9999991")]) == ""
    assert judgement.master_index(b"CIK|no heading") == "no index"


@pytest.mark.parametrize("place", [0.3, 0.5, 0.9])
def test_a_zip_with_a_changed_byte_is_damaged(place):
    where = int(len(ZIP) * 0.2 + len(ZIP) * 0.3 * place)
    assert judgement.file("a.zip")(ZIP[:where] + bytes([ZIP[where] ^ 0xFF]) + ZIP[where + 1 :])


def test_a_text_file_may_be_anything_but_a_page():
    assert judgement.file("13flist2026q2-txt.txt")(b"037833100 *APPLE INC                     COM\n") == ""
    assert judgement.file("a.txt")(PAGE) == "an HTML page"


@pytest.mark.parametrize(("status", "body", "error"), [
    (404, b"", AbsentError), (410, b"", AbsentError), (404, PAGE, AbsentError),
    (403, small_edgar._store_error("AccessDenied", "Access Denied"), AbsentError),
    (403, small_edgar._store_error("NoSuchKey", "none"), AbsentError),
    (403, b"", BlockedError), (403, PAGE, BlockedError), (429, b"", BlockedError), (429, b"{}", BlockedError),
    (500, PAGE, EdgarError), (503, b"", EdgarError), (400, b"", EdgarError), (302, b"", EdgarError),
    (206, b"{}", EdgarError), (200, b"", UnusableError),
])  # fmt: skip
def test_statuses(status, body, error):
    with pytest.raises(error) as told:
        judge(answer(status, body), judgement.json_object)
    assert type(told.value) is error


def test_not_modified_is_no_new_body():
    assert judge(answer(304), judgement.json_object) is False


@pytest.mark.parametrize(("said", "seconds"), [(None, 600), ("5", 600), ("1800", 1800), ("soon", 600), ("²", 600)])
def test_how_long_a_block_lasts(said, seconds):
    headers = {"Retry_After": said} if said else {}
    with pytest.raises(BlockedError) as told:
        judge(answer(403, PAGE, **headers), judgement.json_object)
    assert told.value.seconds == seconds


# Gzip


@given(body=st.binary(max_size=3000))
def test_what_is_packed_is_unpacked(body):
    assert unpacked(gzip.compress(body), "gzip", LIMIT) == body
    assert unpacked(gzip.compress(body) + gzip.compress(body), "x-gzip", LIMIT) == body * 2
    assert unpacked(b"<html>" + body, "", LIMIT) == b"<html>" + body


@given(body=st.binary(min_size=1, max_size=3000), share=st.floats(0.0, 1.0, exclude_max=True))
def test_a_stream_without_an_end_is_noticed(body, share):
    whole = gzip.compress(body)
    with pytest.raises(UnusableError):
        unpacked(whole[: max(1, int(len(whole) * share))], "gzip", LIMIT)


@given(body=st.binary(min_size=20, max_size=3000), data=st.data())
def test_a_changed_byte_is_noticed_or_changes_nothing(body, data):
    whole = bytearray(gzip.compress(body))
    whole[data.draw(st.integers(10, len(whole) - 1))] ^= 0x10
    with suppress(UnusableError):
        assert unpacked(bytes(whole), "gzip", LIMIT) == body


def test_what_was_never_packed_is_noticed():
    with pytest.raises(UnusableError, match="corrupt"):
        unpacked(b"{}", "gzip", LIMIT)


def test_an_error_page_that_is_packed_unasked():
    page = small_edgar._PAGES["rate-block"].body
    assert unpacked(gzip.compress(page), "", LIMIT) == page


def test_a_packed_file_stays_as_it_is():
    file = gzip.compress(b"CIK|Company Name\n" * 100)
    assert unpacked(file, "", LIMIT) == file


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_body_beyond_the_limit(encoding):
    body = bytes(LIMIT + 1)
    with pytest.raises(UnusableError, match="more than 1 MiB"):
        unpacked(gzip.compress(body) if encoding else body, encoding, LIMIT)
    assert unpacked(gzip.compress(body[1:]), "gzip", LIMIT) == body[1:]


def test_the_real_answer_to_a_number_nobody_has(real):
    body = (real / "edgar_responses" / "404_no_such_cik.xml").read_bytes()
    for status in (403, 404):
        with pytest.raises(AbsentError):
            judge(answer(status, body), judgement.json_object)


@pytest.mark.parametrize("name", ["CIK0000315090.json", "CIK0001009672.json", "CIK0001009672-submissions-001.json",
                                  "company_tickers.json"])  # fmt: skip
def test_real_lists_are_sound(real, name):
    body = (real / "edgar_responses" / name).read_bytes()
    assert judgement.json_object(body) == ""
    assert isinstance(json.loads(body), dict)
    assert judgement.json_object(body[:-10])


def test_the_real_feed_is_sound(real):
    body = (real / "edgar_responses" / "getcurrent_1.atom").read_bytes()
    assert judgement.feed(body) == ""
    assert judgement.feed(body[: len(body) // 2]) == "a feed cut short"
