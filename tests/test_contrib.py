"""What is handed out for schedulers says only what the program knows."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

from thirteenf.cli import fetching

CONTRIB = Path(__file__).parents[1] / "contrib"
FILES = sorted(path for path in CONTRIB.rglob("*") if path.is_file())
OPTIONS = {name for parameter in fetching.refresh.params for name in parameter.opts}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_option_is_one_of_refresh(path):
    commands = re.findall(r"thirteenf refresh ([^\n|`]*)", path.read_text())
    said = {word.rstrip("})") for line in commands for word in re.findall(r"--[a-z-]+", line)}
    assert said <= OPTIONS


def test_each_has_its_time_and_its_command():
    assert (
        "ExecStart=%h/.local/bin/thirteenf refresh" in (CONTRIB / "systemd" / "thirteenf-refresh.service").read_text()
    )
    assert re.search(r"^OnCalendar=\S", (CONTRIB / "systemd" / "thirteenf-refresh.timer").read_text(), re.MULTILINE)
    assert re.search(r"^[\d*]+( [\d*]+){4} .*thirteenf refresh", (CONTRIB / "crontab").read_text(), re.MULTILINE)
    assert re.search(r'cron: "[\d*]+( [\d*]+){4}"', (CONTRIB / "workflow.yml").read_text())


def test_the_units_are_those_of_systemd():
    for kind, section in (("service", "Service"), ("timer", "Timer")):
        unit = configparser.ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str
        unit.read(CONTRIB / "systemd" / f"thirteenf-refresh.{kind}")
        assert {"Unit", section} <= set(unit.sections())
    service = (CONTRIB / "systemd" / "thirteenf-refresh.service").read_text()
    prevented = re.search(r"^RestartPreventExitStatus=(.*)$", service, re.MULTILINE)[1].split()
    assert "4" not in prevented  # EDGAR unreachable is worth another try
    assert {"2", "3", "5", "6", "8"} <= set(prevented)  # what a person must mend is not


def test_the_exit_codes_that_a_scheduler_meets_are_all_told():
    told = (CONTRIB / "README.md").read_text()
    for code in (0, 2, 3, 4, 5, 6, 7, 8):
        assert re.search(rf"^\|.*\b{code}\b.*\|", told, re.MULTILINE), code
