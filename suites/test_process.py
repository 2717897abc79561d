"""The process: started, stopped, killed. What was acknowledged stays."""

from __future__ import annotations

import json
import random
import resource
import socket
import stat
import subprocess
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from blackbox.deployment import ACCOUNT, BINARY, OTHER_ACCOUNT, Deployment, clean_environment, run
from blackbox.refusal import refused
from blackbox.waiting import wait_for
from blackbox.wire import CONTENT_TYPE

Deploy = Callable[..., Deployment]


def program(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BINARY, *arguments],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_init_closes_what_it_makes_to_others(deploy: Deploy) -> None:
    directory = deploy().directory
    for path in [directory, *directory.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0, f"{path} has mode {mode:o}"


def test_init_is_done_once(deploy: Deploy) -> None:
    directory = deploy().directory
    before = (directory / "aws" / "credentials").read_text()
    again = program("init", "--data-dir", directory)
    assert again.returncode == 1 and "holds a deployment already" in again.stderr
    assert program("init", "--data-dir", directory, "--if-missing").returncode == 0
    assert (directory / "aws" / "credentials").read_text() == before


def test_a_directory_is_served_once(deploy: Deploy) -> None:
    running = deploy().start()
    second = program("serve", "--data-dir", running.directory, "--listen", "127.0.0.1:0")
    assert second.returncode == 1 and "another keyward" in second.stderr
    running.client().list_keys()


def test_a_directory_without_a_deployment_is_not_served(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    shut = program("serve", "--data-dir", tmp_path)
    assert shut.returncode == 1 and "keyward init --data-dir" in shut.stderr


def test_wrong_usage_ends_with_status_2() -> None:
    for arguments in [[], ["sing"], ["init", "--account-id", "1"], ["serve", "--listen", "here"]]:
        assert program(*arguments).returncode == 2, arguments


def test_the_version_is_told() -> None:
    assert json.loads(run("version", "--json"))["version"]


def test_an_account_can_be_added_while_the_server_runs_and_while_it_does_not(
    deploy: Deploy,
) -> None:
    one = deploy()
    first = one.add_account("222222222222")
    one.start()
    second = one.add_account("333333333333")
    for profile, account in [("keyward", ACCOUNT), (first, "2" * 12), (second, "3" * 12)]:
        key = one.client(profile).create_key()["KeyMetadata"]
        assert key["AWSAccountId"] == account
    listed = json.loads(run("account", "list", "--data-dir", one.directory, "--json"))
    assert [entry["accountId"] for entry in listed["accounts"]] == [ACCOUNT, "2" * 12, "3" * 12]
    twice = program("account", "create", "--data-dir", one.directory, "--account-id", ACCOUNT)
    assert twice.returncode == 1


def test_root_credentials_that_were_replaced_are_not_recognised(deploy: Deploy) -> None:
    one = deploy().start()
    old = one.client()
    old.list_keys()
    run("account", "reset-root", "--data-dir", one.directory)
    with pytest.raises(ClientError) as caught:
        old.list_keys()
    assert caught.value.response["Error"]["Code"] == "UnrecognizedClientException"
    one.client().list_keys()


def test_everything_is_there_after_a_restart(deploy: Deploy) -> None:
    one = deploy().start()
    kms = one.client()
    key = kms.create_key(Description="kept", Tags=[{"TagKey": "a", "TagValue": "b"}])["KeyMetadata"]
    kms.create_alias(AliasName="alias/kept", TargetKeyId=key["KeyId"])
    context = {"tenant": "blue"}
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext=context)[
        "CiphertextBlob"
    ]
    records = one.records()
    assert one.stop() == 0

    kms = one.start().client()
    assert kms.describe_key(KeyId="alias/kept")["KeyMetadata"] == key
    assert kms.list_resource_tags(KeyId=key["KeyId"])["Tags"] == [{"TagKey": "a", "TagValue": "b"}]
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] == b"x"
    assert one.records()[: len(records)] == records


def test_a_request_under_way_is_answered_before_the_server_stops(deploy: Deploy) -> None:
    one = deploy().start()
    wire, address, body = one.wire(), one.address, b'{"NumberOfBytes":16}'
    target = {"Content-Type": CONTENT_TYPE, "X-Amz-Target": "TrentService.GenerateRandom"}
    headers = wire.sign(body, target)
    headers |= {"Content-Length": str(len(body)), "Expect": "100-continue"}
    connection = wire.connect()
    connection.putrequest("POST", "/", skip_host=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    # The server says that it has taken the request and waits for the body.
    assert connection.sock.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.send(body[:5])

    # The second half is sent only when the server has stopped taking new connections.
    assert one.process is not None
    one.process.terminate()

    def is_closed() -> bool | None:
        try:
            socket.create_connection(address, timeout=5).close()
        except ConnectionRefusedError:
            return True
        return None

    wait_for("closed port", is_closed)
    connection.send(body[5:])
    assert connection.getresponse().status == 200
    connection.close()
    assert one.process.wait(30) == 0
    assert not one.address_file.exists()


class Writer(threading.Thread):
    """Writes until the server is gone, and remembers what was acknowledged."""

    def __init__(self, client: Any) -> None:
        super().__init__()
        self.client = client
        self.tags: dict[str, str] = {}
        self.keys: list[str] = []
        self.policies: dict[str, str] = {}
        self.sealed: list[tuple[bytes, bytes]] = []
        self.requests: list[tuple[str, str]] = []
        self.surprise: BaseException | None = None

    def run(self) -> None:
        try:
            while True:
                self.write()
        except BotoCoreError:
            pass
        except BaseException as error:
            self.surprise = error

    def write(self) -> None:
        key = self.done("CreateKey", self.client.create_key())["KeyMetadata"]["KeyId"]
        self.keys.append(key)
        policy = json.dumps(
            {
                "Version": "2012-10-17",
                "Id": key,
                "Statement": {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                },
            }
        )
        self.done("PutKeyPolicy", self.client.put_key_policy(KeyId=key, Policy=policy))
        self.policies[key] = policy
        value = str(len(self.keys))
        tags = [{"TagKey": "n", "TagValue": value}]
        self.done("TagResource", self.client.tag_resource(KeyId=key, Tags=tags))
        self.tags[key] = value
        plaintext = key.encode()
        answer = self.done("Encrypt", self.client.encrypt(KeyId=key, Plaintext=plaintext))
        self.sealed.append((plaintext, answer["CiphertextBlob"]))

    def done(self, name: str, answer: Any) -> Any:
        self.requests.append((name, answer["ResponseMetadata"]["RequestId"]))
        return answer

    def check(self, client: Any, on_record: dict[str, list[str]]) -> None:
        """Everything acknowledged is there, and on record once."""
        for key in self.keys:
            assert client.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
        for key, policy in self.policies.items():
            assert client.get_key_policy(KeyId=key)["Policy"] == policy
        for key, value in self.tags.items():
            [tag] = client.list_resource_tags(KeyId=key)["Tags"]
            assert tag == {"TagKey": "n", "TagValue": value}
        for plaintext, blob in self.sealed:
            assert client.decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext
        for name, request in self.requests:
            assert on_record.get(request) == [name], request


def names_by_request(deployment: Deployment) -> dict[str, list[str]]:
    """What is on record, by request."""
    names: dict[str, list[str]] = {}
    for record in deployment.records():
        if request := record.get("requestID"):
            names.setdefault(request, []).append(record["eventName"])
    return names


def test_what_cannot_be_recorded_is_not_done(deploy: Deploy) -> None:
    one = deploy().start(survives_file_limit=True)
    assert one.process is not None
    kms = one.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    [segment] = (one.directory / "journal").glob("*.jsonl")
    _, no_limit = resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE)

    # Full, in the middle of the next record.
    full = segment.stat().st_size + 100
    resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE, (full, no_limit))
    for call, parameters in [
        (kms.decrypt, {"CiphertextBlob": blob}),
        (kms.generate_data_key, {"KeyId": key, "KeySpec": "AES_256"}),
        (kms.list_keys, {}),
        (kms.disable_key, {"KeyId": key}),
        (kms.describe_key, {"KeyId": "alias/absent"}),
    ]:
        error = refused(call, **parameters)
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500, call
    wait_for("word that nothing should be sent here", lambda: not one.answers_ready() or None)

    resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE, (no_limit, no_limit))
    wait_for("readiness", one.answers_ready)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
    done = [record["eventName"] for record in one.records() if record.get("requestID")]
    assert done[:2] == ["CreateKey", "Encrypt"]
    assert done[-2:] == ["Decrypt", "DescribeKey"]
    assert one.stop() == 0


def test_a_passphrase_opens_the_deployment_and_another_does_not(
    deploy: Deploy, tmp_path: Path
) -> None:
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text("correct horse battery staple")
    wrong.write_text("correct horse battery stapler")
    for file in [right, wrong]:
        file.chmod(0o600)
    one = deploy("--seal", "passphrase", "--passphrase-file", str(right))
    assert not (one.directory / "root.key").exists()
    for arguments in [[], ["--passphrase-file", wrong]]:
        listen = ["--listen", "127.0.0.1:0"]
        assert program("serve", "--data-dir", one.directory, *listen, *arguments).returncode == 1
    one.start("--passphrase-file", str(right))
    one.client().create_key()


def test_a_deployment_without_its_root_key_stays_shut(deploy: Deploy) -> None:
    one = deploy()
    (one.directory / "root.key").rename(one.directory / "root.key.elsewhere")
    shut = program("serve", "--data-dir", one.directory, "--listen", "127.0.0.1:0")
    assert shut.returncode == 1
    (one.directory / "root.key.elsewhere").rename(one.directory / "root.key")
    one.start().client().create_key()


def have_written(writers: list[Writer], goal: int) -> bool | None:
    return sum(len(writer.requests) for writer in writers) >= goal or None


WRITERS = 4


@pytest.mark.parametrize(("durability", "rounds"), [("written", 40), ("fsync", 10)])
def test_nothing_acknowledged_is_lost_when_the_process_is_killed(
    deploy: Deploy, durability: str, rounds: int
) -> None:
    one = deploy()
    settings = one.directory.with_name("keyward.toml")
    settings.write_text(f'[audit]\ndurability = "{durability}"\n')
    given = ["--config", str(settings)]
    one.start(*given)
    moments = random.Random(7)
    for _ in range(rounds):
        client = one.client(connect_timeout=2, read_timeout=5)
        writers = [Writer(client) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        # A moment of nobody's choosing: some writes are done, others under way.
        wait_for("writes", partial(have_written, writers, moments.randrange(10, 80)))
        one.kill()
        for writer in writers:
            writer.join(30)
            assert not writer.is_alive()
        one.start(*given)
        client, on_record = one.client(), names_by_request(one)
        for writer in writers:
            assert writer.surprise is None
            writer.check(client, on_record)


def test_a_killed_server_leaves_other_accounts_their_credentials(deploy: Deploy) -> None:
    one = deploy().start()
    profile = one.add_account(OTHER_ACCOUNT)
    key = one.client(profile).create_key()["KeyMetadata"]
    one.kill()
    one.start()
    assert one.client(profile).describe_key(KeyId=key["KeyId"])["KeyMetadata"] == key
