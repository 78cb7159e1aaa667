"""Our reading of the slices of other engines' shapes that we emit: strict, an unknown key fails.

Sources: policy-bot README and options of 1.36 (read 2026-08); GitHub REST "create a repository
ruleset" (read 2026-08); the CRDs of Kyverno policies.kyverno.io (read 2026-11; expiresAt from its
pull request 16299) and Argo Rollouts v1alpha1 (read 2026-08); Semgrep rule syntax (read 2026-08);
Checkov YAML custom policies (read 2026-11).
"""

import re
from typing import Any

PULL = re.compile(r"- \[ \] Unknown\n")


def obj(required: list[str], **properties: Any) -> dict[str, Any]:
    """A closed object."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": properties,
    }


def arr(items: Any, **more: Any) -> dict[str, Any]:
    """A list of ``items``."""
    return {"type": "array", "items": items, **more}


TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
TEXTS = arr(TEXT)
BOOL: dict[str, Any] = {"type": "boolean"}
STRINGS: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "string"}}

_BOT_RULE = obj(
    ["name", "requires"],
    name=TEXT,
    description=TEXT,
    **{
        "if": obj(
            [],
            targets_branch=obj(["pattern"], pattern=TEXT),
            has_labels=TEXTS,
            changed_files=obj(["paths"], paths=TEXTS),
            repository=obj([], matches=TEXTS, not_matches=TEXTS),
        )
    },
    options=obj(
        [],
        allow_author=BOOL,
        allow_contributor=BOOL,
        invalidate_on_push=BOOL,
        request_review=obj(["enabled"], enabled=BOOL, mode={"enum": ["all-users", "random-users", "teams"]}),
        methods=obj([], comments=TEXTS, github_review=BOOL),
    ),
    requires=obj(
        ["count"],
        count={"type": "integer", "minimum": 0},
        teams=TEXTS,
        conditions=obj(
            [], has_status=obj(["statuses"], conclusions=TEXTS, statuses=TEXTS)
        ),
    ),
)  # fmt: skip
POLICY_BOT = obj(
    ["policy", "approval_rules"],
    policy=obj(
        ["approval"],
        approval=arr(obj(["and"], **{"and": TEXTS}), minItems=1, maxItems=1),
        disapproval=obj(["requires"], requires=obj(["teams"], teams=TEXTS)),
    ),
    approval_rules=arr(_BOT_RULE, minItems=1),
)
RULESET = obj(
    ["name", "enforcement", "target", "conditions", "rules"],
    name=TEXT,
    target={"enum": ["branch", "tag", "push"]},
    enforcement={"enum": ["disabled", "active", "evaluate"]},
    conditions=obj(["ref_name"], ref_name=obj(["include", "exclude"], include=TEXTS, exclude=TEXTS)),
    rules=arr(
        obj(
            ["type", "parameters"],
            type={"const": "required_status_checks"},
            parameters=obj(
                ["required_status_checks", "strict_required_status_checks_policy"],
                strict_required_status_checks_policy=BOOL,
                do_not_enforce_on_create=BOOL,
                required_status_checks=arr(
                    obj(["context"], context=TEXT, integration_id={"type": "integer"})
                ),
            ),
        )
    ),
)  # fmt: skip
_META = obj(
    ["name"],
    name={"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "maxLength": 253},
    labels=STRINGS,
    annotations=STRINGS,
)
_CONDITIONS = arr(obj(["name", "expression"], name=TEXT, expression=TEXT))
SHAPES: dict[str, dict[str, Any]] = {
    "ValidatingPolicy": obj(
        ["apiVersion", "kind", "metadata", "spec"],
        apiVersion={"const": "policies.kyverno.io/v1"},
        kind=TEXT,
        metadata=_META,
        spec=obj(
            ["validations", "matchConstraints"],
            validationActions=arr({"enum": ["Deny", "Audit", "Warn"]}, minItems=1),
            evaluation=obj([], background=obj([], enabled=BOOL)),
            matchConstraints=obj(
                ["resourceRules"],
                resourceRules=arr(
                    obj(
                        ["apiGroups", "apiVersions", "operations", "resources"],
                        apiGroups=TEXTS, apiVersions=TEXTS, operations=TEXTS, resources=TEXTS,
                    )
                ),
            ),
            matchConditions=_CONDITIONS,
            validations=arr(obj(["expression"], expression=TEXT, message=TEXT), minItems=1),
        ),
    ),
    "PolicyException": obj(
        ["apiVersion", "kind", "metadata", "spec"],
        apiVersion={"const": "policies.kyverno.io/v1"},
        kind=TEXT,
        metadata=_META,
        spec=obj(
            ["policyRefs"],
            policyRefs=arr(obj(["name", "kind"], name=TEXT, kind=TEXT), minItems=1),
            matchConditions=_CONDITIONS,
            expiresAt={"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T"},
        ),
    ),
    "AnalysisTemplate": obj(
        ["apiVersion", "kind", "metadata", "spec"],
        apiVersion={"const": "argoproj.io/v1alpha1"},
        kind=TEXT,
        metadata=_META,
        spec=obj(
            ["metrics"],
            args=arr(obj(["name"], name=TEXT)),
            metrics=arr(
                obj(
                    ["name", "provider"],
                    name=TEXT,
                    interval={"type": "string", "pattern": "^[0-9]+[smh]$"},
                    count={"type": "integer"},
                    failureLimit={"type": "integer"},
                    successCondition=TEXT,
                    provider=obj(
                        ["prometheus"], prometheus=obj(["address", "query"], address=TEXT, query=TEXT)
                    ),
                ),
                minItems=1,
            ),
        ),
    ),
}  # fmt: skip
CHECKOV = obj(
    ["metadata", "definition"],
    metadata=obj(
        ["id", "name", "category"],
        id={"type": "string", "pattern": "^CKV2_[A-Z]+_[0-9]+$"},
        name=TEXT,
        category={
            "enum": [
                "APPLICATION_SECURITY", "BACKUP_AND_RECOVERY", "CONVENTION", "ENCRYPTION",
                "GENERAL_SECURITY", "IAM", "KUBERNETES", "LOGGING", "NETWORKING", "SECRETS",
                "SUPPLY_CHAIN",
            ]
        },
        severity={"enum": ["LOW", "MEDIUM", "HIGH", "CRITICAL"]},
    ),
    definition=obj(
        ["cond_type", "resource_types", "attribute", "operator", "value"],
        cond_type={"const": "attribute"},
        resource_types=arr(TEXT, minItems=1),
        attribute=TEXT,
        operator={"enum": ["equals", "not_equals", "exists", "not_exists"]},
        value=BOOL,
    ),
)  # fmt: skip
SEMGREP = obj(
    ["rules"],
    rules=arr(
        obj(
            ["id", "languages", "severity", "message", "patterns"],
            id={"type": "string", "pattern": "^[a-zA-Z0-9._-]+$"},
            languages=TEXTS,
            severity={"enum": ["INFO", "WARNING", "ERROR"]},
            message=TEXT,
            metadata=STRINGS,
            patterns=arr({"type": "object"}, minItems=1),
        ),
        minItems=1,
    ),
)
