"""One piece of evidence about AI influence on a change."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Role = Literal[
    "author", "co-author", "reviewer", "review-suggestion", "ops", "committer-only", "unclear", ""
]
Strength = Literal["strong", "medium", "weak"]
Says = Literal["ai", "none", "not_ai"]

VERSION = "1"
"""Version of the detectors' rules; a verdict names it, since one rule can decide a result."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one detector saw.

    ``says`` is ``ai`` (influence), ``none`` (somebody attests that there was none) or ``not_ai``
    (a trace of a tool that is no influence on the change: aider as committer only). ``offset`` is
    in code points into the message, or -1 when the evidence is not in it. ``model_raw`` is the
    string as written; ``model`` its parsed form, empty when it can't be told.
    """

    detector: str
    says: Says
    role: Role
    strength: Strength
    quote: str
    where: str
    tool: str = ""
    model: str = ""
    model_raw: str = ""
    session_ref: str = ""
    offset: int = -1
    version: str = VERSION

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return asdict(self)
