"""Disks that are full, and journals that are taken away: what is acknowledged is on record, what
cannot be recorded is not done, and everything goes on by itself once it can."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from blackbox.callers import CALLERS, Callers, is_on_record_once
from blackbox.deployment import Deployment, run
from blackbox.metrics import series
from blackbox.volume import Volume
from blackbox.waiting import asked, wait_for

Deploy = Callable[..., Deployment]
Mount = Callable[[Path, int], Volume]

UNRECORDED = (
    500,
    "KMSInternalException",
    "The audit trail cannot be written, so the request was refused. Retry the request later.",
)


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Mounts small file systems for one test."""
    if os.geteuid() != 0:
        if os.environ.get("CI"):
            pytest.fail(
                "a small disk is mounted by root alone, and this check must not be left out"
            )
        pytest.skip("a small disk is mounted by root alone")
    mounted: list[Volume] = []

    def make(path: Path, mebibytes: int) -> Volume:
        mounted.append(Volume.mount(path, mebibytes))
        return mounted[-1]

    yield make
    for volume in reversed(mounted):
        volume.unmount()


def readiness(deployment: Deployment) -> tuple[int, list[str]]:
    answer = asked(f"{deployment.endpoint}/health/ready")
    return answer.status_code, answer.text.splitlines()


def is_not_ready_because(deployment: Deployment, reason: str) -> bool | None:
    status, reasons = readiness(deployment)
    return (status == 503 and reason in reasons) or None


def served(deployment: Deployment, durability: str, more: str = "") -> Deployment:
    file = deployment.directory.with_name("keyward.toml")
    file.write_text(
        f'[audit]\ndurability = "{durability}"\n{more}[metrics]\nlisten = "127.0.0.1:0"\n'
    )
    return deployment.start("--config", str(file))


@pytest.mark.parametrize("durability", ["written", "fsync"])
def test_a_full_disk_refuses_every_request_until_there_is_room_and_loses_nothing(
    deploy: Deploy, mount: Mount, durability: str
) -> None:
    one = deploy()
    volume = mount(one.directory / "journal", 2)
    served(one, durability)
    callers = Callers(one)
    callers.have("acknowledged", 20)
    volume.fill()
    callers.have("refusals", 20)
    reason = "the audit journal cannot be written"
    wait_for("word of the reason", partial(is_not_ready_because, one, reason))
    told = series(one)
    assert told["keyward_audit_healthy"] == 0
    assert told['keyward_audit_held{by="disk"}'] == 1
    assert told['keyward_audit_held{by="delivery"}'] == 0
    assert told["keyward_audit_refused_records_total"] >= 20 * CALLERS
    callers.stop()
    # Those that had come further when the disk filled up may have met it elsewhere.
    assert set(callers.refusals) == {UNRECORDED}
    # Said when it changed, not for each request: that would fill another disk.
    assert one.log.read_text().count("the journal cannot be written") < len(callers.refusals) / 2

    # Nobody calls now.
    volume.free()
    wait_for("readiness", one.answers_ready)
    told = series(one)
    assert told["keyward_audit_healthy"] == 1
    assert told['keyward_audit_held{by="disk"}'] == 0
    assert "the journal can be written again" in one.log.read_text()
    more = Callers(one)
    more.have("acknowledged", 20)
    more.stop()
    assert more.refusals == []
    for some in [callers, more]:
        wait_for("all that was acknowledged", partial(is_on_record_once, one, some))
    assert one.stop() == 0
    assert "panicked" not in one.log.read_text()


FAULTS: dict[str, tuple[Callable[[Volume], None], Callable[[Volume], None]]] = {
    "full": (Volume.fill, Volume.free),
    "read-only": (Volume.make_read_only, Volume.make_writable),
    "without inodes": (Volume.take_inodes, Volume.give_inodes),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_log_files_that_cannot_be_made_refuse_every_request_until_they_can(
    deploy: Deploy, mount: Mount, fault: str
) -> None:
    hurt, mend = FAULTS[fault]
    one = deploy()
    volume = mount(one.directory / "audit", 2)
    served(one, "written", "file_age_s = 1\n")
    callers = Callers(one)
    callers.have("acknowledged", 20)
    hurt(volume)
    callers.have("refusals", 20)
    reason = "audit records cannot be delivered to log files"
    wait_for("word of the reason", partial(is_not_ready_because, one, reason))
    told = series(one)
    assert told["keyward_audit_healthy"] == 0
    assert told['keyward_audit_held{by="disk"}'] == 0
    assert told['keyward_audit_held{by="delivery"}'] == 1
    assert told["keyward_audit_delivery_failures_total"] > 0
    callers.stop()
    assert set(callers.refusals) == {UNRECORDED}

    mend(volume)
    wait_for("readiness", one.answers_ready)
    assert series(one)['keyward_audit_held{by="delivery"}'] == 0
    more = Callers(one)
    more.have("acknowledged", 20)
    more.stop()
    assert more.refusals == []
    for some in [callers, more]:
        wait_for("all that was acknowledged", partial(is_on_record_once, one, some))
    run("audit", "deliver", "--digest", "--data-dir", one.directory)
    files = [path for path in volume.path.rglob("*.json.gz") if "/CloudTrail/" in str(path)]
    contents = [json.loads(gzip.decompress(path.read_bytes())) for path in files]
    delivered = Counter(record["eventID"] for it in contents for record in it["Records"])
    # What the command did itself is on record behind what it delivered.
    recorded = Counter(record["eventID"] for record in one.records())
    assert max(delivered.values()) == 1 and not delivered - recorded
    assert not any("requestID" in it for it in one.records() if it["eventID"] not in delivered)
    assert json.loads(run("audit", "verify", "--json", "--data-dir", one.directory))["isValid"]
    assert one.stop() == 0
    assert "panicked" not in one.log.read_text()


def test_a_disk_full_below_everything_stops_everything_and_loses_nothing(
    deploy: Deploy, mount: Mount, tmp_path: Path
) -> None:
    volume = mount(tmp_path / "small", 24)
    one = Deployment.make(volume.path / "data")
    try:
        served(one, "written")
        callers = Callers(one)
        callers.have("acknowledged", 20)
        volume.fill()
        callers.have("refusals", 20)
        callers.stop()
        assert all(status == 500 for status, _, _ in callers.refusals)
        assert UNRECORDED in callers.refusals
        volume.free()
        wait_for("readiness", one.answers_ready)
        more = Callers(one)
        more.have("acknowledged", 20)
        more.stop()
        assert more.refusals == []
        for some in [callers, more]:
            wait_for("all that was acknowledged", partial(is_on_record_once, one, some), 90)
        assert one.stop() == 0
    finally:
        one.end()


def test_a_journal_that_is_taken_away_is_missed_and_nothing_is_lost(deploy: Deploy) -> None:
    one = served(deploy(), "written")
    journal = one.directory / "journal"
    away = journal.with_name("elsewhere")
    callers = Callers(one)
    callers.have("acknowledged", 20)
    journal.rename(away)
    # Something else in its place, where no line can be written.
    journal.write_text("not a directory")
    reason = "the audit journal cannot be written"
    wait_for("word of the reason", partial(is_not_ready_because, one, reason))
    callers.have("refusals", 20)
    assert UNRECORDED in callers.refusals

    journal.unlink()
    away.rename(journal)
    wait_for("readiness", one.answers_ready)
    have = max(len(caller.acknowledged) for caller in callers.all)
    callers.have("acknowledged", have + 20)
    callers.stop()
    wait_for("all that was acknowledged", partial(is_on_record_once, one, callers))
    assert one.stop() == 0


def test_half_a_line_of_a_process_that_was_killed_is_mended_and_counted(deploy: Deploy) -> None:
    one = served(deploy(), "fsync")
    callers = Callers(one)
    callers.have("acknowledged", 20)
    one.kill()
    callers.stop(after_kill=True)
    newest = max((one.directory / "journal").glob("*.jsonl"))
    with newest.open("a") as segment:
        segment.write('{"eventVersion":"1.11","half')

    served(one, "fsync")
    assert series(one)["keyward_audit_torn_lines_total"] == 1
    assert newest.with_suffix(".torn").read_text() == '{"eventVersion":"1.11","half'
    assert "torn" in one.log.read_text()
    more = Callers(one)
    more.have("acknowledged", 20)
    more.stop()
    for some in [callers, more]:
        wait_for("all that was acknowledged", partial(is_on_record_once, one, some))
    assert one.stop() == 0
