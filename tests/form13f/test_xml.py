from __future__ import annotations

import io

import pytest

from thirteenf.errors import MalformedFilingError
from thirteenf.form13f import xml


def test_elements_go_by_their_local_names():
    root = xml.tree(b'<a:one xmlns:a="x"><b:two xmlns:b="y">text</b:two><two>more</two></a:one>', "It")
    assert root.tag == "one"
    assert [two.text for two in root.findall("two")] == ["text", "more"]


def test_a_document_nested_deeper_than_any_form_is_refused():
    with pytest.raises(MalformedFilingError, match="It is nested deeper"):
        xml.tree(b"<a>" * 200 + b"</a>" * 200, "It")


def test_a_document_is_read_from_where_its_stream_stands():
    stream = io.BytesIO(b"rubbish<a><b>1</b></a>")
    stream.seek(7)
    made = xml.parser()
    names = []
    made.StartElementHandler = lambda name, _: names.append(name)
    for _ in xml.feed(made, stream, "It"):
        pass
    assert names == ["a", "b"]


def test_the_secs_rendering_of_a_table_is_named_as_such():
    page = (
        b'<!DOCTYPE html><html xmlns:ns1="http://www.sec.gov/edgar/document/thirteenf/informationtable"><body/></html>'
    )
    with pytest.raises(MalformedFilingError, match="SEC's HTML rendering") as caught:
        xml.tree(page, "It")
    assert "xslForm13F" in caught.value.hint


def test_a_fault_is_told_with_its_line():
    with pytest.raises(MalformedFilingError, match="line 3"):
        xml.tree(b"<a>\n<b>\n</a>\n", "It")


def test_a_document_larger_than_any_filing_is_refused(monkeypatch):
    monkeypatch.setattr(xml, "MAX_BYTES", 1000)
    with pytest.raises(MalformedFilingError, match="It is larger than"):
        xml.tree(b"<a>" + b" " * 2000 + b"</a>", "It")


def test_entities_are_refused_by_the_documents_name():
    with pytest.raises(MalformedFilingError) as caught:
        xml.tree(b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', "The cover page of 0001.txt")
    assert "The cover page of 0001.txt" in caught.value.message
