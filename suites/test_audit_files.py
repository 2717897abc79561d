"""Delivered audit files: the validator of the AWS CLI and `keyward audit verify` agree that they
are whole, and both notice what is done to them."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from blackbox import audit, bucket
from blackbox.deployment import ACCOUNT, BINARY, REGION, Deployment, clean_environment, run
from blackbox.waiting import within_an_hour

AWS = Path(sys.executable).with_name("aws")
BUCKET = "keyward-audit"
DIGESTS = 3
LOGS = 2 * DIGESTS


@dataclass
class Outcome:
    """What a validator said."""

    status: int
    output: str
    errors: str

    @property
    def findings(self) -> list[dict[str, Any]]:
        return json.loads(self.output)["findings"]

    def about(self, key: str) -> dict[str, Any]:
        """The one finding about a file."""
        [found] = [it for it in self.findings if it.get("object") == key]
        return found


@dataclass
class Trail:
    """A deployment whose records are in log files and digests."""

    deployment: Deployment
    server: Deployment
    s3: str

    @property
    def bucket(self) -> Path:
        return self.deployment.directory / "audit" / BUCKET

    @property
    def digests(self) -> list[str]:
        """The keys of the digests, oldest first."""
        found = [key for key in bucket.keys(self.bucket) if "/CloudTrail-Digest/" in key]
        return [key for key in found if f"/{REGION}/" in key]

    @property
    def logs(self) -> list[str]:
        """The keys of the log files, in the order of the digests that list them."""
        return [file["s3Object"] for key in self.digests for file in self.read(key)["logFiles"]]

    def read(self, key: str) -> Any:
        return json.loads(gzip.decompress(self.path(key).read_bytes()))

    def path(self, key: str) -> Path:
        return self.bucket / key

    def verify(self, *arguments: str | Path) -> Outcome:
        """`keyward audit verify`."""
        where = ["--data-dir", self.deployment.directory] if not arguments else [*arguments]
        return run_to_end([BINARY, "audit", "verify", "--json", *where], clean_environment())

    def validate(self) -> Outcome:
        """`aws cloudtrail validate-logs`"""
        environment = clean_environment(
            **self.server.aws_environment,
            AWS_ENDPOINT_URL_S3=self.s3,
            AWS_ENDPOINT_URL_CLOUDTRAIL=self.server.endpoint,
            AWS_EC2_METADATA_DISABLED="true",
        )
        now = datetime.now(UTC)
        return run_to_end(
            [
                *[
                    AWS,
                    "cloudtrail",
                    "validate-logs",
                    "--verbose",
                    "--start-time",
                    (now - timedelta(hours=1)).isoformat(),
                    "--end-time",
                    (now + timedelta(minutes=1)).isoformat(),
                ],
                *["--trail-arn", f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/keyward"],
            ],
            environment,
        )


def run_to_end(command: list[str | Path], environment: dict[str, str]) -> Outcome:
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def make_trail(directory: Path) -> Deployment:
    """Three digests, with two log files each."""
    made = Deployment.make(directory, "--region", REGION)
    try:
        made.start()
        kms = made.client()
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        for _ in range(DIGESTS):
            for step in [["deliver"], ["deliver", "--digest"]]:
                for n in range(20):
                    kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"n": str(n)})
                run("audit", *step, "--data-dir", made.directory)
        assert made.stop() == 0
    finally:
        made.end()
    return made


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trail]:
    """A trail that nobody adds to. A server on a copy tells where it is and who signed it."""
    made = within_an_hour(lambda: make_trail(tmp_path_factory.mktemp("trail") / "data"))
    server = Deployment(made.directory.with_name("copy"))
    shutil.copytree(made.directory, server.directory)
    try:
        server.start()
        with bucket.served(made.directory / "audit") as s3:
            yield Trail(made, server, s3)
    finally:
        server.end()


@pytest.fixture
def trail(delivered: Trail, tmp_path: Path) -> Iterator[Trail]:
    """The same, to be done to as a test likes: it is as before for the next one."""
    files = delivered.deployment.directory / "audit"
    shutil.copytree(files, tmp_path / "audit")
    yield delivered
    shutil.rmtree(files)
    shutil.copytree(tmp_path / "audit", files)


def flip(path: Path, offset: int) -> None:
    changed = bytearray(path.read_bytes())
    changed[offset] ^= 0x41
    path.write_bytes(changed)


def test_what_was_delivered_is_valid_to_both(trail: Trail) -> None:
    assert len(trail.digests) == DIGESTS
    assert len(trail.logs) == LOGS
    theirs = trail.validate()
    assert theirs.status == 0, theirs.errors
    assert "3/3 digest files valid" in theirs.output
    assert f"{LOGS}/{LOGS} log files valid" in theirs.output
    ours = trail.verify()
    assert ours.status == 0, ours.errors
    outcome = json.loads(ours.output)
    assert outcome["isValid"] and outcome["withDatabase"]
    assert outcome["digestFiles"] == {"valid": 3, "invalid": 0}
    assert outcome["logFiles"]["valid"] == LOGS
    assert outcome["findings"] == []


def test_every_record_of_the_journal_is_in_a_valid_file(trail: Trail) -> None:
    delivered = [record for key in trail.logs for record in trail.read(key)["Records"]]
    ids = {record["eventID"] for record in delivered}
    assert len(ids) == len(delivered)
    encrypts = [
        it for it in audit.records(trail.deployment.directory) if it["eventName"] == "Encrypt"
    ]
    assert len(encrypts) == 2 * DIGESTS * 20
    assert {record["eventID"] for record in encrypts} <= ids
    assert not any("operatorNote" in record for record in delivered)


def test_a_copy_is_verified_with_the_public_keys_alone(trail: Trail, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    shutil.copy(trail.deployment.directory / "audit" / "public-keys.json", keys)
    copy = tmp_path / "copy"
    shutil.copytree(trail.bucket, copy)
    arguments = ["--directory", copy, "--public-keys", keys]
    ours = trail.verify(*arguments)
    assert ours.status == 0, ours.errors
    assert json.loads(ours.output)["withDatabase"] is False
    log = trail.logs[0]
    flip(copy / log, 200)
    ours = trail.verify(*arguments)
    assert ours.status == 1
    assert ours.about(log)["problem"] == "edited"


def test_what_proves_nothing_is_not_valid(trail: Trail, tmp_path: Path) -> None:
    keys = trail.deployment.directory / "audit/public-keys.json"
    without_digests = tmp_path / "copy"
    shutil.copytree(trail.bucket, without_digests)
    for digests in list(without_digests.rglob("CloudTrail-Digest")):
        shutil.rmtree(digests)
    empty = tmp_path / "empty"
    empty.mkdir()
    too_deep = trail.bucket / "AWSLogs"
    for directory in [without_digests, empty, too_deep]:
        ours = trail.verify("--directory", directory, "--public-keys", keys)
        outcome = json.loads(ours.output)
        assert (ours.status, outcome["isValid"]) == (1, False)
        assert "cannot be verified" in outcome["reason"]
    for part in [("--account", "999999999999"), ("--region", "eu-west-3")]:
        assert trail.verify("--data-dir", trail.deployment.directory, *part).status == 1


@pytest.mark.parametrize("damages", [False, True])
def test_the_exit_status_tells_the_outcome_if_nobody_reads_it(trail: Trail, damages: bool) -> None:
    if damages:
        flip(trail.path(trail.logs[0]), 77)
    command = [BINARY, "audit", "verify", "--data-dir", trail.deployment.directory]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        command, env=clean_environment(), stdout=write, stderr=subprocess.PIPE, timeout=120
    )
    os.close(write)
    assert done.returncode == int(damages), done.stderr


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_an_edited_byte_of_a_log_file_is_noticed_by_both_and_named(
    trail: Trail, place: str
) -> None:
    log = trail.logs[2]
    length = trail.path(log).stat().st_size
    offset = {"first": 0, "middle": length // 2, "last": length - 1}[place]
    was = trail.path(log).read_bytes()[offset]
    flip(trail.path(log), offset)
    theirs = trail.validate()
    assert theirs.status == 1
    assert "INVALID" in theirs.errors and log in theirs.errors
    ours = trail.verify()
    assert ours.status == 1
    [found] = ours.findings
    assert found["object"] == log
    assert (found["firstBadByte"], found["delivered"], found["found"]) == (offset, was, was ^ 0x41)


def test_a_truncated_log_file_is_noticed_by_both(trail: Trail) -> None:
    log = trail.logs[3]
    stored = trail.path(log).read_bytes()
    trail.path(log).write_bytes(stored[:500])
    assert trail.validate().status == 1
    found = trail.verify().about(log)
    assert (found["problem"], found["firstBadByte"]) == ("truncated", 500)


def test_data_behind_a_log_file_is_noticed_by_both(trail: Trail) -> None:
    log = trail.logs[3]
    stored = trail.path(log).read_bytes()
    trail.path(log).write_bytes(stored + gzip.compress(b"{}"))
    theirs = trail.validate()
    assert theirs.status == 1
    assert "unexpected data after end of compressed stream" in theirs.errors
    found = trail.verify().about(log)
    assert (found["problem"], found["firstBadByte"]) == ("appended", len(stored))


def test_log_files_that_changed_places_are_noticed_by_both(trail: Trail) -> None:
    one, other = trail.logs[0], trail.logs[5]
    stored = trail.path(one).read_bytes(), trail.path(other).read_bytes()
    trail.path(one).write_bytes(stored[1])
    trail.path(other).write_bytes(stored[0])
    theirs = trail.validate()
    assert theirs.status == 1
    assert f"{LOGS - 2}/{LOGS} log files valid" in theirs.output
    ours = trail.verify()
    for log, twin in [(one, other), (other, one)]:
        assert ours.about(log)["problem"] == "swapped"
        assert twin in ours.about(log)["message"]


def test_records_in_another_order_are_noticed_by_both(trail: Trail) -> None:
    log = trail.logs[1]
    content = trail.read(log)
    content["Records"].reverse()
    packed = json.dumps(content, separators=(",", ":")).encode()
    trail.path(log).write_bytes(gzip.compress(packed))
    theirs = trail.validate()
    assert "hash value doesn't match" in theirs.errors
    ours = trail.verify()
    assert (ours.status, ours.about(log)["problem"]) == (1, "edited")


def test_a_log_file_that_is_gone_is_noticed_by_both(trail: Trail) -> None:
    log = trail.logs[4]
    trail.path(log).unlink()
    theirs = trail.validate()
    assert theirs.status == 1
    assert "INVALID: not found" in theirs.errors
    ours = trail.verify()
    assert (ours.status, ours.about(log)["problem"]) == (1, "missing")


def test_a_digest_that_is_gone_is_noticed_by_both(trail: Trail) -> None:
    digest = trail.digests[1]
    logs = trail.logs
    trail.path(digest).unlink()
    theirs = trail.validate()
    assert theirs.status == 1
    assert "INVALID: not found" in theirs.errors
    ours = trail.verify()
    assert (ours.status, ours.about(digest)["problem"]) == (1, "missing")
    # The database still knows what it listed.
    assert json.loads(ours.output)["logFiles"]["valid"] == len(logs)


def test_only_keyward_notices_that_the_newest_digest_is_gone(trail: Trail) -> None:
    digest = trail.digests[-1]
    trail.path(digest).unlink()
    trail.path(digest).with_name(Path(digest).name + bucket.METADATA).unlink()
    theirs = trail.validate()
    assert theirs.status == 0
    assert "2/2 digest files valid" in theirs.output
    ours = trail.verify()
    assert (ours.status, ours.about(digest)["problem"]) == (1, "missing")


@pytest.mark.parametrize("which", [0, -1])
def test_an_edited_digest_is_noticed_by_both(trail: Trail, which: int) -> None:
    digest = trail.digests[which]
    content = trail.read(digest)
    content["logFiles"] = content["logFiles"][:1]
    packed = json.dumps(content, separators=(",", ":")).encode()
    trail.path(digest).write_bytes(gzip.compress(packed))
    theirs = trail.validate()
    assert theirs.status == 1
    assert "signature verification failed" in theirs.errors
    ours = trail.verify()
    assert (ours.status, ours.about(digest)["problem"]) == (1, "edited")


def test_an_edited_byte_of_a_digest_is_noticed_by_both_and_named(trail: Trail) -> None:
    digest = trail.digests[1]
    flip(trail.path(digest), 333)
    assert trail.validate().status == 1
    found = trail.verify().about(digest)
    assert (found["problem"], found["firstBadByte"]) == ("edited", 333)


def test_an_edited_signature_is_noticed_by_both(trail: Trail) -> None:
    digest = trail.digests[1]
    side = trail.path(digest).with_name(Path(digest).name + bucket.METADATA)
    metadata = json.loads(side.read_text())
    first = metadata["signature"][0]
    metadata["signature"] = ("0" if first != "0" else "1") + metadata["signature"][1:]
    side.write_text(json.dumps(metadata, separators=(",", ":")))
    theirs = trail.validate()
    assert theirs.status == 1
    assert "signature verification failed" in theirs.errors
    found = trail.verify().about(digest)
    assert found["problem"] == "signatureEdited"
    assert found["firstBadByte"] == side.read_text().index(metadata["signature"])


def test_a_digest_under_another_name_is_noticed_by_both(trail: Trail) -> None:
    newest = trail.digests[-1]
    was = datetime.strptime(newest[-24:-8], "%Y%m%dT%H%M%SZ")
    stamp = was + timedelta(minutes=10)
    later = newest[:-24] + stamp.strftime("%Y%m%dT%H%M%SZ") + newest[-8:]
    later = later.replace(was.strftime("/%Y/%m/%d/"), stamp.strftime("/%Y/%m/%d/"))
    for suffix in ["", bucket.METADATA]:
        trail.path(later + suffix).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(trail.path(newest + suffix), trail.path(later + suffix))
    theirs = trail.validate()
    assert theirs.status == 1
    assert "has been moved from its original location" in theirs.errors
    ours = trail.verify()
    assert (ours.status, ours.about(later)["problem"]) == (1, "moved")


def test_a_log_file_that_nobody_delivered_is_noticed_by_keyward(trail: Trail) -> None:
    log = trail.path(trail.logs[0])
    twin = log.with_name(log.name[:-24] + "0123456789abcdef.json.gz")
    shutil.copy(log, twin)
    assert trail.validate().status == 0
    ours = trail.verify()
    [found] = ours.findings
    assert (ours.status, found["problem"]) == (1, "unknown")


def test_what_waits_for_a_digest_is_verified_too(deploy: Callable[..., Deployment]) -> None:
    within_an_hour(lambda: verify_what_waits(deploy("--region", REGION).start()))


def verify_what_waits(made: Deployment) -> None:
    made.client().list_keys()
    run("audit", "deliver", "--data-dir", made.directory)
    trail = Trail(made, made, s3="")
    [log] = bucket.keys(trail.bucket)
    outcome = json.loads(trail.verify().output)
    assert (outcome["logFiles"]["valid"], outcome["logFiles"]["undigested"]) == (1, 1)
    flip(trail.path(log), 77)
    found = trail.verify().about(log)
    assert (found["problem"], found["firstBadByte"]) == ("edited", 77)
    trail.path(log).unlink()
    assert trail.verify().about(log)["problem"] == "missing"


def test_without_its_passphrase_the_files_speak_for_themselves(
    tmp_path: Path, deploy: Callable[..., Deployment]
) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("a passphrase of many words\n")
    given = ["--passphrase-file", str(passphrase)]
    made = deploy("--region", REGION, "--seal", "passphrase", *given)
    # The first leaves a record for the second.
    for step in [["deliver"], ["deliver", "--digest"]]:
        run("audit", *step, "--data-dir", made.directory, *given)
    trail = Trail(made, made, s3="")
    there = ["--data-dir", made.directory]
    assert json.loads(trail.verify(*there, *given).output)["withDatabase"] is True
    outcome = json.loads(trail.verify(*there).output)
    assert (outcome["isValid"], outcome["withDatabase"]) == (True, False)
    [digest] = trail.digests
    trail.path(digest).unlink()
    # Nobody else can know that there was one, and without it nothing proves the rest.
    ours = trail.verify(*there)
    assert ours.status == 1
    assert "cannot be verified" in ours.errors
    assert trail.verify(*there, *given).about(digest)["problem"] == "missing"
