"""The small EDGAR that fetchers are tested against does what it says."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
import requests

from tests.small_edgar import CONTACT, FAULTS, SmallEdgar, lay_out
from tests.trees import filing

FIRST, SECOND = "0009999991-25-000001", "0009999991-25-000002"
FILING = f"/Archives/edgar/data/9999991/000999999125000001/{FIRST}.txt"
LIST = "/submissions/CIK0009999991.json"
BODY = filing(FIRST)
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    later = filing(SECOND, period=date(2025, 6, 30), filed=date(2025, 11, 17), form="13F-HR/A", amends="RESTATEMENT")
    return lay_out(tmp_path_factory.mktemp("tree"), [BODY, later])


@pytest.fixture
def served(tree):
    with SmallEdgar(tree) as edgar:
        yield edgar


@pytest.fixture
def get():
    with requests.Session() as session:
        session.headers["User-Agent"] = CONTACT

        def ask(address, **more):
            return session.request(more.pop("method", "GET"), address, **{"timeout": 5} | more)

        yield ask


def raw(address):
    """Status, headers and the bytes as they came, whatever their encoding says."""
    where = urlsplit(address)
    line = http.client.HTTPConnection(where.netloc, timeout=5)
    try:
        line.request("GET", where.path, headers={"User-Agent": CONTACT, "Accept-Encoding": "gzip"})
        answer = line.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        line.close()


def test_a_submission_is_served_at_both_its_addresses(served, get):
    flat = f"/Archives/edgar/data/9999991/{FIRST}.txt"
    answers = [get(served.www + path) for path in (FILING, flat)]
    assert [answer.content for answer in answers] == [BODY, BODY]
    assert answers[0].headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in get(served.www + FILING, headers={"Accept-Encoding": "identity"}).headers
    served.remove("www.sec.gov" + flat)
    assert get(served.www + FILING).status_code == 403
    served.put("www.sec.gov" + FILING, b"anew")
    assert get(served.www + flat).content == b"anew"


def test_what_is_not_there_is_said_in_three_ways(served, get):
    answers = [get(served.data + "/submissions/CIK0000000001.json"), get(served.www + "/Archives/edgar/none"),
               get(served.www + "/files/none.json")]  # fmt: skip
    assert [answer.status_code for answer in answers] == [404, 403, 404]
    assert [mark in answer.text for mark, answer in zip(("NoSuchKey", "AccessDenied", "<html"), answers, strict=True)]
    assert [answer.headers["Content-Type"] for answer in answers] == ["application/xml"] * 2 + ["text/html"]
    assert get(served.www + "/../../../etc/passwd").status_code == 404


def test_a_padded_number_is_sent_on(served, get):
    answer = get(served.www + FILING.replace("/9999991/", "/0009999991/"))
    assert answer.content == BODY
    assert answer.history[0].status_code == 301
    assert answer.url == served.www + FILING


def test_who_gives_no_contact_is_refused(tree, served, get):
    answer = get(served.www + FILING, headers={"User-Agent": "python"})
    assert answer.status_code == 403
    assert "Undeclared Automated Tool" in answer.text
    assert "Reference ID" in answer.text
    with SmallEdgar(tree, needs_contact=False) as open_door:
        assert get(open_door.www + FILING, headers={"User-Agent": "python"}).status_code == 200


def test_what_has_not_changed_is_not_sent_again(served, get):
    first = get(served.data + LIST)
    tag, modified = first.headers["ETag"], first.headers["Last-Modified"]
    for headers in ({"If-None-Match": tag}, {"If-None-Match": f'"x", W/{tag}'}, {"If-Modified-Since": modified}):
        again = get(served.data + LIST, headers=headers)
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    served.put("data.sec.gov" + LIST, b"{}")
    for headers in ({"If-None-Match": tag}, {"If-Modified-Since": modified}):
        assert get(served.data + LIST, headers=headers).content == b"{}"
    before = get(served.data + LIST).headers["Last-Modified"]
    served.put("data.sec.gov" + LIST, b"{ }")
    assert get(served.data + LIST, headers={"If-Modified-Since": before}).status_code == 200
    served.validators = False
    plain = get(served.data + LIST, headers={"If-None-Match": "*"})
    assert plain.status_code == 200
    assert not {"ETag", "Last-Modified"} & set(plain.headers)


def test_a_head_has_the_headers_alone(served, get):
    answer, whole = get(served.www + FILING, method="HEAD"), get(served.www + FILING)
    assert answer.content == b""
    assert answer.headers["Content-Length"] == whole.headers["Content-Length"]
    assert answer.headers["ETag"] == whole.headers["ETag"]


def test_requests_are_kept_as_they_came(served, get):
    served.fail("*/none*", "503")
    get(served.data + LIST + "?a=b", headers={"X-Mark": "1"})
    get(served.www + "/none")
    assert served.paths() == [f"data.sec.gov{LIST}?a=b", "www.sec.gov/none"]
    assert [(one.method, one.status, one.fault) for one in served.seen] == [("GET", 200, None), ("GET", 503, "503")]
    assert served.seen[0].headers["x-mark"] == "1"
    assert served.busiest_second() == 2
    served.forget()
    assert (served.seen, served.busiest_second()) == ([], 0)


def test_many_connections_at_once(served):
    served.delay = 0.3
    begun = time.monotonic()
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(raw, [served.www + FILING] * 40))
    assert time.monotonic() - begun < 3
    assert {gzip.decompress(body) for _, _, body in answers} == {BODY}


def test_a_connection_is_kept(served):
    line = http.client.HTTPConnection(urlsplit(served.www).netloc, timeout=5)
    for path in (FILING, "/none", FILING):
        line.request("GET", "/www.sec.gov" + path, headers={"User-Agent": CONTACT})
        line.getresponse().read()
        held = line.sock
        assert held is not None
    line.close()


STATUSES = {
    "rate-block": 403, "undeclared": 403, "block-200": 200, "429": 429, "429-retry-after": 429, "503": 503,
    "503-retry-after": 503, "500": 500, "html-200": 200, "empty-200": 200, "absent": 403,
}  # fmt: skip


@pytest.mark.parametrize("fault", STATUSES)
def test_answers_that_are_no_answers(served, get, fault):
    served.fail("*.txt", fault)
    answer = get(served.www + FILING)
    assert answer.status_code == STATUSES[fault]
    assert answer.headers.get("Retry-After") == ("1" if fault.endswith("retry-after") else None)
    assert answer.content != BODY
    assert ("Request Rate Threshold Exceeded" in answer.text) == (
        fault in {"rate-block", "undeclared", "block-200"} or fault.startswith("429")
    )
    assert get(served.www + FILING).content == BODY


@pytest.mark.parametrize("fault", ["stall", "cut", "cut-chunked", "reset", "reset-body", "bad-gzip"])
def test_answers_that_a_client_sees_to_be_broken(served, get, fault):
    served.stall = 0.2
    served.fail("*.txt", fault)
    with pytest.raises(requests.RequestException):
        get(served.www + FILING)
    assert [one.fault for one in served.seen] == [fault]
    assert get(served.www + FILING).content == BODY


@pytest.mark.parametrize(
    ("fault", "error"), [("reset", ConnectionResetError), ("reset-body", ConnectionResetError),
                         ("cut", http.client.IncompleteRead), ("cut-chunked", http.client.IncompleteRead)]
)  # fmt: skip
def test_how_a_connection_breaks(served, fault, error):
    served.fail("*", fault)
    with pytest.raises(error):
        raw(served.www + FILING)


def test_a_cut_that_looks_whole(served, get):
    served.fail("*.txt", "silently-cut", "truncated-gzip")
    assert get(served.www + FILING).content == BODY[: len(BODY) // 2]
    status, headers, body = raw(served.www + FILING)
    assert (status, headers["Content-Encoding"], headers["Content-Length"]) == (200, "gzip", str(len(body)))
    with pytest.raises(EOFError):
        gzip.decompress(body)


def test_a_slow_answer_is_right(served, get):
    served.fail("*", "slow")
    begun = time.monotonic()
    assert get(served.www + FILING).content == BODY
    assert 0.25 < time.monotonic() - begun < 3


def test_a_stalled_answer_goes_on_for_as_long_as_told(served, get):
    served.fail("*", "stall")
    begun = time.monotonic()
    with pytest.raises(requests.ConnectionError, match="timed out"):
        get(served.www + FILING, timeout=0.3)
    assert time.monotonic() - begun < 2


def test_another_document_in_its_place(served, get):
    served.fail("*", "wrong-document", always=True)
    assert SECOND in get(served.www + FILING).text
    assert FIRST in get(served.www + FILING.replace("25000001", "25000002").replace(FIRST, SECOND)).text
    assert "<html" in get(served.data + LIST).text
    served.heal()
    assert get(served.www + FILING).content == BODY


def test_a_loop_has_no_end(served, get):
    served.fail("*.txt", "redirect-loop")
    with pytest.raises(requests.TooManyRedirects):
        get(served.www + FILING)
    assert get(served.www + FILING).content == BODY


def test_every_fault_is_tried_here():
    broken = {"stall", "cut", "cut-chunked", "reset", "reset-body", "bad-gzip"}
    others = {"silently-cut", "truncated-gzip", "slow", "wrong-document", "redirect-loop"}
    assert set(FAULTS) == set(STATUSES) | broken | others


def test_faults_come_in_order_and_then_are_over(served, get):
    served.fail("data.sec.gov/*", "503", "429")
    served.fail("*CIK*", "500", always=True)
    assert [get(served.data + LIST).status_code for _ in range(4)] == [503, 429, 500, 500]
    served.heal()
    assert get(served.data + LIST).status_code == 200
    with pytest.raises(ValueError, match="no such fault"):
        served.fail("*", "503", "fire")


def test_random_faults_are_the_same_each_time(tree, get):
    def met(seed):
        with SmallEdgar(tree, seed=seed) as edgar:
            edgar.fail_randomly(0.3, ["503", "html-200"])
            for _ in range(60):
                get(edgar.www + FILING)
            return [one.fault for one in edgar.seen]

    once, again, other = met(1), met(1), met(2)
    assert once == again != other
    assert set(once) == {None, "503", "html-200"}
    assert 5 < sum(fault is not None for fault in once) < 35


def test_the_feed_of_latest_filings(served, get):
    served.current = [
        ("13F-HR", "Société & Co", 9999991, FIRST, datetime(2025, 11, 14, 21, 5, 12, tzinfo=UTC)),
        ("4", "SOMEBODY", 9999992, "0009999992-25-000001", datetime(2025, 11, 14, 12, 0, tzinfo=UTC)),
        ("13F-HR/A", "Example Advisors LLC", "0009999991", SECOND, datetime(2025, 11, 17, 9, 30)),  # noqa: DTZ001
    ]
    address = served.www + "/cgi-bin/browse-edgar?action=getcurrent&output=atom&type=13F-HR"
    answer = get(address)
    feed = ET.fromstring(answer.content)  # noqa: S314 # our own
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}title") for entry in entries] == [
        "13F-HR/A - Example Advisors LLC (0009999991) (Filer)",
        "13F-HR - Société & Co (0009999991) (Filer)",
    ]
    assert [entry.findtext(f"{ATOM}updated") for entry in entries] == [
        "2025-11-17T09:30:00-05:00",
        "2025-11-14T16:05:12-05:00",
    ]
    assert entries[1].findtext(f"{ATOM}id") == f"urn:tag:sec.gov,2008:accession-number={FIRST}"
    assert entries[1].find(f"{ATOM}link").get("href").endswith(FILING.removesuffix(".txt") + "-index.htm")
    assert "Société".encode("latin-1") in answer.content
    second = ET.fromstring(get(address + "&start=1&count=1").content)  # noqa: S314
    assert [entry.findtext(f"{ATOM}id")[-20:] for entry in second.findall(f"{ATOM}entry")] == [FIRST]
    assert get(address + "&start=2").content.count(b"<entry>") == 0


def test_the_search(served, get):
    served.hits = [
        ("Example Advisors LLC", 9999991, FIRST, "13F-HR", "2025-11-14"),
        ("Example Advisors LLC", 9999991, SECOND, "13F-HR/A", date(2025, 11, 17)),
        ("Other LLC", 9999992, "0009999992-25-000001", "13F-NT", "2025-11-14"),
    ]
    address = served.efts + "/LATEST/search-index?"
    found = get(address + "q=%22example+advisors%22&forms=13F-HR").json()["hits"]
    assert found["total"] == {"value": 2, "relation": "eq"}
    assert found["hits"][0]["_id"] == f"{FIRST}:primary_doc.xml"
    assert found["hits"][0]["_source"]["display_names"] == ["Example Advisors LLC  (CIK 0009999991)"]
    assert get(address + "q=&startdt=2025-11-15&enddt=2025-11-17").json()["hits"]["total"]["value"] == 1
    assert get(address + "q=nobody").json()["hits"]["hits"] == []
    assert get(served.efts + "/none").status_code == 404


def test_a_tree_is_laid_out_as_edgar_does(tree):
    told = json.loads((tree / "data.sec.gov/submissions/CIK0009999991.json").read_text())
    recent = told["filings"]["recent"]
    assert (told["cik"], told["name"]) == ("0009999991", "EXAMPLE ADVISORS LLC")
    assert recent["accessionNumber"] == [SECOND, FIRST]
    assert recent["form"] == ["13F-HR/A", "13F-HR"]
    assert recent["filingDate"] == ["2025-11-17", "2025-11-14"]
    assert recent["reportDate"] == ["2025-06-30", "2025-09-30"]
    assert recent["acceptanceDateTime"][1] == "2025-11-14T21:05:12.000Z"
    indexes = tree / "www.sec.gov/Archives/edgar"
    row = f"9999991|EXAMPLE ADVISORS LLC|13F-HR|{{}}|edgar/data/9999991/{FIRST}.txt"
    full = (indexes / "full-index/2025/QTR4/master.idx").read_text().splitlines()
    assert full[2] == "CIK|Company Name|Form Type|Date Filed|Filename"
    assert len(full) == 6
    assert row.format("2025-11-14") in full
    daily = (indexes / "daily-index/2025/QTR4/master.20251114.idx").read_text().splitlines()
    assert daily[2:] == ["CIK|Company Name|Form Type|Date Filed|File Name", "-" * 80, row.format("20251114")]


def test_a_tree_has_the_shape_of_the_given_one(edgar, tmp_path):
    name = "data.sec.gov/submissions/CIK0001649339.json"
    given, ours = json.loads((edgar / name).read_text()), tmp_path / "scion"
    folder = edgar / "www.sec.gov/Archives/edgar/data/1649339"
    lay_out(ours, (path.read_bytes() for path in folder.rglob("*.txt")))
    made = json.loads((ours / name).read_text())
    assert made["filings"].keys() == given["filings"].keys()
    for key in ("accessionNumber", "filingDate", "reportDate", "acceptanceDateTime", "form", "primaryDocument"):
        assert made["filings"]["recent"][key] == given["filings"]["recent"][key], key
    assert list(made) == list(given)
    assert list(made["filings"]["recent"]) == list(given["filings"]["recent"])
    plain = lay_out(tmp_path / "plain", [BODY], index=False)
    assert not list(plain.rglob("*.idx"))
    lay_out(plain, [filing(SECOND)], index=False)
    assert (plain / f"data.sec.gov{LIST}").read_text().count("13F-HR") == 4


def test_clients_that_leave_are_nothing_to_speak_of(tree, capfd):
    with SmallEdgar(tree) as served:
        served.put("www.sec.gov/Archives/big.zip", bytes(range(256)) * 100_000)
        served.fail("*big.zip", "slow", "stall", "reset-body")
        for _ in range(4):
            line = http.client.HTTPConnection(urlsplit(served.www).netloc, timeout=5)
            line.request("GET", "/www.sec.gov/Archives/big.zip", headers={"User-Agent": CONTACT})
            line.getresponse().close()
            line.close()
        assert raw(served.www + FILING)[0] == 200
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("waits", ["delay", "stall"])
def test_it_ends_at_once_whatever_is_under_way(tree, waits):
    with ThreadPoolExecutor(1) as pool:
        with SmallEdgar(tree) as edgar:
            setattr(edgar, waits, 60)
            edgar.fail("*", "stall")
            asked = pool.submit(raw, edgar.www + FILING)
            while not edgar.seen:
                time.sleep(0.01)
            begun = time.monotonic()
        assert time.monotonic() - begun < 2
        assert isinstance(asked.exception(), (OSError, http.client.HTTPException))


def test_it_can_be_started_by_hand(tree):
    line = [sys.executable, "-m", "tests.small_edgar", str(tree), "--share", "1", "--seed", "3"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        told = "".join(started.stdout.readline() for _ in range(5))
        www = re.search(r"^export THIRTEENF_EDGAR_WWW='(.*)'", told)[1]
        requests.head(www + "/none", timeout=5)
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=10)
    assert (started.returncode, err) == (0, "")
    assert f"export THIRTEENF_CONTACT='{CONTACT}'\n" in told
    assert "1 requests, at most 1 within a second\n403: 1\n" in out
