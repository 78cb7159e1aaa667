"""Checkov custom policies for the infrastructure rules: a second reader, of the source itself.

The gate reads a plan; Checkov reads the files that the plan is made of. Only what both can mean is
written: data stores keep deletion protection. It carries no match of services or kinds, so it asks
every data store of the listed types (stricter than the rule).
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from mining.policy.stream import dump

PROTECTED: Mapping[str, tuple[str, ...]] = {
    "deletion_protection": (
        "aws_db_instance", "aws_rds_cluster", "aws_neptune_cluster", "aws_docdb_cluster",
        "google_sql_database_instance", "google_spanner_database",
    ),
    "deletion_protection_enabled": ("aws_dynamodb_table",),
}  # fmt: skip
"""Attribute by resource types, from the providers' documentation."""
SEVERITY = {"low": "LOW", "medium": "MEDIUM", "high": "HIGH", "critical": "CRITICAL"}


def _asks(doc: Mapping[str, Any]) -> bool:
    checks = (item["check"] for item in doc["spec"]["require"])
    wanted = ("infra.deletionProtection", "eq", True)
    return any((leaf["field"], leaf["op"], leaf.get("value")) == wanted for leaf in checks)


def _number(rule: str, attribute: str) -> int:
    """A number that stays with this rule and attribute, whatever else is exported.

    Teams write Checkov's ids into ``checkov:skip`` comments: an id that moved to another rule
    would make a comment silence that one. Seven digits; two of a thousand rules meet with a
    chance of one in twenty, and Checkov then runs both under the one id.
    """
    digest = hashlib.sha256(f"{rule}/{attribute}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 9_000_000 + 1_000_000


def _policy(doc: Mapping[str, Any], attribute: str) -> dict[str, Any]:
    rule = doc["metadata"]["id"]
    return {
        "metadata": {
            "id": f"CKV2_GR_{_number(rule, attribute)}",
            "name": f"{rule}: data stores keep {attribute}",
            "category": "BACKUP_AND_RECOVERY",
            "severity": SEVERITY[doc["spec"]["severity"]],
        },
        "definition": {
            "cond_type": "attribute",
            "resource_types": list(PROTECTED[attribute]),
            "attribute": attribute,
            "operator": "equals",
            "value": True,
        },
    }


def policies(docs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """One file per rule and attribute; run with ``checkov --external-checks-dir checkov``."""
    asked = [(doc, name) for doc in docs if _asks(doc) for name in PROTECTED]
    return {
        f"checkov/{doc['metadata']['id']}-{name.replace('_', '-')}.yaml": dump(_policy(doc, name))
        for doc, name in asked
    }
