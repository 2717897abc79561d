"""Log files and digests: every record is in exactly one of them, though the server is killed."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from blackbox.callers import Callers, is_on_record_once
from blackbox.deployment import ACCOUNT, REGION, Deployment, run
from blackbox.waiting import wait_for, within_an_hour

Deploy = Callable[..., Deployment]

LOG_FILE = (
    rf"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/\d{{4}}/\d\d/\d\d/"
    rf"{ACCOUNT}_CloudTrail_{REGION}_\d{{8}}T\d{{4}}Z_[0-9A-Za-z]{{16}}\.json\.gz"
)
DIGEST = (
    rf"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/\d{{4}}/\d\d/\d\d/"
    rf"{ACCOUNT}_CloudTrail-Digest_{REGION}_keyward_{REGION}_\d{{8}}T\d{{6}}Z\.json\.gz"
)


def bucket(deployment: Deployment) -> Path:
    return deployment.directory / "audit" / "keyward-audit"


def deliver(deployment: Deployment, *arguments: str) -> dict[str, Any]:
    directory = ("--data-dir", deployment.directory)
    return json.loads(run("audit", "deliver", "--json", *directory, *arguments))


def delivered(deployment: Deployment) -> list[dict[str, Any]]:
    """The records in all log files."""
    found = []
    for file in bucket(deployment).glob("AWSLogs/*/CloudTrail/*/*/*/*/*.json.gz"):
        content = json.loads(gzip.decompress(file.read_bytes()))
        assert list(content) == ["Records"]
        found += content["Records"]
    return found


def ids(records: list[dict[str, Any]]) -> Counter[str]:
    return Counter(record["eventID"] for record in records)


def test_an_operator_has_everything_delivered_and_digested_at_once(deploy: Deploy) -> None:
    within_an_hour(lambda: deliver_and_digest(deploy().start()))


def deliver_and_digest(made: Deployment) -> None:
    for _ in range(3):
        made.client().create_key()
    records = made.records()
    answer = deliver(made, "--digest")
    assert (answer["fileCount"], answer["digestCount"]) == (1, 1)
    (file,), (digest,) = answer["files"], answer["digests"]
    assert re.fullmatch(LOG_FILE, file["object"])
    assert re.fullmatch(DIGEST, digest["object"])
    assert ids(delivered(made)) == ids(records)
    assert not any("operatorNote" in record for record in delivered(made))

    document = json.loads(gzip.decompress((bucket(made) / digest["object"]).read_bytes()))
    content = gzip.decompress((bucket(made) / file["object"]).read_bytes())
    (listed,) = document["logFiles"]
    assert listed["s3Object"] == file["object"]
    assert listed["hashValue"] == hashlib.sha256(content).hexdigest()
    metadata = bucket(made) / (digest["object"] + ".metadata.json")
    assert json.loads(metadata.read_text())["signature-algorithm"] == "SHA256withRSA"
    assert made.stop() == 0


def test_a_server_killed_while_it_delivers_delivers_each_record_once(deploy: Deploy) -> None:
    made = deploy()
    settings = made.directory.with_name("keyward.toml")
    settings.write_text("[audit]\nfile_age_s = 1\n")
    moments = random.Random(7)
    every: list[Callers] = []
    for _ in range(10):
        made.start("--config", str(settings))
        every.append(Callers(made))
        every[-1].have("acknowledged", 5)
        with ThreadPoolExecutor() as pool:
            # It may come too early, or in the middle, or find no server any more.
            asked = pool.submit(run, "audit", "deliver", "--data-dir", made.directory)
            every[-1].have("acknowledged", 5 + moments.randrange(25))
            made.kill()
            assert isinstance(asked.exception(), RuntimeError | None)
        every[-1].stop(after_kill=True)
    # Without a server the command delivers by itself.
    deliver(made, "--digest")
    found, recorded = ids(delivered(made)), ids(made.records())
    assert max(found.values()) == max(recorded.values()) == 1
    assert not found - recorded
    # What the commands did themselves is on record behind what they delivered.
    assert not any("requestID" in it for it in made.records() if it["eventID"] not in found)
    assert all(is_on_record_once(made, callers) for callers in every)
    assert deliver(made)["fileCount"] == 1, "the record of the command itself"


def test_a_server_stops_at_once_and_leaves_what_waits_to_the_next(deploy: Deploy) -> None:
    made = deploy().start()
    made.client().create_key()
    assert made.stop() == 0
    assert delivered(made) == []
    made.start()
    wait_for("records in files", lambda: ids(delivered(made)) == ids(made.records()) or None)
    assert made.stop() == 0
