"""`aws cloudtrail validate-logs` on a trail of two accounts and two Regions below a prefix, with
digests that list nothing."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from blackbox import bucket
from blackbox.deployment import (
    ACCOUNT,
    OTHER_ACCOUNT,
    OTHER_REGION,
    REGION,
    Deployment,
    clean_environment,
    run,
)
from blackbox.waiting import within_an_hour

AWS = Path(sys.executable).with_name("aws")
PREFIX = "of/the-kms"
PLACES = [
    (account, region) for account in (ACCOUNT, OTHER_ACCOUNT) for region in (REGION, OTHER_REGION)
]
# How many files each digest lists, where nothing but what is called here is on record.
LISTED = {
    (ACCOUNT, OTHER_REGION): [1, 1, 1],
    (OTHER_ACCOUNT, REGION): [1, 0, 1],
    (OTHER_ACCOUNT, OTHER_REGION): [1, 0, 1],
}


def make_trail(made: Deployment) -> Deployment:
    """Files in every place, a digest of them, one that lists files in one place alone, and one
    more of everything."""
    settings = made.directory.with_name("keyward.toml")
    settings.write_text(f'[audit]\nprefix = "{PREFIX}"\n')
    made.start("--config", str(settings))
    other = made.add_account()
    callers = {
        place: made.client("keyward" if place[0] == ACCOUNT else other, place[1])
        for place in PLACES
    }
    for places in (PLACES, [(ACCOUNT, OTHER_REGION)], PLACES):
        for place in places:
            callers[place].create_key()
        run("audit", "deliver", "--digest", "--data-dir", made.directory)
    assert made.stop() == 0
    return made


def digests(made: Deployment, account: str, region: str) -> list[dict[str, object]]:
    """The digests of a place, oldest first."""
    below = made.directory / "audit" / "keyward-audit"
    found = [key for key in bucket.keys(below) if f"/{account}/CloudTrail-Digest/{region}/" in key]
    assert all(key.startswith(f"{PREFIX}/AWSLogs/") for key in found)
    return [json.loads(gzip.decompress((below / key).read_bytes())) for key in found]


def test_every_chain_is_valid_to_the_command_line(deploy: Callable[..., Deployment]) -> None:
    regions = ["--region", REGION, "--region", OTHER_REGION]
    made = within_an_hour(lambda: make_trail(deploy(*regions)))
    server = Deployment(made.directory.with_name("copy"))
    shutil.copytree(made.directory, server.directory)
    settings = str(made.directory.with_name("keyward.toml"))
    try:
        server.start("--config", settings)
        with bucket.served(made.directory / "audit") as s3:
            for account, region in PLACES:
                listed = [len(it["logFiles"]) for it in digests(made, account, region)]
                assert listed == LISTED.get((account, region), listed)
                assert len(listed) == 3
                told = validate(server, s3, account, region)
                assert f"{len(listed)}/{len(listed)} digest files valid" in told
                assert f"{sum(listed)}/{sum(listed)} log files valid" in told
    finally:
        server.end()


def validate(server: Deployment, s3: str, account: str, region: str) -> str:
    """What `aws cloudtrail validate-logs` says of an account and Region, which it must accept."""
    profile = "keyward" if account == ACCOUNT else f"keyward-{account}"
    now = datetime.now(UTC)
    done = subprocess.run(
        [
            *[AWS, "cloudtrail", "validate-logs", "--verbose"],
            *["--trail-arn", f"arn:aws:cloudtrail:{REGION}:{account}:trail/keyward"],
            *["--region", region, "--account-id", account],
            *["--start-time", (now - timedelta(hours=1)).isoformat()],
            *["--end-time", (now + timedelta(minutes=1)).isoformat()],
        ],
        env=clean_environment(
            **server.aws_environment | {"AWS_PROFILE": profile},
            AWS_ENDPOINT_URL_S3=s3,
            AWS_ENDPOINT_URL_CLOUDTRAIL=server.endpoint,
            AWS_EC2_METADATA_DISABLED="true",
        ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
