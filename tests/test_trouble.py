"""A cache that is unwritable, full, busy, damaged or half written: told in one message, and nothing is lost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from tests.trees import filing, fingerprint, first_document, imported, put
from thirteenf import Tracker
from thirteenf.errors import StoreError

NOBODY = 65534
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
PERIODS = ("2025-03-31", "2025-06-30", "2025-09-30")


@pytest.fixture
def tree(tmp_path):
    """Three quarters of one manager."""
    from datetime import date

    return put(
        tmp_path / "in",
        *(
            filing(f"0009999991-25-00000{number}", period=date.fromisoformat(period), filed=date(2025, 11, number))
            for number, period in enumerate(PERIODS, 1)
        ),
    )


@pytest.fixture
def cache(tmp_path, tree):
    folder = tmp_path / "cache"
    imported(folder, tree)
    return folder


def told_well(code, done):
    """One error, with a hint, of the right exit code."""
    assert "Traceback" not in done.stderr
    assert "A bug" not in done.stderr, done.stderr
    assert done.returncode == code, done.stderr
    lines = done.stderr.splitlines()
    assert sum(line.startswith("Error: ") for line in lines) == 1, done.stderr
    assert lines[-1].startswith("Error: ")
    assert ". " in lines[-1].rstrip("."), "no hint"
    return lines


def as_nobody(*arguments, env=None):
    """Run the program as a user who owns nothing."""
    command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    line = [*command, sys.executable, "-m", "thirteenf", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, env=env)


needs_root = pytest.mark.skipif(not ROOT, reason="only root can run the program as another user")


@pytest.fixture
def others_can_pass(tmp_path):
    """Let another user into the folders above pytest's own."""
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder != Path("/tmp"):  # noqa: S108
            folder.chmod(0o755)


@needs_root
@pytest.mark.usefixtures("others_can_pass")
def test_a_cache_that_cannot_be_written(cache, tmp_path):
    before = fingerprint(cache)
    done = as_nobody("--cache", cache, "import", put(tmp_path / "more", filing("0009999991-25-000009")))
    told_well(8, done)
    assert "permission" in done.stderr
    assert fingerprint(cache) == before


@needs_root
@pytest.mark.usefixtures("others_can_pass")
def test_a_cache_that_can_only_be_read_answers(cache):
    done = as_nobody("--cache", cache, "holdings", "example", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["holdings"]) == 3


@needs_root
@pytest.mark.usefixtures("others_can_pass")
def test_a_cache_that_can_only_be_read_and_was_made_under_other_rules(cache):
    (cache / "tables" / "rules.json").write_text('{"rules": "0"}')
    done = as_nobody("--cache", cache, "holdings", "example")
    told_well(8, done)


@needs_root
@pytest.mark.usefixtures("others_can_pass")
def test_a_cache_that_cannot_be_made(tmp_path, tree):
    told_well(8, as_nobody("--cache", tmp_path / "new", "import", tree))
    assert not (tmp_path / "new").exists()


@needs_root
@pytest.mark.usefixtures("others_can_pass")
def test_a_cache_that_cannot_be_read(cache):
    for folder in (cache / "tables", cache):
        folder.chmod(0o700)
    for command in ("holdings example", "rebuild"):
        told_well(8, as_nobody("--cache", cache, *command.split()))


@needs_root
@pytest.mark.usefixtures("others_can_pass")
def test_a_filing_that_cannot_be_read_is_refused_by_name(cache, tmp_path):
    cache.chmod(0o777)
    folder = put(tmp_path / "more", filing("0009999991-25-000009"), filing("0009999991-25-000010"))
    (folder / "0009999991-25-000009.txt").chmod(0o600)
    done = as_nobody("--cache", tmp_path / "cache-of-nobody", "import", folder)
    assert "Traceback" not in done.stderr
    tmp_path.chmod(0o777)
    done = as_nobody("--cache", tmp_path / "cache-of-nobody", "import", folder, "--json")
    assert done.returncode == 7, done.stderr
    (bad,) = [one for one in json.loads(done.stdout)["imported"] if one["outcome"] == "refused"]
    assert "0009999991-25-000009.txt" in bad["path"]
    assert "ermission" in bad["message"]


@needs_root
@pytest.mark.usefixtures("others_can_pass")
def test_the_sample_answers_where_no_folder_of_ones_own_can_be_written(tmp_path):
    shut = tmp_path / "shut"
    shut.mkdir()
    free = tmp_path / "temporary"
    free.mkdir()
    free.chmod(0o777)
    env = os.environ | {"XDG_CACHE_HOME": str(shut), "XDG_DATA_HOME": str(shut), "TMPDIR": str(free)}
    done = as_nobody("diff", "thiel", "--period", "2025Q3", "--json", env=env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["source"] == "sample"


def test_a_cache_path_that_is_a_file(thirteenf, tmp_path, tree):
    path = tmp_path / "file"
    path.write_text("mine")
    told_well(8, thirteenf("--cache", path, "import", tree))
    assert path.read_text() == "mine"
    assert thirteenf("--cache", path, "diff", "thiel").returncode in (3, 8)
    assert path.read_text() == "mine"


def test_a_named_cache_that_is_empty(run, thirteenf, tmp_path):
    for command in ("diff thiel", "rebuild", "status", "managers"):
        code, out, err = run("--cache", tmp_path / "none", *command.split())
        assert (code, out) == (3, "")
        assert err.startswith("Error: ")
        assert "thirteenf refresh" in err.splitlines()[-1]
    env = os.environ | {"THIRTEENF_CACHE": str(tmp_path / "none")}
    told_well(3, thirteenf("diff", "thiel", env=env))
    assert not (tmp_path / "none").exists()


def test_a_named_cache_that_is_empty_is_not_called_sound(thirteenf, tmp_path):
    told_well(3, thirteenf("--cache", tmp_path / "mistyped", "cache", "check"))


# Damage


TABLES = ["filings.parquet", *(f"{t}/period=2025-09-30/rows.parquet" for t in ("information_table", "oddities"))]


@pytest.mark.parametrize("damage", ["cut", "emptied", "zeroed", "removed"])
@pytest.mark.parametrize("name", TABLES)
def test_a_damaged_table_is_an_error_that_rebuild_mends(run, cache, name, damage):
    sound = fingerprint(cache)
    path = cache / "tables" / name
    content = path.read_bytes()
    path.write_bytes({"cut": content[: len(content) // 2], "zeroed": b"\0" * len(content)}.get(damage, b""))
    if damage == "removed":
        path.unlink()
    removed_is_made_anew = damage == "removed" and name == "filings.parquet"
    for command in ("diff example --period 2025Q3", "holdings example"):
        code, out, err = run("--cache", cache, *command.split())
        if removed_is_made_anew and code == 0:  # no filings table: the tables are made anew from the archive
            continue
        assert (code, out) == (8, ""), f"{command} answered from a damaged table:\n{out}"
        assert "rebuild" in err
        assert "Traceback" not in err
        assert "A bug" not in err
    assert run("--cache", cache, "rebuild")[0] == 0
    assert fingerprint(cache) == sound
    assert run("--cache", cache, "cache", "check")[0] == 0


@pytest.mark.parametrize("damage", ["cut", "removed"])
@pytest.mark.parametrize("name", TABLES)
def test_the_check_finds_a_damaged_table(run, cache, name, damage):
    path = cache / "tables" / name
    path.write_bytes(path.read_bytes()[:100])
    if damage == "removed":
        path.unlink()
    code, out, err = run("--cache", cache, "cache", "check", "--json", "--quiet")
    told = first_document(out)
    assert code == 8
    assert len(told["problems"]) == 1
    assert "rebuild" in told["problems"][0]["mend"]
    assert "1 problem" in err


def test_problems_told_as_json_are_one_document(run, cache):
    (cache / "tables" / ".filings.parquet.123.unfinished").write_bytes(b"half")
    code, out, _ = run("--cache", cache, "cache", "check", "--json")
    assert code == 8
    assert json.loads(out)["schema"] in ("thirteenf.cache/1", "thirteenf.error/1")


def test_a_sound_cache_has_no_problem(document, cache):
    told = document("--cache", cache, "cache", "check")
    assert (told["filings"], told["problems"]) == (3, [])


def test_a_damaged_file_in_the_archive_is_found_and_named(run, cache):
    path = min(cache.glob("edgar/data/*/*.gz"))
    path.write_bytes(path.read_bytes()[:-30])
    code, out, _ = run("--cache", cache, "cache", "check", "--json", "--quiet")
    assert code == 8
    assert [one["path"] for one in first_document(out)["problems"]] == [str(path)]


def test_a_damaged_file_in_the_archive_stops_no_question_and_is_named_by_rebuild(run, cache, tree):
    sound = fingerprint(cache)
    path = min(cache.glob("edgar/data/*/*.gz"))
    path.write_bytes(path.read_bytes()[:-30])
    assert run("--cache", cache, "holdings", "example", "--period", "2025Q3")[0] == 0
    code, out, err = run("--cache", cache, "rebuild", "--json")
    assert code in (7, 8), err
    assert path.name in out + err
    assert run("--cache", cache, "holdings", "example", "--period", "2025Q3")[0] == 0
    path.unlink()  # as the message says: remove it and import that filing again
    assert run("--cache", cache, "import", tree)[0] == 0
    assert fingerprint(cache) == sound


def test_the_archive_is_the_truth(run, cache):
    """Everything under tables can be deleted (rule R1): the next question makes it anew."""
    import shutil

    sound = fingerprint(cache)
    shutil.rmtree(cache / "tables")
    assert run("--cache", cache, "holdings", "example")[0] == 0
    assert fingerprint(cache) == sound


def test_tables_of_other_rules_are_made_anew(run, cache):
    sound = fingerprint(cache)
    (cache / "tables" / "rules.json").write_text('{"rules": "0"}')
    assert run("--cache", cache, "holdings", "example")[0] == 0
    assert fingerprint(cache) == sound


def test_state_survives_a_rebuild(run, cache):
    state = cache / "state" / "accepted.json"
    state.parent.mkdir(exist_ok=True)
    state.write_text("{}")
    assert run("--cache", cache, "rebuild")[0] == 0
    assert state.read_text() == "{}"


def test_what_a_killed_run_left_is_found_and_swept(run, cache, tree):
    sound = fingerprint(cache)
    left = [
        cache / "tables" / ".filings.parquet.123.unfinished",
        cache / "edgar" / "data" / "9999991" / ".0009999991-25-000009.txt.gz.123.unfinished",
    ]
    for path in left:
        path.write_bytes(b"half")
    code, out, _ = run("--cache", cache, "cache", "check", "--json", "--quiet")
    assert code == 8
    assert sorted(one["path"] for one in first_document(out)["problems"]) == sorted(map(str, left))
    assert run("--cache", cache, "import", tree)[0] == 0
    assert fingerprint(cache) == sound


def test_a_leftover_of_a_killed_rebuild_is_no_obstacle(run, cache):
    sound = fingerprint(cache / "tables")
    for name in ("tables.new", "tables.old"):
        (cache / name / "information_table").mkdir(parents=True)
        (cache / name / "filings.parquet").write_bytes(b"half")
    assert run("--cache", cache, "holdings", "example")[0] == 0
    assert run("--cache", cache, "rebuild")[0] == 0
    assert fingerprint(cache / "tables") == sound
    assert sorted(path.name for path in cache.iterdir() if not path.name.startswith(".")) == [
        "edgar", "state", "tables",
    ]  # fmt: skip


def test_a_rebuild_killed_between_the_old_tables_and_the_new(run, cache):
    sound = fingerprint(cache / "tables")
    (cache / "tables").rename(cache / "tables.old")
    assert run("--cache", cache, "holdings", "example")[0] == 0
    assert fingerprint(cache / "tables") == sound


# Two at once


def test_a_busy_cache(thirteenf, cache, tree):
    with FileLock(cache / ".lock"):
        for command in (["import", tree], ["rebuild"]):
            lines = told_well(8, thirteenf("--cache", cache, *command, "--wait", "0"))
            assert "--wait" in lines[-1]
        assert thirteenf("--cache", cache, "holdings", "example").returncode == 0, "readers wait for nobody"
    assert thirteenf("--cache", cache, "import", tree, "--wait", "0").returncode == 0


def test_a_rebuild_under_a_readers_eyes_changes_no_answer(cache):
    """A reader sees the tables before or after, never none of them, never an empty portfolio."""
    told = Tracker(cache).moves("example", "2025Q3")
    line = [sys.executable, "-c", (
        "import sys; from thirteenf import intake, offers, places\n"
        "for _ in range(8): intake.rebuild(places.at(__import__('pathlib').Path(sys.argv[1])))"
    ), str(cache)]  # fmt: skip
    wrong, asked = [], 0
    with subprocess.Popen(line) as writer:
        while writer.poll() is None:
            try:
                found = Tracker(cache).moves("example", "2025Q3")
            except StoreError as error:
                wrong.append(str(error))
            else:
                wrong += [] if found.equals(told) else [str(found)]
            asked += 1
    assert writer.returncode == 0
    assert asked > 2
    assert wrong == []


# Full disks


@pytest.fixture
def small_disk(tmp_path):
    """A file system with next to no room."""
    if not ROOT:
        pytest.skip("only root can mount a small file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("no small file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk(thirteenf, small_disk, cache, tmp_path):
    import shutil

    own = small_disk / "cache"
    shutil.copytree(cache, own)
    sound = fingerprint(own)
    filler = small_disk / "filler"
    handle = os.open(filler, os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while os.write(handle, b"x" * 1024):
            pass
    os.close(handle)
    more = put(tmp_path / "more", filing("0009999991-25-000009"))
    for command in (["import", more], ["rebuild"]):
        lines = told_well(8, thirteenf("--cache", own, *command))
        assert any("space" in line for line in lines), lines
    after = fingerprint(own)
    assert {name: after.get(name) for name in sound} == sound, "what was kept is still there, byte for byte"
    filler.unlink()
    assert thirteenf("--cache", own, "import", more).returncode == 0
    assert Tracker(own).filings().height == 4
    assert not list(own.rglob("*.unfinished"))


def test_a_size_limit_in_the_middle_of_a_write(thirteenf, cache, tmp_path):
    import resource

    sound = fingerprint(cache)
    rows = [(f"ISSUER {number}", "037833100", 1000 + number, 10 + number) for number in range(3000)]
    more = put(tmp_path / "more", filing("0009999991-25-000009", rows))

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))

    done = thirteenf("--cache", cache, "import", more, preexec_fn=limit)
    told_well(8, done)
    after = fingerprint(cache)
    assert {name: after.get(name) for name in sound} == sound
    assert thirteenf("--cache", cache, "import", more).returncode == 0
    assert Tracker(cache).filings().height == 4


def test_a_full_disk_under_the_answer(cache):
    line = [sys.executable, "-m", "thirteenf", "--cache", str(cache), "holdings", "example", "--csv"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    told_well(8, done)


def test_an_answer_that_cannot_be_written_leaves_the_old_file(run, cache, tmp_path):
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    code, _, err = run("--cache", cache, "holdings", "example", "-o", folder)
    assert code == 8
    assert "Traceback" not in err
    assert "A bug" not in err
    assert list(folder.iterdir()) == []
    below = tmp_path / "file"
    below.write_text("mine")
    assert run("--cache", cache, "holdings", "example", "-o", below / "x.csv")[0] == 8
    assert run("--cache", cache, "holdings", "example", "--parquet", below / "x.parquet")[0] == 8
    assert below.read_text() == "mine"


# Interrupted


def test_a_reader_that_has_seen_enough(edgar_cache):
    program = f"{sys.executable} -m thirteenf --cache {edgar_cache}"
    for command in ("holdings bridgewater --csv", "holdings bridgewater --text", "moves ark --json", "managers"):
        line = f"set -o pipefail; {program} {command} --quiet | head -1"
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=False)
        assert done.stderr == "", command
        assert done.stdout.count("\n") == 1
        assert done.returncode in (0, 141), command


@pytest.mark.parametrize("command", ["import", "holdings"])
def test_interrupting_ends_with_130_and_one_line(cache, tmp_path, command):
    """Ctrl-C at a file the run opens, without waiting for the right moment."""
    sound = fingerprint(cache)
    more = put(tmp_path / "more", filing("0009999991-25-000009"))
    driver = (
        "import os, signal, sys\n"
        "import polars, thirteenf.intake, thirteenf.tracker, thirteenf.reports\n"
        "from thirteenf.cli import main\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def hook(event, args):\n"
        "    if event == 'open' and str(args[0]).endswith(sys.argv[1]): os.kill(os.getpid(), signal.SIGINT)\n"
        "where = sys.argv[2:]\n"
        "sys.addaudithook(hook)\n"
        "main(where)\n"
    )
    at, *rest = {
        "import": ["0009999991-25-000009.txt", "import", str(more)],
        "holdings": ["rules.json", "holdings", "example"],
    }[command]
    line = [sys.executable, "-c", driver, at, "--cache", str(cache), *rest]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert "nterrupted" in done.stderr
    assert fingerprint(cache) == sound


def test_killing_an_import_frees_the_cache(cache, tmp_path):
    more = put(tmp_path / "more", filing("0009999991-25-000009"))
    holder = subprocess.Popen(
        [sys.executable, "-c", (
            "import sys, time, pathlib; from thirteenf import places\n"
            "with places.at(pathlib.Path(sys.argv[1])).locked():\n"
            "    print('held', flush=True); time.sleep(60)"
        ), str(cache)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with holder:
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    begun = time.monotonic()
    assert imported(cache, more)["outcome"].to_list() == ["added"]
    assert time.monotonic() - begun < 5
