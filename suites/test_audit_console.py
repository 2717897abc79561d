"""The audit trail at a terminal: `keyward audit tail` and `keyward audit search`."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from blackbox import audit
from blackbox.deployment import (
    ACCOUNT,
    BINARY,
    OTHER_ACCOUNT,
    REGION,
    Deployment,
    clean_environment,
    run,
)
from blackbox.refusal import refusal
from blackbox.waiting import wait_for

Deploy = Callable[..., Deployment]
Record = dict[str, Any]


def console(
    deployment: Deployment, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`keyward audit`, run to its end."""
    return subprocess.run(
        [BINARY, "audit", *arguments, "--data-dir", deployment.directory],
        env=clean_environment(**environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def records(deployment: Deployment, *arguments: str) -> list[Record]:
    """What `keyward audit` prints with --json."""
    done = console(deployment, *arguments, "--json")
    assert done.stderr == ""
    assert done.returncode == (0 if done.stdout or arguments[0] == "tail" else 1)
    return [json.loads(line) for line in done.stdout.splitlines()]


def names(found: list[Record]) -> list[str]:
    return [record["eventName"] for record in found]


@contextmanager
def following(deployment: Deployment, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """`keyward audit tail --follow`."""
    with subprocess.Popen(
        [BINARY, "audit", "tail", "--follow", *arguments, "--data-dir", deployment.directory],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def next_record(process: subprocess.Popen[bytes]) -> Record:
    """The next line, as JSON."""
    return json.loads(next_line(process))


def next_line(process: subprocess.Popen[bytes]) -> bytes:
    """The next line, byte by byte: what a buffer holds cannot be waited for."""
    assert process.stdout is not None
    line = b""
    while not line.endswith(b"\n"):
        readable, _, _ = select.select([process.stdout], [], [], 30)
        byte = process.stdout.read(1) if readable else b""
        if not byte:
            raise TimeoutError(f"the tail shows nothing more after {line!r}")
        line += byte
    return line


def deliver(deployment: Deployment) -> list[Path]:
    """Delivers what is in the journal; the new log files."""
    said = run("audit", "deliver", "--json", "--data-dir", deployment.directory)
    audit_directory = deployment.directory / "audit"
    return [audit_directory / it["bucket"] / it["object"] for it in json.loads(said)["files"]]


@pytest.fixture
def served(deploy: Deploy) -> Deployment:
    return deploy().start()


def test_the_tail_shows_the_newest_events_and_follows_what_comes(served: Deployment) -> None:
    kms = served.client()
    kms.list_keys()
    kms.list_aliases()
    assert names(records(served, "tail", "-n", "2")) == ["ListKeys", "ListAliases"]
    with following(served, "-n", "1", "--json") as tail:
        assert next_record(tail)["eventName"] == "ListAliases"
        answer = kms.create_key()
        record = next_record(tail)
        assert record["requestID"] == audit.request_id(answer)
        assert "operatorNote" not in record
        kms.list_keys()
        assert next_record(tail)["eventName"] == "ListKeys"
        tail.send_signal(signal.SIGTERM)
        assert tail.wait(10) == 0
        assert tail.stderr is not None and tail.stderr.read() == b""


def test_the_tail_follows_into_new_segments_and_over_a_restart(served: Deployment) -> None:
    with following(served, "-n", "0", "--json") as tail:
        for _ in range(2):
            served.client().list_keys()
            assert next_record(tail)["eventName"] == "ListKeys"
            before = len(list((served.directory / "journal").glob("*.jsonl")))
            assert served.stop() == 0
            served.start()
            served.client().list_aliases()
            assert next_record(tail)["eventName"] == "ListAliases"
            assert len(list((served.directory / "journal").glob("*.jsonl"))) == before + 1
        tail.send_signal(signal.SIGINT)
        assert tail.wait(10) == 0


def test_what_was_cut_off_again_is_followed_by_what_replaces_it(deploy: Deploy) -> None:
    deployment = deploy()
    served = deployment.start()
    served.client().list_keys()
    assert served.stop() == 0
    segment = max((deployment.directory / "journal").glob("*.jsonl"))
    whole = segment.read_bytes()
    line = whole.splitlines(keepends=True)[-1]
    with following(deployment, "-n", "1", "--json") as tail:
        assert next_record(tail)["eventName"] == "ListKeys"
        with segment.open("ab") as file:
            file.write(line.replace(b"ListKeys", b"CutAgain"))
        assert next_record(tail)["eventName"] == "CutAgain"
        with segment.open("ab") as file:
            file.write(line[:100])
        os.truncate(segment, len(whole))
        with segment.open("ab") as file:
            file.write(line.replace(b"ListKeys", b"Instead"))
        assert next_record(tail)["eventName"] == "Instead"


def test_the_tail_ends_quietly_when_nobody_reads(served: Deployment) -> None:
    served.client().list_keys()
    with following(served) as tail:
        assert b"ListKeys" in next_line(tail)
        assert tail.stdout is not None
        tail.stdout.close()
        assert tail.wait(10) == 0
        assert tail.stderr is not None and tail.stderr.read() == b""


def test_a_limit_ends_the_tail(served: Deployment) -> None:
    with following(served, "-n", "0", "--json", "--limit", "2", "--event-name", "ListKeys") as tail:
        kms = served.client()

        def is_over() -> bool | None:
            kms.list_keys()
            kms.list_aliases()
            return True if tail.poll() == 0 else None

        wait_for("end of the tail", is_over)
        shown = [next_record(tail) for _ in range(2)]
        assert names(shown) == ["ListKeys", "ListKeys"]


def test_a_limit_leaves_the_newest_events_of_the_tail(served: Deployment) -> None:
    kms = served.client()
    for _ in range(3):
        kms.list_aliases()
        kms.list_keys()
    shown = records(served, "tail", "-n", "5", "--limit", "2")
    assert names(shown) == ["ListAliases", "ListKeys"]
    assert shown == records(served, "tail", "-n", "2")


def test_events_are_searched_in_files_and_the_journal_each_once(served: Deployment) -> None:
    kms = served.client()
    key = kms.create_key()["KeyMetadata"]
    for number in range(3):
        kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={"n": str(number)})
        assert deliver(served)
    kms.list_keys()

    found = records(served, "search")
    assert sorted(record["eventID"] for record in found) == sorted(
        record["eventID"] for record in served.records()
    )
    assert names(found)[-1] == "ListKeys"
    of_kms = ("--event-source", "kms.amazonaws.com")
    newest = records(served, "search", "--newest", "--limit", "2", *of_kms)
    assert names(newest) == ["ListKeys", "Encrypt"]
    encrypts = records(served, "search", "--event-name", "Encrypt", "--key", key["Arn"])
    assert [it["requestParameters"]["encryptionContext"]["n"] for it in encrypts] == ["0", "1", "2"]


def test_each_event_is_found_once_while_others_are_made_and_delivered(served: Deployment) -> None:
    served.add_account()
    clients = [served.client(), served.client(f"keyward-{OTHER_ACCOUNT}")]
    with ThreadPoolExecutor(len(clients) + 1) as pool:
        is_over = Event()

        def call(client: Any) -> None:
            while not is_over.is_set():
                client.list_keys()

        def keep_delivering() -> None:
            while not is_over.is_set():
                deliver(served)

        work = [pool.submit(call, client) for client in clients] + [pool.submit(keep_delivering)]
        try:
            for order in [(), ("--newest",)] * 4:
                before = {record["eventID"] for record in served.records()}
                found = [record["eventID"] for record in records(served, "search", *order)]
                assert len(found) == len(set(found))
                assert before <= set(found)
        finally:
            is_over.set()
        for one in work:
            one.result(30)


def test_files_are_searched_without_server_and_journal(served: Deployment) -> None:
    served.client().list_keys()
    assert served.stop() == 0
    deliver(served)
    # That it was delivered is on record as well, in the journal alone.
    search = ("search", "--event-source", "kms.amazonaws.com")
    expected = records(served, *search)
    assert names(expected)[-1] == "ListKeys"
    (served.directory / "journal").rename(served.directory.with_name("journal"))
    (served.directory / "keyward.db").unlink()
    assert records(served, *search) == expected
    assert console(served, "tail").returncode == 1


def test_filters_find_what_they_name_and_nothing_else(served: Deployment) -> None:
    served.add_account()
    kms, other = served.client(), served.client(f"keyward-{OTHER_ACCOUNT}")
    answer = kms.create_key()
    key = answer["KeyMetadata"]
    kms.create_alias(AliasName="alias/app", TargetKeyId=key["KeyId"])
    kms.encrypt(KeyId="alias/app", Plaintext=b"x")
    admin = served.client("keyward-admin")
    admin.describe_key(KeyId=key["KeyId"])
    denied = refusal(other.describe_key, KeyId=key["Arn"])
    assert denied.code == "AccessDeniedException"
    access_key = served.credentials().access_key_id
    (created,) = [it for it in served.records() if it["eventName"] == "CreateKey"]
    search = ("search", "--since", "1h")
    for filters, expected in [
        (("--event-name", "Encrypt,CreateAlias"), ["CreateAlias", "Encrypt"]),
        (("--key", "alias/app"), ["CreateAlias", "Encrypt"]),
        (("--key", key["KeyId"], "--read-only"), ["Encrypt", "DescribeKey", "DescribeKey"]),
        (("--key", key["Arn"], "--account", OTHER_ACCOUNT), ["DescribeKey"]),
        (("--user", "admin"), ["DescribeKey"]),
        (("--principal", f"arn:aws:iam::{OTHER_ACCOUNT}:root"), ["DescribeKey"]),
        (("--access-key-id", access_key, "--read-only"), ["Encrypt"]),
        (("--error",), ["DescribeKey"]),
        (("--error", "AccessDenied"), ["DescribeKey"]),
        (("--error", "DisabledException"), []),
        (("--event-id", created["eventID"]), ["CreateKey"]),
        (("--request-id", audit.request_id(answer)), ["CreateKey"]),
        (("--source-ip", "127.0.0.1", "--write"), ["CreateKey", "CreateAlias"]),
        (("--source-ip", "127.0.0.2"), []),
        (("--region", "eu-west-3"), []),
        (("--until", "59m"), []),
    ]:
        assert names(records(served, *search, *filters)) == expected, filters
        tailed = records(served, "tail", "-n", "1000", *filters)
        assert names(tailed) == expected, filters


def test_the_exit_status_is_that_of_grep(served: Deployment) -> None:
    served.client().list_keys()
    assert console(served, "search", "--event-name", "ListKeys").returncode == 0
    nothing = console(served, "search", "--event-name", "Nothing")
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (1, "", "")
    assert console(served, "search", "--since", "yesterday").returncode == 2
    for command in ["search", "tail"]:
        impossible = console(served, command, "--since", "1h", "--until", "2h")
        assert (impossible.returncode, impossible.stdout) == (2, "")
        assert "--since is later than --until" in impossible.stderr
    (file, *_) = deliver(served)
    served.client().list_keys()
    assert console(served, "search").returncode == 0
    file.write_bytes(file.read_bytes()[:-9])
    damaged = console(served, "search", "--event-name", "ListKeys")
    assert damaged.returncode == 2
    assert file.name in damaged.stderr
    assert "ListKeys" in damaged.stdout, "what is in the journal is found all the same"


def test_reasons_are_told_only_when_they_are_asked_for(served: Deployment) -> None:
    served.add_account()
    key = served.client().create_key()["KeyMetadata"]["Arn"]
    refusal(served.client(f"keyward-{OTHER_ACCOUNT}").describe_key, KeyId=key)
    wanted = ("--error", "AccessDenied", "--limit", "1")
    assert deliver(served)
    for command in ["search", "tail"]:
        (plain,) = records(served, command, *wanted)
        assert "operatorNote" not in plain
        (noted,) = records(served, command, "--explain", *wanted)
        assert noted.pop("operatorNote")["reason"]
        assert noted == plain
        words = console(served, command, "--explain", *wanted).stdout
        assert re.search(r"^  reason +\S", words, re.M)


def test_a_line_says_when_where_who_what_and_how_it_ended(served: Deployment) -> None:
    kms = served.client()
    key = kms.create_key()["KeyMetadata"]
    kms.disable_key(KeyId=key["KeyId"])
    failed = refusal(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
    assert failed.code == "DisabledException"
    done = console(served, "tail", "-n", "2")
    disabled, refused = (re.split(r" {2,}", line) for line in done.stdout.splitlines())
    what = f"key/{key['KeyId']}"
    assert disabled[1:7] == [ACCOUNT, REGION, "DisableKey", "root", what, "ok"]
    assert refused[1:7] == [ACCOUNT, REGION, "Encrypt", "root", what, "DisabledException"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", refused[0])
    assert "\x1b" not in done.stdout


def on_a_terminal(deployment: Deployment, *arguments: str, **environment: str) -> str:
    """What `keyward audit` shows on a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [BINARY, "audit", *arguments, "--data-dir", deployment.directory],
        env=clean_environment(**environment),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while select.select([ours], [], [], 60)[0] and (part := os.read(ours, 4096)):
            shown += part
    except OSError:
        pass  # The end of a terminal that nobody holds.
    try:
        assert process.wait(30) == 0
    finally:
        process.kill()
        os.close(ours)
    return shown.decode()


def test_a_terminal_gets_titles_and_colour_unless_it_wants_none(served: Deployment) -> None:
    refusal(served.client().describe_key, KeyId="alias/none")
    shown = on_a_terminal(served, "tail", "--error")
    assert shown.startswith("TIME ")
    assert "\x1b[31mNotFoundException" in shown
    assert "\x1b" not in on_a_terminal(served, "tail", "--error", NO_COLOR="1")


def test_texts_of_clients_do_nothing_to_a_terminal(served: Deployment) -> None:
    refusal(served.client().describe_key, KeyId="\x1b[2J\x9b")
    for arguments in [(), ("--explain",)]:
        shown = console(served, "tail", "-n", "1", *arguments).stdout
        assert "\x1b" not in shown and "\x9b" not in shown
        assert "\\u{1b}[2J\\u{9b}" in shown


def test_a_directory_without_a_trail_is_said_to_have_none(tmp_path: Path) -> None:
    empty = Deployment(tmp_path)
    for command, status in [("search", 2), ("tail", 1)]:
        done = console(empty, command)
        assert done.returncode == status
        assert "holds no audit" in done.stderr


def test_a_trail_that_cannot_be_looked_at_is_not_said_to_be_absent(tmp_path: Path) -> None:
    closed = Deployment(tmp_path)
    for name in ["journal", "audit"]:
        (tmp_path / name).symlink_to(tmp_path / name)
    for command, status in [("search", 2), ("tail", 1)]:
        done = console(closed, command)
        assert done.returncode == status
        assert "holds no audit" not in done.stderr
        assert f"{tmp_path / 'journal'}: " in done.stderr
