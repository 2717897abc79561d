"""`keyward policy`: requests decided and key policies checked without a deployment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from blackbox.deployment import ACCOUNT, BINARY, OTHER_ACCOUNT, ROOT, clean_environment

KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
EVERY_ACTION = {"Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}


def keyward(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BINARY, "policy", *arguments],
        env=clean_environment(),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )


def key_policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(principal: Any, action: Any = "kms:*") -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"}


def decrypt(principal: str, **layers: Any) -> str:
    request = {"action": "kms:Decrypt", "resource": KEY, "principal": principal}
    return json.dumps({"request": request} | layers)


def test_requests_are_decided_line_by_line() -> None:
    delegating = key_policy(allow({"AWS": ACCOUNT}))
    lines = [
        decrypt(ALICE, identityPolicies=[EVERY_ACTION], resourcePolicy=delegating),
        decrypt(ALICE, resourcePolicy=delegating),
        decrypt(
            ALICE,
            identityPolicies=[EVERY_ACTION],
            resourcePolicy=key_policy(
                allow({"AWS": ACCOUNT}), allow("*") | {"Sid": "Never", "Effect": "Deny"}
            ),
        ),
    ]
    done = keyward("simulate", stdin="\n".join(lines))
    assert (done.returncode, done.stderr) == (0, "")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    decisions = [answer["decision"] for answer in answers]
    assert decisions == ["Allowed", "ImplicitlyDenied", "ExplicitlyDenied"]
    place = {"layer": "resourcePolicy", "policy": 0, "statement": 1, "sid": "Never"}
    assert answers[2]["statements"] == [place]


def test_an_answer_comes_before_the_next_line_is_read() -> None:
    with subprocess.Popen(
        [BINARY, "policy", "simulate"],
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin and process.stdout
        for principal in (ALICE, "*"):
            process.stdin.write(decrypt(principal) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["decision"] == "ImplicitlyDenied"
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def test_a_bad_line_is_answered_and_fails_the_run() -> None:
    done = keyward("simulate", stdin=f"{{\n{decrypt(ALICE)}\n")
    assert done.returncode == 1
    bad, good = (json.loads(line) for line in done.stdout.splitlines())
    assert list(bad) == ["error"]
    assert good["decision"] == "ImplicitlyDenied"


def test_the_published_cases_end_as_they_say() -> None:
    directory = ROOT / "vectors" / "policy" / "simulate"
    cases = [
        case
        for path in sorted(directory.glob("*.json"))
        for case in json.loads(path.read_text())["cases"]
    ]
    done = keyward("simulate", stdin="\n".join(json.dumps(case["input"]) for case in cases))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    wrong = [
        case["name"]
        for case, answer in zip(cases, answers, strict=True)
        if answer.get("decision") != case["decision"]
    ]
    assert (len(cases) >= 300, wrong) == (True, [])


def test_the_example_of_the_help_works() -> None:
    told = keyward("simulate", "--help").stdout
    example = told.partition("echo '")[2].partition("' | tr -d")[0]
    done = keyward("simulate", stdin=example.replace("\n", ""))
    assert json.loads(done.stdout)["decision"] == "Allowed"


@pytest.mark.parametrize(
    ("policy", "arguments", "status", "word"),
    [
        (key_policy(allow({"AWS": ACCOUNT})), ["--strict"], 0, ""),
        (key_policy(allow({"AWS": ACCOUNT}), allow("*", "kms:Decrypt")), [], 0, "warning"),
        (
            key_policy(allow({"AWS": ACCOUNT}), allow("*", "kms:Decrypt")),
            ["--strict"],
            1,
            "warning",
        ),
        (key_policy(allow({"AWS": OTHER_ACCOUNT})), ["--strict"], 1, "nobody can replace"),
        ({"Statement": {"Effect": "Allow"}}, [], 1, "no principal"),
    ],
)
def test_a_key_policy_is_checked(
    tmp_path: Path, policy: dict[str, Any], arguments: list[str], status: int, word: str
) -> None:
    file = tmp_path / "key-policy.json"
    file.write_text(json.dumps(policy))
    done = keyward("check", file, "--account", ACCOUNT, *arguments)
    assert done.returncode == status, done
    assert word in done.stdout
    assert (word == "") == ("warning" not in done.stdout and "error" not in done.stdout)


def test_who_can_do_what_is_told_as_json() -> None:
    policy = key_policy(allow({"AWS": ALICE}, ["kms:Encrypt", "kms:Decrypt"]))
    done = keyward("check", "-", "--json", stdin=json.dumps(policy))
    (access,) = json.loads(done.stdout)["access"]
    assert access["principal"] == ALICE
    assert access["statements"][0]["use"] == ["Decrypt", "Encrypt"]
