"""Settings: read once, typed, and refused with the variable's name."""

import json
from pathlib import Path

import pytest

from rca.config import (
    Reminders,
    Smtp,
    load_settings,
    no_longer_served,
    public_address,
    say_served,
)
from rca.errors import SettingError

MAIL = {"RCA_SMTP_HOST": "mail.example.org", "RCA_MAIL_FROM": "Throughline <rca@example.org>"}


def test_without_a_mail_server_there_is_none(tmp_path: Path) -> None:
    assert load_settings({"RCA_HOME": str(tmp_path)}).smtp is None


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_follows_the_security(security: str, port: int) -> None:
    smtp = load_settings({**MAIL, "RCA_SMTP_SECURITY": security}).smtp
    assert smtp == Smtp("mail.example.org", port, security, sender="Throughline <rca@example.org>")


def test_the_password_comes_from_a_file_and_is_never_shown(tmp_path: Path) -> None:
    kept = tmp_path / "password"
    kept.write_text("copper kettle\n", encoding="utf-8")
    smtp = load_settings({**MAIL, "RCA_SMTP_PASSWORD_FILE": str(kept)}).smtp
    assert smtp is not None
    assert smtp.password == "copper kettle"
    assert "copper" not in repr(smtp)


@pytest.mark.parametrize(
    "wrong",
    [
        {"RCA_MAIL_FROM": ""},
        {"RCA_MAIL_FROM": "nobody"},
        {"RCA_MAIL_FROM": "rca@example.org\nBcc: x@example.org"},
        {"RCA_SMTP_SECURITY": "ssl"},
        {"RCA_SMTP_SECURITY": "none", "RCA_SMTP_PASSWORD": "copper kettle"},
        {"RCA_SMTP_PORT": "0"},
        {"RCA_SMTP_CA_FILE": "/nowhere/ca.pem"},
        {"RCA_BASE_URL": "rca.example.org"},
        {"RCA_BASE_URL": "https://user@rca.example.org"},
        {"RCA_MAIL_HOUR": "24"},
        {"RCA_ACTION_DAYS": "SEV9:3"},
        {"RCA_ACTION_DAYS": "SEV1:none"},
        {"RCA_REMIND_BEFORE": "soon"},
        {"RCA_REMIND_AFTER": "7"},
        {"RCA_REMIND_AFTER": "x:7"},
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingError) as refused:
        load_settings({**MAIL, **wrong})
    assert next(iter(wrong)) in str(refused.value) or "RCA_SMTP_PASSWORD" in str(refused.value)


def test_days_to_act_follow_the_severity() -> None:
    settings = load_settings({"RCA_ACTION_DAYS": "SEV2:21, SEV3:45"})
    assert settings.days_to_act("SEV2") == 21
    assert settings.days_to_act("SEV1") == 7
    assert settings.days_to_act(None) is None


def test_the_cadence_is_sorted() -> None:
    settings = load_settings({"RCA_REMIND_BEFORE": "1,14", "RCA_REMIND_AFTER": "30:1,1:7"})
    assert settings.reminders == Reminders(before=(14, 1), after=((1, 7), (30, 1)))


def test_links_lead_to_what_is_served(tmp_path: Path) -> None:
    settings = load_settings({"RCA_HOME": str(tmp_path), "RCA_PORT": "8123"})
    assert public_address(settings) == "http://127.0.0.1:8123"
    say_served(tmp_path, "http://127.0.0.1:8124")
    assert public_address(settings) == "http://127.0.0.1:8124"
    no_longer_served(tmp_path)
    no_longer_served(tmp_path)
    assert public_address(settings) == "http://127.0.0.1:8123"
    (tmp_path / "served.json").write_text(json.dumps([]), encoding="utf-8")
    assert public_address(settings) == "http://127.0.0.1:8123"
    given = load_settings({"RCA_HOME": str(tmp_path), "RCA_BASE_URL": "https://rca.example.org/"})
    assert public_address(given) == "https://rca.example.org"
