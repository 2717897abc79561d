"""One deployment of the program: made, served, stopped, killed; and the clients of it."""

from __future__ import annotations

import configparser
import os
import signal
import ssl
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import httpx
from botocore.config import Config

from blackbox import audit, model
from blackbox.waiting import wait_for
from blackbox.wire import Credentials, Wire

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("KEYWARD_BIN", ROOT / "target" / "debug" / "keyward"))

ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"
REGION = "us-east-1"
OTHER_REGION = "eu-central-1"


def clean_environment(**extra: str) -> dict[str, str]:
    """The environment without settings that would reach the program or an AWS client."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "KEYWARD_")) and name.lower() not in PROXIES
    }
    return inherited | extra


PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}


def run(*arguments: str | Path) -> str:
    """Runs the program to its end; what it printed."""
    done = subprocess.run(
        [BINARY, *arguments],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode != 0:
        raise RuntimeError(f"keyward {arguments} ended with {done.returncode}: {done.stderr}")
    return done.stdout


@dataclass
class Deployment:
    """A data directory, and the server on it while one runs."""

    directory: Path
    process: subprocess.Popen[bytes] | None = None
    arguments: list[str] = field(default_factory=list)

    @classmethod
    def make(cls, directory: Path, *arguments: str, account: str = ACCOUNT) -> Deployment:
        """`keyward init`."""
        run("init", "--data-dir", directory, "--account-id", account, *arguments)
        return cls(directory)

    def start(self, *arguments: str, survives_file_limit: bool = False) -> Deployment:
        """`keyward serve` on a free port; returns once it answers that it is ready.

        A process that survives a limit on file sizes sees an error where others are ended: that is
        how a test makes a disk full.
        """
        self.address_file.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    BINARY,
                    "serve",
                    "--data-dir",
                    self.directory,
                    "--listen",
                    "127.0.0.1:0",
                    *arguments,
                ],
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Python ignores SIGXFSZ, and what is ignored stays so in the program.
                restore_signals=not survives_file_limit,
            )
        wait_for("ready server", self._ready)
        return self

    def _ready(self) -> bool | None:
        assert self.process is not None
        if self.process.poll() is not None:
            raise RuntimeError(
                f"the server ended with {self.process.returncode}:\n{self.log.read_text()}"
            )
        if not self.address_file.exists() or not self.address_file.read_text().strip():
            return None
        return self.answers_ready()

    def answers_ready(self) -> bool | None:
        """Whether `GET /health/ready` is answered with 200; None while it is not."""
        try:
            answer = httpx.get(f"{self.endpoint}/health/ready", verify=self.trust, timeout=5)
        except httpx.TransportError:
            return None
        return True if answer.status_code == 200 else None

    def stop(self, deadline_s: float = 30) -> int:
        """SIGTERM; the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(deadline_s)

    def kill(self) -> None:
        """SIGKILL: no goodbye."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def end(self) -> None:
        """Leaves no process behind."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    @property
    def log(self) -> Path:
        """What the server said on its standard streams."""
        return self.directory.with_name(self.directory.name + ".log")

    @property
    def address_file(self) -> Path:
        return self.directory / "run" / "address"

    @property
    def address(self) -> tuple[str, int]:
        """Where the server listens."""
        host, _, port = self.address_file.read_text().strip().rpartition(":")
        return host, int(port)

    @property
    def is_tls(self) -> bool:
        return (self.directory / "tls").is_dir()

    @property
    def endpoint(self) -> str:
        """The URL of the server. Under TLS the name is that of the certificate."""
        host, port = self.address
        return f"https://localhost:{port}" if self.is_tls else f"http://{host}:{port}"

    @property
    def trust(self) -> Any:
        """What a client checks the certificate against."""
        if not self.is_tls:
            return True
        return ssl.create_default_context(cafile=self.setting("ca_bundle"))

    @property
    def aws_environment(self) -> dict[str, str]:
        """What to export so that AWS tools use the deployment."""
        return {
            "AWS_CONFIG_FILE": str(self.directory / "aws" / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.directory / "aws" / "credentials"),
            "AWS_PROFILE": "keyward",
        }

    def setting(self, name: str, profile: str = "keyward") -> str:
        """A setting of an AWS profile."""
        config = configparser.ConfigParser()
        config.read(self.directory / "aws" / "config")
        return config[f"profile {profile}"][name]

    def credentials(self, profile: str = "keyward") -> Credentials:
        """The access key of an AWS profile."""
        file = configparser.ConfigParser()
        file.read(self.directory / "aws" / "credentials")
        section = file[profile]
        return Credentials(section["aws_access_key_id"], section["aws_secret_access_key"])

    def add_account(self, account: str = OTHER_ACCOUNT) -> str:
        """`keyward account create`; the profile it wrote."""
        run("account", "create", "--data-dir", self.directory, "--account-id", account)
        return f"keyward-{account}"

    def session(self, profile: str = "keyward") -> boto3.Session:
        """A session on the profile files that the program wrote, and on nothing else."""
        session = botocore.session.Session()
        session.set_config_variable("config_file", str(self.directory / "aws" / "config"))
        session.set_config_variable("credentials_file", str(self.directory / "aws" / "credentials"))
        session.set_config_variable("profile", profile)
        return boto3.Session(botocore_session=session)

    def client(self, profile: str = "keyward", region: str | None = None, **config: Any) -> Any:
        """A boto3 client that holds every answer to the API model."""
        settings = {"retries": {"total_max_attempts": 1}, "read_timeout": 30, "connect_timeout": 5}
        client = self.session(profile).client(
            "kms", region_name=region, config=Config(**(settings | config))
        )
        client.meta.events.register("after-call.kms", model.check_answer)
        return client

    def wire(self, profile: str = "keyward", region: str = REGION) -> Wire:
        """Requests made by hand, signed for a profile."""
        return Wire(self.endpoint, self.credentials(profile), region, self.trust)

    def records(self) -> list[dict[str, Any]]:
        """Every record of the audit journal."""
        return audit.records(self.directory)

    def record_of(self, answer: Any) -> dict[str, Any]:
        """The one record of the call that gave this answer or error."""
        return audit.record_of(self.directory, answer)
