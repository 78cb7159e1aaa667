"""Evidence of AI influence in commits, pull requests and git notes. Pure, but for the git reader.

A trailer is evidence; its absence is not evidence of the contrary. So there are three states:
evidenced, attested none, unknown. Prose only suggests, and a human confirms it. Nothing here
guesses from style, and nothing here counts people.
"""

from rca.provenance.commit import Commit
from rca.provenance.detectors import detect
from rca.provenance.finding import Finding
from rca.provenance.verdict import Verdict, judge

__all__ = ["Commit", "Finding", "Verdict", "detect", "judge"]
