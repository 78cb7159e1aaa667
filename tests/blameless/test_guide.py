"""The page about the reviewer is made from its rules."""

from pathlib import Path

from rca.blameless import Reviewer
from rca.blameless.guide import guide

DOC = Path(__file__).resolve().parents[2] / "docs" / "blameless.md"


def test_the_page_is_current() -> None:
    """When this fails: python -m rca.blameless.guide docs/blameless.md"""
    assert DOC.read_text(encoding="utf-8") == guide()


def test_the_page_is_quiet_to_its_own_reviewer() -> None:
    assert Reviewer().review(guide(), cap=None).findings == ()
