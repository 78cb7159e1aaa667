"""What is masked as a secret, and ordinary words that look like its name."""

import pytest

from mining.masking import mask, mask_secrets


@pytest.mark.parametrize(
    "text",
    [
        "pass: hunter2xx",
        "PASS=hunter2xx",
        "passcode: 4711-xx9",
        "the password is hunter2xx",
        "passwd hunter2xx",
        "the api key abc123xyz leaked",
        "access key: AbC123xyz",
        "credentials hunter2xx",
        "Authorization: c2VjcmV0c2VjcmV0",
        "db_password: hunter2xx",
        "DB_PASSWORD = hunter2xx",
        "dbPassword: hunter2xx",
        "client_secret: hunter2xx",
        "accessToken: hunter2xx",
        "user_pass: hunter2xx",
        "pass_phrase: hunter2xx",
        "passkey: hunter2xx",
    ],
)
def test_named_secrets_are_masked_without_other_words_beside_them(text: str) -> None:
    assert "[secret]" in mask(text)
    assert "hunter2" not in mask_secrets(text)


@pytest.mark.parametrize(
    "text",
    [
        "Tests passed v1.2.3-rc4 twice",
        "They pass region-2b first",
        "The key region-2b was full",
        "A keyboard shortcut key opens it",
        "The bypass: enabled-2b for a day",
        "An invalid_token error-500 came back",
        "max_tokens: 16384 was too few",
    ],
)
def test_things_that_merely_pass_are_no_secrets(text: str) -> None:
    assert mask_secrets(text) == text
