"""A policy that makes its holder an administrator is privileged; any other is unknown, never harmless."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sources.aws.policy import allows_everything, document


@pytest.mark.parametrize(
    ("policy", "administrator"),
    [
        ({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, True),
        ({"Statement": [{"Effect": "Allow", "Action": ["s3:Get*", "IAM:*"], "Resource": "*"}]}, True),
        ({"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}, True),
        ({"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}, None),
        ({"Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}]}, None),
        ({"Statement": ["x", {"Effect": "Allow", "Action": {"a": 1}}]}, None),
        ({}, None),
        ("text", None),
        (None, None),
    ],
)
def test_a_policy_that_allows_everything_is_privileged_and_another_is_unknown(
    policy: Any, administrator: bool | None
) -> None:
    assert allows_everything(policy) is administrator


def test_a_document_that_is_no_json_is_unknown() -> None:
    assert document("%7Bnot json") is None
    assert document("%7B%22Version%22%3A%20%221%22%7D") == {"Version": "1"}
