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
