"""Shows the program at work: makes a deployment if there is none, starts it, and uses it.

Everything is done with boto3 and the profile that `keyward init` wrote, as any AWS program would.
The server is left running; `--stop` stops it.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BINARY = ROOT / "target" / "debug" / "keyward"
DATA_DIR = ROOT / "quickstart-data"
FILE = ROOT / "README.md"
ALIAS = "alias/quickstart"
CONTEXT = {"purpose": "quickstart", "file": FILE.name}
PORT = 7600
DEADLINE_S = 60


class Server:
    """The server on a data directory, which outlives this script."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.pid_file = directory / "server.pid"
        self.log = directory / "server.log"
        self.address_file = directory / "run" / "address"
        self.process: subprocess.Popen[bytes] | None = None
        self.stale: tuple[int, int] | None = None

    def start(self) -> str:
        """Makes the deployment and starts the server as far as that was not done; its URL."""
        run("init", "--if-missing", "--data-dir", self.directory)
        pid = self.pid()
        if pid is not None and self.pid_file.stat().st_mtime < BINARY.stat().st_mtime:
            print("The program was built anew: the server that runs is stopped first.")
            self.stop()
            pid = None
        if pid is None:
            self.spawn()
        wait_for("ready server", self.is_ready)
        return f"http://{self.address()}"

    def spawn(self) -> None:
        # Not removed: it may be that of a server which was started in another way.
        self.stale = self.written_at()
        port = PORT if is_free(PORT) else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--data-dir", self.directory, "--listen", f"127.0.0.1:{port}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=clean_environment(),
                # It stays when this script, and the terminal, end.
                start_new_session=True,
            )
        self.pid_file.write_text(f"{self.process.pid}\n")

    def stop(self) -> bool:
        """SIGTERM, and the end of it; whether there was a server to stop."""
        pid = self.pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        wait_for("end of the server", lambda: self.pid() is None)
        self.pid_file.unlink(missing_ok=True)
        return True

    def pid(self) -> int | None:
        """The process id, if the server of this directory runs."""
        try:
            pid = int(self.pid_file.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if str(self.directory).encode() in command else None

    def written_at(self) -> tuple[int, int] | None:
        """Tells one address file from the next."""
        try:
            stat = self.address_file.stat()
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_mtime_ns

    def address(self) -> str:
        return self.address_file.read_text().strip()

    def is_ready(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            sys.exit(f"the server ended at once; {self.log} says:\n{self.log.read_text()[-2000:]}")
        if self.process is not None and self.written_at() in (None, self.stale):
            return False
        try:
            with urllib.request.urlopen(
                f"http://{self.address()}/health/ready", timeout=5
            ) as reply:
                return reply.status == 200
        except OSError:
            return False


def clean_environment() -> dict[str, str]:
    """Settings of another deployment or another cloud must not reach this one."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "KEYWARD_"))}


def run(*arguments: str | Path) -> str:
    done = subprocess.run(
        [BINARY, *arguments], env=clean_environment(), capture_output=True, text=True
    )
    if done.returncode != 0:
        sys.exit(done.stderr.strip())
    return done.stdout


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_for(what: str, is_there: Callable[[], bool]) -> None:
    """The one place that waits: the start and end of another process send no event."""
    end = time.monotonic() + DEADLINE_S
    while not is_there():
        if time.monotonic() > end:
            sys.exit(f"after {DEADLINE_S} s there is still no {what}")
        time.sleep(0.02)


def step(title: str) -> None:
    print(f"\n{title}")


def show(what: str, result: str) -> None:
    print(f"  {what:<17} {result}")


class Demonstration:
    """What is shown, with a client of the standard AWS SDK."""

    def __init__(self, directory: Path) -> None:
        import boto3
        import botocore.session

        self.directory = directory
        self.work = directory / "demo"
        self.work.mkdir(mode=0o700, exist_ok=True)
        session = botocore.session.Session(profile=profile_of(directory))
        clients = boto3.Session(botocore_session=session)
        self.kms: Any = clients.client("kms")
        self.cloudtrail: Any = clients.client("cloudtrail")
        self.began = datetime.now(UTC).replace(microsecond=0)
        self.requests: list[str] = []
        for event in ("after-call.kms",):
            self.kms.meta.events.register(event, self.remember)

    def remember(self, parsed: dict[str, Any], **_: Any) -> None:
        self.requests.append(parsed["ResponseMetadata"]["RequestId"])

    def key_and_alias(self) -> None:
        step("1. A key, and a name for it")
        try:
            key = self.kms.describe_key(KeyId=ALIAS)["KeyMetadata"]
            show("DescribeKey", f"{ALIAS} is there from an earlier run: {key['Arn']}")
            return
        except self.kms.exceptions.NotFoundException:
            pass
        key = self.kms.create_key(Description="made by make quickstart")["KeyMetadata"]
        show("CreateKey", key["Arn"])
        self.kms.create_alias(AliasName=ALIAS, TargetKeyId=key["KeyId"])
        show("CreateAlias", ALIAS)

    def seal(self) -> Path:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        step(f"2. {FILE.name}, sealed under a data key of its own (envelope encryption)")
        made = self.kms.generate_data_key(KeyId=ALIAS, KeySpec="AES_256", EncryptionContext=CONTEXT)
        wrapped_bytes = len(made["CiphertextBlob"])
        show(
            "GenerateDataKey", f"32 bytes in clear, and the same key wrapped: {wrapped_bytes} bytes"
        )
        plain, nonce = FILE.read_bytes(), os.urandom(12)
        sealed = self.work / f"{FILE.name}.sealed"
        sealed.write_bytes(nonce + AESGCM(made["Plaintext"]).encrypt(nonce, plain, None))
        show("AES-256-GCM", f"{len(plain)} bytes -> {shown(sealed)}")
        envelope = self.work / f"{FILE.name}.envelope.json"
        wrapped = base64.b64encode(made["CiphertextBlob"]).decode()
        envelope.write_text(json.dumps({"wrappedDataKey": wrapped, "context": CONTEXT}, indent=2))
        show("kept beside it", f"{shown(envelope)}: the wrapped data key; the clear one is gone")
        return envelope

    def open(self, envelope: Path) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        step("3. Opened again")
        kept = json.loads(envelope.read_text())
        wrapped = base64.b64decode(kept["wrappedDataKey"])
        data_key = self.kms.decrypt(CiphertextBlob=wrapped, EncryptionContext=kept["context"])
        show("Decrypt", f"the data key, under {data_key['KeyId']}")
        sealed = (self.work / f"{FILE.name}.sealed").read_bytes()
        opened = AESGCM(data_key["Plaintext"]).decrypt(sealed[:12], sealed[12:], None)
        (self.work / FILE.name).write_bytes(opened)
        digests = [hashlib.sha256(data).hexdigest() for data in (FILE.read_bytes(), opened)]
        if digests[0] != digests[1]:
            sys.exit("the opened file differs from the one that was sealed")
        show("same SHA-256", digests[1])

    def change_context(self, envelope: Path) -> None:
        step("4. Under a changed encryption context")
        wrapped = base64.b64decode(json.loads(envelope.read_text())["wrappedDataKey"])
        changed = CONTEXT | {"purpose": "something else"}
        try:
            self.kms.decrypt(CiphertextBlob=wrapped, EncryptionContext=changed)
        except self.kms.exceptions.InvalidCiphertextException:
            show("Decrypt", f"{json.dumps(changed)}: InvalidCiphertextException, refused")
        else:
            sys.exit("a changed encryption context was accepted")

    def audit(self) -> None:
        step("5. What the audit trail has of it (CloudTrail's LookupEvents)")
        pages = self.cloudtrail.get_paginator("lookup_events").paginate(StartTime=self.began)
        records = [
            json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]
        ]
        ours = [record for record in records if record.get("requestID") in self.requests]
        # Events have whole seconds; within one they come in no order.
        for record in sorted(ours, key=lambda record: self.requests.index(record["requestID"])):
            outcome = record.get("errorCode", "ok")
            context = (record["requestParameters"] or {}).get("encryptionContext")
            detail = f"  {json.dumps(context)}" if context else ""
            print(f"  {record['eventTime']}  {record['eventName']:<16} {outcome}{detail}")
        if len(ours) != len(self.requests):
            sys.exit(f"{len(self.requests)} requests left {len(ours)} records")

    def verify(self) -> None:
        step("6. That nobody has changed it")
        run("audit", "deliver", "--digest", "--data-dir", self.directory)
        for line in run("audit", "verify", "--data-dir", self.directory).splitlines():
            print(f"  {line}")
        print(f"  Log files and signed digests: {shown(self.directory / 'audit')}")


def profile_of(directory: Path) -> str:
    """The user `admin`; a deployment of an earlier release has the root user alone."""
    credentials = (directory / "aws" / "credentials").read_text()
    return "keyward-admin" if "[keyward-admin]" in credentials else "keyward"


def shown(path: Path) -> str:
    """A path as one would type it here."""
    return os.path.relpath(path)


def say_goodbye(server: Server, url: str) -> None:
    step(f"The server keeps running at {url}. To use it, paste:")
    aws = server.directory / "aws"
    lines = {
        "AWS_CONFIG_FILE": aws / "config",
        "AWS_SHARED_CREDENTIALS_FILE": aws / "credentials",
        "AWS_PROFILE": profile_of(server.directory),
    }
    print()
    if shutil.which("aws") is None:
        print(f'  export PATH="$PATH":{shlex.quote(str(ROOT / ".venv" / "bin"))}')
    for name, value in lines.items():
        print(f"  export {name}={shlex.quote(str(value))}")
    print("  aws kms list-keys")
    where = (
        "" if server.directory == DATA_DIR else f" DATA_DIR={shlex.quote(str(server.directory))}"
    )
    print(
        f"\nTo stop it: make quickstart-stop{where}. Its keys and its log stay in "
        + shown(server.directory)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    parser.add_argument("--stop", action="store_true", help="stop the server and do nothing else")
    arguments = parser.parse_args()
    server = Server(arguments.data_dir.absolute())
    if arguments.stop:
        print("The server is stopped." if server.stop() else "No server runs.")
        return

    print(f"Keyward, serving {shown(server.directory)}")
    url = server.start()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = str(server.directory / "aws" / "config")
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(server.directory / "aws" / "credentials")

    demonstration = Demonstration(server.directory)
    demonstration.key_and_alias()
    envelope = demonstration.seal()
    demonstration.open(envelope)
    demonstration.change_context(envelope)
    demonstration.audit()
    demonstration.verify()
    say_goodbye(server, url)


if __name__ == "__main__":
    main()
