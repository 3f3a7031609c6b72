"""On a terminal: colour unless it is not wanted, as wide as the terminal; into a pipe: plain and whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

pty = pytest.importorskip("pty", reason="no pseudo-terminals here")

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(*arguments, width=100, **env):
    """What the program prints on a terminal, and its exit code."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    line = [sys.executable, "-m", "thirteenf", *map(str, arguments)]
    environment = {**os.environ, "TERM": "xterm-256color", **env}
    with subprocess.Popen(line, stdout=theirs, stderr=subprocess.PIPE, text=True, env=environment) as done:
        os.close(theirs)
        told = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            told += part
        err = done.stderr.read()
    os.close(ours)
    return done.returncode, told.decode().replace("\r\n", "\n"), err


def test_the_change_is_told_in_colour():
    code, out, err = on_terminal("--sample", "diff", "thiel", "--period", "2025Q3", width=160)
    assert (code, err) == (0, "")
    assert re.search(r"\x1b\[[0-9;]*31m\s*exited", out)
    assert re.search(r"\x1b\[[0-9;]*32m\s*new", out)


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colour_is_left_out_where_it_is_not_wanted(env):
    code, out, _ = on_terminal("--sample", "diff", "thiel", "--period", "2025Q3", **env)
    assert code == 0
    assert "exited" in out
    assert "\x1b" not in out


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal(width):
    _, out, _ = on_terminal("--sample", "diff", "scion", "--period", "2025Q3", width=width)
    assert [line for line in COLOUR.sub("", out).splitlines() if len(line) > width] == []


def header(manager, width, period="2025Q3"):
    from tests.trees import TODAY
    from thirteenf import Tracker, reports
    from thirteenf.render import render

    told = reports.diff(Tracker(sample=True, today=TODAY), manager, period)
    return render(told, "text", width=width, quiet=True).split("Ticker", 1)[1].splitlines()[0].split()


@pytest.mark.parametrize("width", [60, 65, 70, 75, 80, 90, 100, 120])
def test_the_cause_goes_only_when_all_but_the_change_itself_has_gone(width):
    told = header("thiel", width)
    assert "Cause" in told
    assert {"Issuer", "Change", "Amount", "%"} <= set(told)
    wide = header("berkshire", width, "2025Q2")
    assert "Cause" in wide or not {"Before", "value", "Weight", "CUSIP"} & set(wide)


def test_where_no_cause_is_told_there_is_no_column_of_it():
    assert "Cause" not in header("scion", 160, "2025Q1")


def test_the_notes_on_causes_make_sense_without_the_column():
    from tests.trees import TODAY
    from thirteenf import Tracker, reports
    from thirteenf.render import render

    told = reports.diff(Tracker(sample=True, today=TODAY), "berkshire", "2025Q2")
    text = " ".join(render(told, "text", width=60).split())
    assert "Cause " not in text
    assert "Causes: ? likely, ?? possible" in text
    assert "`thirteenf explain MANAGER SECURITY` tells them all" in text


@pytest.mark.parametrize("width", [60, 70, 80, 160])
def test_what_is_left_beside_a_redemption_stays_as_long_as_the_cause(tmp_path, width):
    from tests.test_causes import tracked
    from tests.trees import quarter, stock
    from thirteenf import reports
    from thirteenf.render import render

    book = [stock(place, 10_000 + 1_000 * place) for place in range(12)]
    less = [(*one[:2], one[2] // 2, one[3] // 2) for one in book]
    told = reports.diff(tracked(tmp_path, quarter(2, book), quarter(3, less)), "0009999991", "2025Q3")
    text = render(told, "text", width=width)
    assert "what is left of a move is its residual" in " ".join(text.split())
    columns = next(line for line in text.splitlines() if line.startswith("Ticker")).split()
    assert "Cause" in columns
    assert ("Residual" in columns) == (width > 60)
    assert "Before" not in columns or "Residual" in columns


@pytest.mark.parametrize("form", ["--json", "--csv", "--ndjson", "--markdown"])
def test_data_has_no_colour_even_on_a_terminal(form):
    code, out, _ = on_terminal("--sample", "diff", "thiel", "--period", "2025Q3", form)
    assert code == 0
    assert "\x1b" not in out


def test_into_a_pipe_it_is_tab_separated_and_whole(thirteenf):
    done = thirteenf("--sample", "diff", "scion", "--period", "2025Q3")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert {len(line) for line in lines} == {len(lines[0])}
    assert len(lines) == 23
    assert "…" not in done.stdout
    assert "\x1b" not in done.stdout
    assert "Scion Asset Management, LLC" in done.stderr


def test_a_message_is_not_folded_or_coloured_in_a_pipe(thirteenf):
    done = thirteenf("--sample", "diff", "softbank", "--period", "2025Q3")
    assert done.returncode == 3
    assert "\x1b" not in done.stderr
    assert done.stderr.startswith("Error: No report of SoftBank Group Corp. for 2025Q3")
