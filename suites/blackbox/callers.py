"""Callers at work while something happens to the server, and what they were told by it."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from blackbox import audit
from blackbox.deployment import Deployment
from blackbox.waiting import wait_for

CALLERS = 4


class Caller(threading.Thread):
    """Changes and uses keys until told to stop, and remembers what it was answered."""

    def __init__(self, client: Any) -> None:
        super().__init__()
        self.client = client
        self.acknowledged: list[tuple[str, str]] = []
        self.refusals: list[tuple[int, str, str]] = []
        self.is_stopped = threading.Event()
        # What ended the connection, as only the end of a server may.
        self.lost: BotoCoreError | None = None
        self.surprise: BaseException | None = None

    def run(self) -> None:
        key = None
        while not self.is_stopped.is_set():
            try:
                made = self.client.create_key()
                self.note("CreateKey", made)
                key = made["KeyMetadata"]["KeyId"]
                for _ in range(8):
                    self.note("Encrypt", self.client.encrypt(KeyId=key, Plaintext=b"x" * 64))
            except ClientError as error:
                meta, told = error.response["ResponseMetadata"], error.response["Error"]
                refusal = (meta["HTTPStatusCode"], told["Code"], told["Message"])
                self.refusals.append(refusal)
            except BotoCoreError as error:
                self.lost = error
                return
            except BaseException as error:
                self.surprise = error
                return

    def note(self, name: str, answer: Any) -> None:
        self.acknowledged.append((name, audit.request_id(answer)))


class Callers:
    """Some of them at once."""

    def __init__(self, deployment: Deployment) -> None:
        self.all = [Caller(deployment.client()) for _ in range(CALLERS)]
        for caller in self.all:
            caller.start()

    def have(self, kind: str, goal: int) -> None:
        """Waits until each was answered so often."""

        def answered() -> bool | None:
            assert [caller.surprise for caller in self.all] == [None] * CALLERS
            return all(len(getattr(caller, kind)) >= goal for caller in self.all) or None

        wait_for(f"{goal} {kind} each", answered, 60)

    def stop(self, after_kill: bool = False) -> None:
        for caller in self.all:
            caller.is_stopped.set()
        for caller in self.all:
            caller.join(60)
            assert not caller.is_alive() and caller.surprise is None
            assert after_kill or caller.lost is None, caller.lost

    @property
    def acknowledged(self) -> Counter[tuple[str, str]]:
        return Counter(answer for caller in self.all for answer in caller.acknowledged)

    @property
    def refusals(self) -> list[tuple[int, str, str]]:
        return [refusal for caller in self.all for refusal in caller.refusals]


def on_record(directory: Path) -> Counter[tuple[str, str]]:
    requests = (
        (record["eventName"], record["requestID"])
        for record in audit.records(directory)
        if "requestID" in record
    )
    return Counter(requests)


def is_on_record_once(deployment: Deployment, callers: Callers) -> bool | None:
    """Whether all that was acknowledged is; it fails if anything is twice. A change may have come
    about whose record was committed with it and is still on its way."""
    found = on_record(deployment.directory)
    assert max(found.values()) == 1
    return all(found[answer] == 1 for answer in callers.acknowledged) or None
