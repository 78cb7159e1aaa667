"""Every enumeration of the product, once, with the words a person reads.

A member *is* its stored string (``Severity.SEV1 == "SEV1"``) and carries ``label``, the words
shown. Stores write the value, never the name, so a label can be reworded without a migration.
"""

from enum import StrEnum
from typing import Self


class Vocabulary(StrEnum):
    """A closed list of stored values with human labels."""

    label: str
    hint: str

    def __new__(cls, value: str, label: str = "", hint: str = "") -> Self:
        """Make a member that equals its stored value."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        member.hint = hint
        return member

    def __str__(self) -> str:
        """The stored value, so that templates and URLs never show ``Severity.SEV1``."""
        return str(self.value)

    @classmethod
    def values(cls) -> tuple[str, ...]:
        """All stored values in their defined order."""
        return tuple(str(member.value) for member in cls)

    @classmethod
    def choices(cls) -> tuple[tuple[str, str], ...]:
        """``(value, label)`` pairs in their defined order, for a select or radio group."""
        return tuple((str(member.value), member.label) for member in cls)

    @classmethod
    def label_of(cls, value: str | None) -> str:
        """The label of a stored value; the value itself when a newer version wrote it."""
        if value is None or value == "":
            return "Not answered"
        return cls(value).label if value in cls.values() else value


class RecordKind(Vocabulary):
    """What kind of event the record describes. Near misses count apart from incidents."""

    INCIDENT = "incident", "Incident"
    NEAR_MISS = "near_miss", "Near miss"
    DRILL = "drill", "Drill"
    RECURRING_MINOR = "recurring_minor", "Recurring minor"


class Status(Vocabulary):
    """Where a postmortem stands between first words and publication."""

    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    APPROVED = "approved", "Approved"
    PUBLISHED = "published", "Published"
    ARCHIVED = "archived", "Archived"
    NOT_REQUIRED = "not_required", "Not required"


class Severity(Vocabulary):
    """Ordinal severity; SEV-1 is the gravest."""

    SEV1 = "SEV1", "SEV-1", "Most customers, or data at risk"
    SEV2 = "SEV2", "SEV-2", "Many customers, or a core journey down"
    SEV3 = "SEV3", "SEV-3", "Some customers, a workaround exists"
    SEV4 = "SEV4", "SEV-4", "Few noticed"
    SEV5 = "SEV5", "SEV-5", "Nobody outside noticed"


class Visibility(Vocabulary):
    """Who may know that the record exists."""

    OPEN = "open", "Everyone who can sign in"
    RESTRICTED = "restricted", "Members only"
    SECURITY = "security_confidential", "Security, members only"


class Milestone(Vocabulary):
    """Named instants of an incident, in their usual order."""

    FAULT_INTRODUCED = "fault_introduced_at", "Condition introduced"
    IMPACT_STARTED = "impact_started_at", "Impact started"
    DETECTED = "detected_at", "Detected"
    DECLARED = "declared_at", "Declared"
    ACKNOWLEDGED = "acknowledged_at", "Acknowledged"
    DIAGNOSED = "diagnosed_at", "Diagnosed"
    MITIGATED = "mitigated_at", "Mitigated"
    IMPACT_ENDED = "impact_ended_at", "Impact ended"
    RESOLVED = "resolved_at", "Resolved"
    STATUS_PAGE_POSTED = "status_page_posted_at", "Status page posted"
    REVIEW_HELD = "review_held_at", "Review held"
    CANCELLED = "cancelled_at", "Cancelled"


class TimePrecision(Vocabulary):
    """How exactly a time is known."""

    EXACT = "exact", "To the second"
    MINUTE = "minute", "To the minute"
    APPROX = "approx", "About"
    DAY = "day", "Day only"
    MONTH = "month", "Month only"
    YEAR = "year", "Year only"
    UNKNOWN = "unknown", "Unknown"


class ValueSource(Vocabulary):
    """Where a value came from; anything but ``typed`` needs a person's confirmation."""

    TYPED = "typed", "Typed"
    IMPORTED = "imported", "Imported"
    SUGGESTED = "suggested", "Suggested"


class DetectionMethod(Vocabulary):
    """How the incident came to notice."""

    ALERT_SLO = "alert_slo", "Alert on an SLO"
    ALERT_THRESHOLD = "alert_threshold", "Alert on a threshold"
    SYNTHETIC = "synthetic", "Synthetic check"
    CUSTOMER_REPORT = "customer_report", "Customer report"
    INTERNAL_REPORT = "internal_report", "Internal report"
    DEPLOY_GATE = "deploy_gate", "Deploy gate"
    ANOMALY = "anomaly", "Anomaly detection"
    THIRD_PARTY = "third_party", "Third party"
    BY_CHANCE = "by_chance", "By chance"
    SECURITY_TOOL = "security_tool", "Security tool"
    UNKNOWN = "unknown", "Unknown"


class DetectionGap(Vocabulary):
    """Why monitoring did not see it sooner."""

    NONE = "none", "No gap"
    NO_MONITOR = "no_monitor", "No monitor"
    MONITOR_BUG = "monitor_bug", "Monitor had a bug"
    THRESHOLD_WRONG = "threshold_wrong", "Threshold did not fit"
    SIGNAL_LOST = "signal_lost_in_noise", "Signal lost in noise"
    TELEMETRY_MISSING = "telemetry_missing", "Telemetry missing"
    NOT_MONITORABLE = "not_monitorable", "Not monitorable"
    UNKNOWN = "unknown", "Unknown"


class ImpactType(Vocabulary):
    """What was harmed."""

    AVAILABILITY = "availability", "Availability"
    LATENCY = "latency", "Latency"
    ERRORS = "errors", "Errors"
    DATA_LOSS = "data_loss", "Data loss"
    DATA_EXPOSURE = "data_exposure", "Data exposure"
    CORRECTNESS = "correctness", "Wrong results"
    CAPACITY = "capacity", "Capacity"
    COST = "cost", "Cost"
    SECURITY = "security", "Security"
    INTERNAL_PRODUCTIVITY = "internal_productivity", "Internal productivity"


class ImpactMeasureKind(Vocabulary):
    """A number that says how much harm."""

    USERS_AFFECTED = "users_affected", "Users affected"
    PCT_REQUESTS = "pct_requests", "Share of requests (%)"
    ACCOUNTS = "accounts", "Accounts"
    REGIONS = "regions", "Regions"
    SUPPORT_CASES = "support_cases", "Support cases"
    REVENUE = "revenue_amount", "Revenue"
    ERROR_BUDGET = "error_budget_pct", "Error budget used (%)"
    DATA_RECORDS = "data_records", "Data records"


class EstimateKind(Vocabulary):
    """Whether a number was measured."""

    MEASURED = "measured", "Measured"
    ESTIMATED = "estimated", "Estimated"
    UNKNOWN = "unknown", "Unknown"


class Trigger(Vocabulary):
    """The event that turned a latent condition into impact."""

    BINARY_PUSH = "binary_push", "Code deploy"
    CONFIG_PUSH = "config_push", "Config change"
    USER_BEHAVIOR = "user_behavior_change", "Change in user behaviour"
    PIPELINE = "processing_pipeline", "Processing pipeline"
    PROVIDER = "service_provider_change", "Provider change"
    DECAY = "performance_decay", "Performance decay"
    CAPACITY = "capacity", "Capacity"
    HARDWARE = "hardware", "Hardware"
    EXPIRY = "cert_or_secret_expiry", "Certificate or secret expiry"
    MIGRATION = "schema_or_data_migration", "Schema or data migration"
    FLAG = "feature_flag", "Feature flag"
    MANUAL = "manual_operation", "Manual operation"
    SECURITY = "security_event", "Security event"
    UNKNOWN = "unknown", "Unknown"


class FactorRole(Vocabulary):
    """What a contributing factor did."""

    ENABLED = "enabled", "Made it possible"
    TRIGGERED = "triggered", "Set it off"
    AMPLIFIED = "amplified", "Made it larger"
    DELAYED_DETECTION = "delayed_detection", "Delayed detection"
    DELAYED_RECOVERY = "delayed_recovery", "Delayed recovery"
    HID = "hid", "Hid it"


class FactorLayer(Vocabulary):
    """Where in the system a factor sits."""

    CODE = "code", "Code"
    CONFIG = "config", "Config"
    INFRA = "infra", "Infrastructure"
    DATA = "data", "Data"
    DEPENDENCY = "dependency", "Dependency"
    PROCESS = "process", "Process"
    KNOWLEDGE = "knowledge", "Knowledge"
    TOOLING = "tooling", "Tooling"
    ORG = "org_pressure", "Organisational pressure"


class Confidence(Vocabulary):
    """How sure the authors are of a factor. There is no default."""

    CONFIRMED = "confirmed", "Confirmed"
    LIKELY = "likely", "Likely"
    HYPOTHESIS = "hypothesis", "Hypothesis"
    DISPUTED = "disputed", "Disputed"


class AISurface(Vocabulary):
    """The kind of work that AI may have touched."""

    DESIGN = "design", "Design"
    CODE = "code", "Code"
    CONFIG = "config", "Config"
    INFRA_AS_CODE = "infra_as_code", "Infrastructure as code"
    TEST = "test", "Tests"
    REVIEW = "review", "Review"
    RUNBOOK = "runbook_or_docs", "Runbook or docs"
    ALERTING = "alerting", "Alerting"
    RESPONSE = "incident_response", "Incident response"
    RUNTIME_AGENT = "runtime_agent", "Agent at run time"


DEFAULT_AI_SURFACES = (
    AISurface.DESIGN,
    AISurface.CODE,
    AISurface.CONFIG,
    AISurface.REVIEW,
    AISurface.RESPONSE,
)


class AIState(Vocabulary):
    """What is known of AI influence on one surface. Blank (no row) is none of these."""

    UNKNOWN = "unknown", "Unknown"
    ATTESTED_NONE = "attested_none", "None"
    SUSPECTED = "suspected", "Suspected"
    REPORTED = "reported", "Confirmed"
    EVIDENCED = "evidenced", "Confirmed"
    RULED_OUT = "ruled_out", "None"


class AIAnswer(Vocabulary):
    """The four words of the form; evidence decides which state they are stored as."""

    NONE = "none", "None"
    SUSPECTED = "suspected", "Suspected"
    CONFIRMED = "confirmed", "Confirmed"
    UNKNOWN = "unknown", "Unknown"


class AIPart(Vocabulary):
    """The part that AI had in the work."""

    AUTHOR = "author", "Wrote it"
    CO_AUTHOR = "co_author", "Wrote part of it"
    REVIEWER = "reviewer", "Reviewed it"
    ADVISER = "adviser", "Gave advice"
    AGENT_OPERATOR = "agent_operator", "Acted as an agent"
    COMMITTER_ONLY = "committer_only", "Committed only"
    UNCLEAR = "unclear", "Unclear"


class AIEffect(Vocabulary):
    """What the influence did. Nothing here says that AI caused an incident."""

    CONTRIBUTED = "contributed", "Contributed"
    FAILED_TO_CATCH = "failed_to_catch", "Did not catch it"
    PRESENT_NO_EFFECT = "present_no_effect", "Present, no effect"
    HELPED = "helped", "Helped"
    UNCLEAR = "unclear", "Unclear"


class AIAutonomy(Vocabulary):
    """How far AI acted on its own."""

    SUGGESTED = "suggested", "Suggested, a human typed"
    DRAFTED = "drafted", "Drafted, a human edited"
    ACTED_APPROVED = "acted_with_approval", "Acted with approval"
    ACTED_UNATTENDED = "acted_unattended", "Acted unattended"
    UNKNOWN = "unknown", "Unknown"


class AIEvidenceBasis(Vocabulary):
    """How we know of an AI influence."""

    SELF_REPORT = "self_report", "Told in the review"
    COMMIT_TRAILER = "commit_trailer", "Commit trailer"
    GIT_NOTE = "git_note", "Git note"
    AGENT_TRACE = "agent_trace", "Agent trace"
    PR_LABEL = "pr_label", "Pull-request label"
    LOG = "log", "Session or audit log"
    OTHER = "other", "Other"


class EvidenceStrength(Vocabulary):
    """How much a piece of evidence carries."""

    STRONG = "strong", "Strong"
    MEDIUM = "medium", "Medium"
    WEAK = "weak", "Weak"


class YesNoUnknown(Vocabulary):
    """A question to which unknown is a full answer."""

    YES = "yes", "Yes"
    NO = "no", "No"
    UNKNOWN = "unknown", "Unknown"


class AISystemCondition(Vocabulary):
    """What around the AI made its contribution possible."""

    MISSING_GATE = "missing_gate", "No gate asked for it"
    REVIEW_LOAD = "review_load", "Review load"
    BROAD_PERMISSIONS = "broad_permissions", "Broad permissions"
    STALE_CONTEXT = "stale_context", "Stale document given as context"
    MISSING_CONTEXT = "missing_context", "Context was missing"
    NO_ENV_SEPARATION = "no_env_separation", "Environments not separated"
    TESTS_GENERATED_TOO = "tests_generated_too", "Tests came from the same session"
    TESTS_MISSING = "tests_missing", "Tests missing"
    TIME_PRESSURE = "time_pressure", "Time pressure"
    UNLABELLED = "unlabelled_change", "The change was not labelled"


class NoteKind(Vocabulary):
    """The kinds of learning a review keeps beside its factors."""

    WENT_WELL = "went_well", "Went well"
    WENT_POORLY = "went_poorly", "Went poorly"
    GOT_LUCKY = "got_lucky", "Got lucky"
    SURPRISE = "surprise", "Surprised us"
    MADE_SENSE = "made_sense", "What made sense at the time"
    OPEN_QUESTION = "open_question", "Open question"


class TimelineKind(Vocabulary):
    """What a timeline entry tells."""

    EVENT = "event", "Event"
    DETECTION = "detection", "Detection"
    DIAGNOSIS = "diagnosis", "Diagnosis"
    REPAIR = "repair", "Repair"
    KEY_MOMENT = "key_moment", "Key moment"
    COMMUNICATION = "communication", "Communication"


class ActionKind(Vocabulary):
    """A promise, or a thought worth keeping."""

    COMMITMENT = "commitment", "Commitment"
    IDEA = "idea", "Idea"


class ActionControl(Vocabulary):
    """What the action changes about the next time."""

    PREVENT = "prevent", "Prevent"
    DETECT = "detect", "Detect"
    MITIGATE = "mitigate", "Mitigate"
    RECOVER = "recover", "Recover"
    PROCESS = "process", "Process"
    INVESTIGATE = "investigate", "Investigate"


class ActionStrength(Vocabulary):
    """Hierarchy of controls, strongest first."""

    ELIMINATE = "eliminate", "Eliminate"
    AUTOMATE = "automate", "Automate"
    WARN = "warn", "Warn"
    DOCUMENT = "document_train", "Document or train"


class ActionStatus(Vocabulary):
    """Where an action item stands."""

    OPEN = "open", "Open"
    IN_PROGRESS = "in_progress", "In progress"
    BLOCKED = "blocked", "Blocked"
    DONE = "done", "Done"
    WONT_DO = "wont_do", "Won't do"
    SUPERSEDED = "superseded", "Superseded"


OPEN_ACTION_STATUSES = (ActionStatus.OPEN, ActionStatus.IN_PROGRESS, ActionStatus.BLOCKED)


class Verification(Vocabulary):
    """Whether a finished action was seen to work."""

    PENDING = "pending", "Not yet checked"
    EFFECTIVE = "effective", "Checked: effective"
    INEFFECTIVE = "ineffective", "Checked: not effective"


class Priority(Vocabulary):
    """Order of work."""

    P0 = "p0", "P0"
    P1 = "p1", "P1"
    P2 = "p2", "P2"
    P3 = "p3", "P3"


class PersonRole(Vocabulary):
    """A part played in an incident or its review. Never counted per person."""

    COMMANDER = "incident_commander", "Incident commander"
    OWNER = "owner", "Owner"
    AUTHOR = "author", "Author"
    FACILITATOR = "facilitator", "Facilitator"
    SCRIBE = "scribe", "Scribe"
    COMMS = "comms_lead", "Communications lead"
    RESPONDER = "responder", "Responder"
    REVIEWER = "reviewer", "Reviewer"
    APPROVER = "approver", "Approver"
    MEMBER = "member", "Member (may read)"


class Relation(Vocabulary):
    """How one postmortem relates to another."""

    DUPLICATE_OF = "duplicate_of", "Duplicate of"
    RECURRENCE_OF = "recurrence_of", "Recurrence of"
    CAUSED_BY = "caused_by", "Followed from"
    SIMILAR_TO = "similar_to", "Similar to"


class ChangeRelation(Vocabulary):
    """How a change relates to an incident, as judged by a person."""

    CONTRIBUTED = "contributed", "Contributed"
    SUSPECT = "suspect", "Suspect"
    FIXED = "fixed", "Fixed it"
    DISMISSED = "dismissed", "Looked at, dismissed"


class LinkMethod(Vocabulary):
    """How a link between change, deployment and incident became known."""

    DECLARED = "declared", "Declared"
    SHA = "sha", "Same commit"
    REVERT = "revert", "Revert"
    TEMPORAL = "temporal", "Shipped before it"
    HUMAN = "human", "Linked by a person"


class ChangeAI(Vocabulary):
    """AI evidence on a change. ``unknown`` is absence of evidence, never 'human-written'."""

    EVIDENCED = "evidenced", "Evidence of AI"
    ATTESTED_NONE = "attested_none", "Attested none"
    UNKNOWN = "unknown", "Unknown"


class PatternState(Vocabulary):
    """What people decided about a mined pattern."""

    PROPOSED = "proposed", "Proposed"
    CONFIRMED = "confirmed", "Confirmed"
    DISMISSED = "dismissed", "Not a pattern"


class GuardrailDecision(Vocabulary):
    """What people decided about a suggested guardrail."""

    PROPOSED = "proposed", "Proposed"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"


class ReviewState(Vocabulary):
    """Where a reliability review stands. Published ones never change."""

    DRAFT = "draft", "Draft"
    FROZEN = "frozen", "Frozen"
    PUBLISHED = "published", "Published"


class JobState(Vocabulary):
    """Where a background job stands. The row is the truth."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Role(Vocabulary):
    """What an account may do; each includes the ones before it."""

    VIEWER = "viewer", "Viewer"
    AUTHOR = "author", "Author"
    REVIEWER = "reviewer", "Reviewer"
    ADMIN = "admin", "Admin"


class TokenScope(Vocabulary):
    """What an API token may do, never more than its owner."""

    READ = "read", "Read"
    WRITE = "write", "Write"
    INGEST = "ingest", "Ingest"
    EXPORT = "export", "Export"
    ADMIN = "admin", "Admin"


class RevisionKind(Vocabulary):
    """Why a revision was kept."""

    EDIT = "edit", "Edit"
    SUBMITTED = "submitted", "Submitted"
    APPROVED = "approved", "Approved"
    PUBLISHED = "published", "Published"
    IMPORTED = "imported", "Imported"
    CONFLICT = "conflict", "Kept from a conflict"
    PROGRESS = "progress", "Progress of an action"


class Section(Vocabulary):
    """The parts of the form that save and conflict on their own."""

    HEADER = "header", "Header"
    TIMES = "times", "Times"
    TIMELINE = "timeline", "Timeline"
    IMPACT = "impact", "Impact and detection"
    FACTORS = "factors", "Contributing factors"
    AI = "ai", "AI influence"
    ACTIONS = "actions", "Action items"
    LEARNING = "learning", "Learning"
    SUMMARY = "summary", "Summary"
