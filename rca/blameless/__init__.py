"""The blameless-language reviewer: pure, deterministic, offline. Imports nothing of ours.

>>> from rca.blameless import Reviewer
>>> [f.category for f in Reviewer().review("The operator failed to check the queue.").findings]
['counterfactual']
"""

from rca.blameless.finding import CATEGORIES, LEVELS, Finding, ReviewResult, level_at_least
from rca.blameless.review import DOCUMENT_CAP, Options, Reviewer, at_least, sentence_key
from rca.blameless.suppression import Allowed, AllowListError, allow_list, read_allow_list

__all__ = [
    "CATEGORIES",
    "DOCUMENT_CAP",
    "LEVELS",
    "AllowListError",
    "Allowed",
    "Finding",
    "Options",
    "ReviewResult",
    "Reviewer",
    "allow_list",
    "at_least",
    "level_at_least",
    "read_allow_list",
    "sentence_key",
]
