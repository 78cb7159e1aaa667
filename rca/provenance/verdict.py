"""From findings to one answer about a change."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rca.provenance.commit import Commit
from rca.provenance.detectors import detect
from rca.provenance.finding import Finding, Role

State = Literal["evidenced", "attested_none", "unknown"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer about one change.

    ``state`` rests on structure alone; prose leaves it ``unknown`` and sets ``suggested``. ``ai``
    is true for influence on the change or its review, structured or suggested, and never for
    committer-only. ``unknown`` is absence of evidence, not evidence of absence.
    """

    sha: str
    state: State
    ai: bool
    suggested: bool
    tool: str
    model: str
    role: Role
    session_ref: str
    findings: tuple[Finding, ...]

    def as_dict(self) -> dict[str, Any]:
        """One line of ``rca provenance --jsonl``."""
        return {
            "sha": self.sha,
            "state": self.state,
            "ai": self.ai,
            "suggested": self.suggested,
            "tool": self.tool,
            "model": self.model,
            "role": self.role,
            "session_ref": self.session_ref,
            "findings": [finding.as_dict() for finding in self.findings],
        }


def _strongest(findings: Sequence[Finding]) -> Finding | None:
    """The finding that names the role: identity first, then who wrote, then who reviewed."""

    def rank(finding: Finding) -> tuple[int, int]:
        wrote = finding.detector in ("D3", "D9") and finding.role == "author"
        generated = finding.detector == "D4" and finding.role == "author"
        order = (
            0 if wrote else
            1 if generated else
            2 if finding.role == "co-author" and finding.strength != "weak" else
            3 if finding.role == "author" else
            4 if finding.role == "ops" else
            5 if finding.role == "review-suggestion" else
            6 if finding.role == "unclear" else
            7 if finding.role == "co-author" else
            8
        )  # fmt: skip
        return order, finding.offset

    return min(findings, key=rank, default=None)


def judge(commit: Commit) -> Verdict:
    """The verdict on one commit, with every finding kept."""
    found = detect(commit)
    influence = [one for one in found if one.says == "ai"]
    structured = [one for one in influence if one.strength != "weak"]
    denied = any(one.says == "none" for one in found)
    lead = _strongest(structured) or (None if denied else _strongest(influence))
    trace = next((one for one in found if one.says == "not_ai"), None)
    # A structured trace beside a denial stays evidenced: claims that conflict are both shown.
    state: State = "evidenced" if structured else "attested_none" if denied else "unknown"
    named = next((one for one in influence if one.model), None)
    session = next((one for one in influence if one.session_ref), None)
    shown = lead or trace
    return Verdict(
        sha=commit.sha,
        state=state,
        ai=lead is not None,
        suggested=lead is not None and not structured,
        tool=shown.tool if shown else "",
        model=named.model if named else "",
        role=shown.role if shown else "",
        session_ref=session.session_ref if session else "",
        findings=tuple(found),
    )
