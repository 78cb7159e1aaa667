"""Checkov custom policies for the infrastructure rules: a second reader, of the source itself.

The gate reads a plan; Checkov reads the files that the plan is made of. Only what both can mean is
written: data stores keep deletion protection. It carries no match of services or kinds, so it asks
every data store of the listed types (stricter than the rule).
"""

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


def _policy(number: int, doc: Mapping[str, Any], attribute: str) -> dict[str, Any]:
    return {
        "metadata": {
            "id": f"CKV2_GR_{number}",
            "name": f"{doc['metadata']['id']}: data stores keep {attribute}",
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
        f"checkov/{doc['metadata']['id']}-{name.replace('_', '-')}.yaml": dump(
            _policy(number, doc, name)
        )
        for number, (doc, name) in enumerate(asked, start=1)
    }
