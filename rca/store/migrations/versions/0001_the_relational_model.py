"""The whole relational model, the search index, and the guards of what may never change."""

import sqlalchemy as sa
from alembic import op

from rca.store.types import Json, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# What was published and what was audited stays: the database itself refuses to change it.
_GUARDS = (
    ("revision", "UPDATE", ""),
    ("revision", "DELETE", "OLD.kind = 'published'"),
    ("audit_event", "UPDATE", ""),
    ("audit_event", "DELETE", ""),
)


def _guard_sqlite() -> None:
    for table, act, when in _GUARDS:
        condition = f"WHEN {when} " if when else ""
        op.execute(
            f"CREATE TRIGGER keep_{table}_{act.lower()} BEFORE {act} ON {table} "
            f"{condition}BEGIN SELECT RAISE(ABORT, '{table} rows are immutable'); END"
        )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION rca_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% rows are immutable', TG_TABLE_NAME; END $$"
    )
    for table, act, when in _GUARDS:
        condition = f"WHEN ({when}) " if when else ""
        op.execute(
            f"CREATE TRIGGER keep_{table}_{act.lower()} BEFORE {act} ON {table} "
            f"FOR EACH ROW {condition}EXECUTE FUNCTION rca_refuse_change()"
        )


def _search() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE postmortem_search (postmortem_id varchar(32) PRIMARY KEY "
            "REFERENCES postmortem (id) ON DELETE CASCADE, words tsvector NOT NULL)"
        )
        op.execute("CREATE INDEX postmortem_search_words ON postmortem_search USING gin (words)")
    else:
        op.execute(
            "CREATE VIRTUAL TABLE postmortem_search USING fts5("
            "postmortem_id UNINDEXED, words, tokenize='unicode61 remove_diacritics 2')"
        )


def upgrade() -> None:
    _tables()
    _search()
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _tables() -> None:

    op.create_table('audit_event',
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.Column('actor', sa.String(length=240), nullable=False),
    sa.Column('action', sa.String(length=120), nullable=False),
    sa.Column('object_kind', sa.String(length=60), nullable=False),
    sa.Column('object_id', sa.String(length=400), nullable=False),
    sa.Column('detail', Json, nullable=False),
    sa.Column('before_hash', sa.String(length=64), nullable=False),
    sa.Column('after_hash', sa.String(length=64), nullable=False),
    sa.Column('prev_hash', sa.String(length=64), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_audit_event')),
    sa.UniqueConstraint('hash', name=op.f('uq_audit_event_hash'))
    )
    op.create_index(op.f('ix_audit_event_action'), 'audit_event', ['action'], unique=False)
    op.create_index(op.f('ix_audit_event_object_id'), 'audit_event', ['object_id'], unique=False)
    op.create_table('change',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('key', sa.String(length=400), nullable=False),
    sa.Column('organisation', sa.String(length=240), nullable=False),
    sa.Column('repo', sa.String(length=400), nullable=False),
    sa.Column('service', sa.String(length=240), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('merged_at', UtcDateTime(), nullable=False),
    sa.Column('deployed_at', UtcDateTime(), nullable=True),
    sa.Column('kinds', Json, nullable=False),
    sa.Column('paths', Json, nullable=False),
    sa.Column('labels', Json, nullable=False),
    sa.Column('files', sa.Integer(), nullable=True),
    sa.Column('lines_added', sa.Integer(), nullable=True),
    sa.Column('lines_deleted', sa.Integer(), nullable=True),
    sa.Column('ai_state', sa.String(length=16), nullable=False),
    sa.Column('ai_evidence', sa.Text(), nullable=False),
    sa.Column('label_source', sa.String(length=240), nullable=False),
    sa.Column('reverted_30d', sa.Boolean(), nullable=True),
    sa.Column('facts', Json, nullable=False),
    sa.CheckConstraint("ai_state IN ('evidenced', 'attested_none', 'unknown')", name=op.f('ck_change_ai_state_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_change')),
    sa.UniqueConstraint('key', name=op.f('uq_change_key'))
    )
    op.create_index(op.f('ix_change_ai_state'), 'change', ['ai_state'], unique=False)
    op.create_index('ix_change_service_merged', 'change', ['service', 'merged_at'], unique=False)
    op.create_index('ix_change_merged', 'change', ['merged_at', 'key'], unique=False)
    op.create_index('ix_change_deployed', 'change', ['deployed_at'], unique=False)
    op.create_table('webhook_delivery',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('source', sa.String(length=32), nullable=False),
    sa.Column('delivery_id', sa.String(length=240), nullable=False),
    sa.Column('body_sha256', sa.String(length=64), nullable=False),
    sa.Column('event', sa.String(length=120), nullable=False),
    sa.Column('subject', sa.String(length=400), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('error', sa.Text(), nullable=False),
    sa.Column('headers', Json, nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('result', Json, nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('received_at', UtcDateTime(), nullable=False),
    sa.Column('applied_at', UtcDateTime(), nullable=True),
    sa.CheckConstraint("state IN ('applied', 'ignored', 'unknown', 'malformed', 'failed', 'refused')", name=op.f('ck_webhook_delivery_state_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_delivery')),
    sa.UniqueConstraint('source', 'delivery_id', name=op.f('uq_webhook_delivery_source_delivery_id')),
    sa.UniqueConstraint('source', 'body_sha256', name=op.f('uq_webhook_delivery_source_body_sha256'))
    )
    op.create_index('ix_webhook_delivery_newest', 'webhook_delivery', ['received_at', 'id'], unique=False)
    op.create_index(op.f('ix_webhook_delivery_state'), 'webhook_delivery', ['state'], unique=False)
    op.create_index(op.f('ix_webhook_delivery_subject'), 'webhook_delivery', ['subject'], unique=False)
    op.create_table('signal',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('key', sa.String(length=400), nullable=False),
    sa.Column('source', sa.String(length=240), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('service', sa.String(length=240), nullable=False),
    sa.Column('environment', sa.String(length=120), nullable=False),
    sa.Column('urgency', sa.String(length=60), nullable=False),
    sa.Column('started_at', UtcDateTime(), nullable=True),
    sa.Column('ended_at', UtcDateTime(), nullable=True),
    sa.Column('url', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_signal')),
    sa.UniqueConstraint('key', name=op.f('uq_signal_key'))
    )
    op.create_index(op.f('ix_signal_started_at'), 'signal', ['started_at'], unique=False)
    op.create_table('idempotency_key',
    sa.Column('account', sa.String(length=120), nullable=False),
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('request_sha256', sa.String(length=64), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('body', Json, nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('account', 'key', name=op.f('pk_idempotency_key'))
    )
    op.create_table('deployment',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('key', sa.String(length=400), nullable=False),
    sa.Column('service', sa.String(length=240), nullable=False),
    sa.Column('environment', sa.String(length=120), nullable=False),
    sa.Column('started_at', UtcDateTime(), nullable=True),
    sa.Column('finished_at', UtcDateTime(), nullable=True),
    sa.Column('result', sa.String(length=60), nullable=False),
    sa.Column('ref', sa.String(length=400), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deployment')),
    sa.UniqueConstraint('key', name=op.f('uq_deployment_key'))
    )
    op.create_index(op.f('ix_deployment_finished_at'), 'deployment', ['finished_at'], unique=False)
    op.create_index(op.f('ix_deployment_service'), 'deployment', ['service'], unique=False)
    op.create_table('freeze_window',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=240), nullable=False),
    sa.Column('starts_at', UtcDateTime(), nullable=False),
    sa.Column('ends_at', UtcDateTime(), nullable=False),
    sa.Column('kinds', Json, nullable=False),
    sa.Column('services', Json, nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_freeze_window'))
    )
    op.create_table('job',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=60), nullable=False),
    sa.Column('key', sa.String(length=400), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('payload', Json, nullable=False),
    sa.Column('result', Json, nullable=False),
    sa.Column('error', sa.Text(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('run_at', UtcDateTime(), nullable=False),
    sa.Column('lease_until', UtcDateTime(), nullable=True),
    sa.Column('heartbeat_at', UtcDateTime(), nullable=True),
    sa.Column('finished_at', UtcDateTime(), nullable=True),
    sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name=op.f('ck_job_state_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_job'))
    )
    op.create_index(op.f('ix_job_key'), 'job', ['key'], unique=False)
    op.create_index(op.f('ix_job_state'), 'job', ['state'], unique=False)
    op.create_table('mining_run',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('started_at', UtcDateTime(), nullable=False),
    sa.Column('finished_at', UtcDateTime(), nullable=False),
    sa.Column('seed', sa.Integer(), nullable=False),
    sa.Column('options', Json, nullable=False),
    sa.Column('data_digest', sa.String(length=80), nullable=False),
    sa.Column('versions', Json, nullable=False),
    sa.Column('records', sa.Integer(), nullable=False),
    sa.Column('restricted_left_out', sa.Integer(), nullable=False),
    sa.Column('result', Json, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mining_run'))
    )
    op.create_table('sign_in_attempt',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account', sa.String(length=120), nullable=False),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in_attempt'))
    )
    op.create_index(op.f('ix_sign_in_attempt_account'), 'sign_in_attempt', ['account'], unique=False)
    op.create_index(op.f('ix_sign_in_attempt_address'), 'sign_in_attempt', ['address'], unique=False)
    op.create_table('team',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=240), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_team')),
    sa.UniqueConstraint('name', name=op.f('uq_team_name'))
    )
    op.create_table('user_account',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('display_name', sa.String(length=240), nullable=False),
    sa.Column('email', sa.String(length=320), nullable=False),
    sa.Column('role', sa.String(length=32), nullable=False),
    sa.Column('password_hash', sa.String(length=400), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('shortcuts', sa.Boolean(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("role IN ('viewer', 'author', 'reviewer', 'admin')", name=op.f('ck_user_account_role_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_account')),
    sa.UniqueConstraint('name', name=op.f('uq_user_account_name'))
    )
    op.create_table('api_token',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('user_id', sa.String(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('scopes', Json, nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('expires_at', UtcDateTime(), nullable=False),
    sa.Column('last_used_at', UtcDateTime(), nullable=True),
    sa.Column('revoked_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_api_token_user_id_user_account'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_token')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_api_token_token_hash'))
    )
    op.create_index(op.f('ix_api_token_user_id'), 'api_token', ['user_id'], unique=False)
    op.create_table('import_batch',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=400), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.Column('by_id', sa.String(), nullable=True),
    sa.Column('counts', Json, nullable=False),
    sa.Column('problems', Json, nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_import_batch_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import_batch'))
    )
    op.create_table('import_upload',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=400), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('options', Json, nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.Column('by_id', sa.String(), nullable=True),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_import_upload_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', 'position', name=op.f('pk_import_upload'))
    )
    op.create_index(op.f('ix_import_upload_by_id'), 'import_upload', ['by_id'], unique=False)
    op.create_table('link',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('from_kind', sa.String(length=16), nullable=False),
    sa.Column('from_id', sa.String(length=400), nullable=False),
    sa.Column('to_kind', sa.String(length=16), nullable=False),
    sa.Column('to_id', sa.String(length=400), nullable=False),
    sa.Column('method', sa.String(length=16), nullable=False),
    sa.Column('relation', sa.String(length=16), nullable=True),
    sa.Column('confidence', sa.String(length=16), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('by_id', sa.String(), nullable=True),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("method IN ('declared', 'sha', 'revert', 'temporal', 'human')", name=op.f('ck_link_method_known')),
    sa.CheckConstraint("relation IN ('contributed', 'suspect', 'fixed', 'dismissed')", name=op.f('ck_link_relation_known')),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_link_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_link'))
    )
    op.create_index('ix_link_from', 'link', ['from_kind', 'from_id'], unique=False)
    op.create_index('ix_link_to', 'link', ['to_kind', 'to_id'], unique=False)
    op.create_table('pattern',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('organisation', sa.String(length=240), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('name', sa.String(length=400), nullable=False),
    sa.Column('named_by_human', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('causes', Json, nullable=False),
    sa.Column('strength', sa.String(length=16), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('payload', Json, nullable=False),
    sa.Column('first_run_id', sa.String(), nullable=False),
    sa.Column('last_run_id', sa.String(), nullable=False),
    sa.Column('decided_by', sa.String(), nullable=True),
    sa.Column('decided_at', UtcDateTime(), nullable=True),
    sa.CheckConstraint("state IN ('proposed', 'confirmed', 'dismissed')", name=op.f('ck_pattern_state_known')),
    sa.ForeignKeyConstraint(['decided_by'], ['user_account.id'], name=op.f('fk_pattern_decided_by_user_account')),
    sa.ForeignKeyConstraint(['first_run_id'], ['mining_run.id'], name=op.f('fk_pattern_first_run_id_mining_run')),
    sa.ForeignKeyConstraint(['last_run_id'], ['mining_run.id'], name=op.f('fk_pattern_last_run_id_mining_run')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pattern'))
    )
    op.create_index(op.f('ix_pattern_last_run_id'), 'pattern', ['last_run_id'], unique=False)
    op.create_table('postmortem',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('reference', sa.String(length=240), nullable=False),
    sa.Column('import_key', sa.String(length=400), nullable=True),
    sa.Column('organisation', sa.String(length=240), nullable=False),
    sa.Column('title', sa.String(length=240), nullable=False),
    sa.Column('title_source', sa.String(length=16), nullable=False),
    sa.Column('tldr', sa.Text(), nullable=False),
    sa.Column('record_kind', sa.String(length=32), nullable=False),
    sa.Column('status', sa.String(length=32), nullable=False),
    sa.Column('status_reason', sa.Text(), nullable=False),
    sa.Column('severity', sa.String(length=8), nullable=True),
    sa.Column('severity_initial', sa.String(length=8), nullable=True),
    sa.Column('severity_peak', sa.String(length=8), nullable=True),
    sa.Column('visibility', sa.String(length=32), nullable=False),
    sa.Column('functionalities', Json, nullable=False),
    sa.Column('environments', Json, nullable=False),
    sa.Column('regions', Json, nullable=False),
    sa.Column('time_note', sa.Text(), nullable=False),
    sa.Column('detection_method', sa.String(length=32), nullable=True),
    sa.Column('detection_gap', sa.String(length=32), nullable=True),
    sa.Column('cut_detection', sa.Text(), nullable=False),
    sa.Column('cut_mitigation', sa.Text(), nullable=False),
    sa.Column('impact_types', Json, nullable=False),
    sa.Column('impact_summary', sa.Text(), nullable=False),
    sa.Column('responders_count', sa.Integer(), nullable=True),
    sa.Column('teams_count', sa.Integer(), nullable=True),
    sa.Column('tools_count', sa.Integer(), nullable=True),
    sa.Column('person_hours', sa.Float(), nullable=True),
    sa.Column('trigger', sa.String(length=32), nullable=True),
    sa.Column('trigger_note', sa.Text(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('what_happened', sa.Text(), nullable=False),
    sa.Column('response', sa.Text(), nullable=False),
    sa.Column('external_summary', sa.Text(), nullable=False),
    sa.Column('external_what_happened', sa.Text(), nullable=False),
    sa.Column('external_what_we_do', sa.Text(), nullable=False),
    sa.Column('imported_text', sa.Text(), nullable=False),
    sa.Column('source_url', sa.Text(), nullable=False),
    sa.Column('source_licence', sa.String(length=240), nullable=False),
    sa.Column('occurred_at', UtcDateTime(), nullable=True),
    sa.Column('occurred_precision', sa.String(length=16), nullable=False),
    sa.Column('quarter', sa.String(length=8), nullable=False),
    sa.Column('sort_at', UtcDateTime(), nullable=False),
    sa.Column('ai_summary', sa.String(length=16), nullable=False),
    sa.Column('unconfirmed', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('approved_hash', sa.String(length=64), nullable=False),
    sa.Column('approved_at', UtcDateTime(), nullable=True),
    sa.Column('approved_by', sa.String(), nullable=True),
    sa.Column('submitted_by', sa.String(), nullable=True),
    sa.Column('published_at', UtcDateTime(), nullable=True),
    sa.Column('published_number', sa.Integer(), nullable=True),
    sa.Column('created_by', sa.String(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("detection_gap IN ('none', 'no_monitor', 'monitor_bug', 'threshold_wrong', 'signal_lost_in_noise', 'telemetry_missing', 'not_monitorable', 'unknown')", name=op.f('ck_postmortem_detection_gap_known')),
    sa.CheckConstraint("detection_method IN ('alert_slo', 'alert_threshold', 'synthetic', 'customer_report', 'internal_report', 'deploy_gate', 'anomaly', 'third_party', 'by_chance', 'security_tool', 'unknown')", name=op.f('ck_postmortem_detection_method_known')),
    sa.CheckConstraint("occurred_precision IN ('exact', 'minute', 'approx', 'day', 'month', 'year', 'unknown')", name=op.f('ck_postmortem_occurred_precision_known')),
    sa.CheckConstraint("record_kind IN ('incident', 'near_miss', 'drill', 'recurring_minor')", name=op.f('ck_postmortem_record_kind_known')),
    sa.CheckConstraint("severity IN ('SEV1', 'SEV2', 'SEV3', 'SEV4', 'SEV5')", name=op.f('ck_postmortem_severity_known')),
    sa.CheckConstraint("severity_initial IN ('SEV1', 'SEV2', 'SEV3', 'SEV4', 'SEV5')", name=op.f('ck_postmortem_severity_initial_known')),
    sa.CheckConstraint("severity_peak IN ('SEV1', 'SEV2', 'SEV3', 'SEV4', 'SEV5')", name=op.f('ck_postmortem_severity_peak_known')),
    sa.CheckConstraint("status IN ('draft', 'in_review', 'changes_requested', 'approved', 'published', 'archived', 'not_required')", name=op.f('ck_postmortem_status_known')),
    sa.CheckConstraint("title_source IN ('typed', 'imported', 'suggested')", name=op.f('ck_postmortem_title_source_known')),
    sa.CheckConstraint("trigger IN ('binary_push', 'config_push', 'user_behavior_change', 'processing_pipeline', 'service_provider_change', 'performance_decay', 'capacity', 'hardware', 'cert_or_secret_expiry', 'schema_or_data_migration', 'feature_flag', 'manual_operation', 'security_event', 'unknown')", name=op.f('ck_postmortem_trigger_known')),
    sa.CheckConstraint("visibility IN ('open', 'restricted', 'security_confidential')", name=op.f('ck_postmortem_visibility_known')),
    sa.ForeignKeyConstraint(['approved_by'], ['user_account.id'], name=op.f('fk_postmortem_approved_by_user_account')),
    sa.ForeignKeyConstraint(['created_by'], ['user_account.id'], name=op.f('fk_postmortem_created_by_user_account')),
    sa.ForeignKeyConstraint(['submitted_by'], ['user_account.id'], name=op.f('fk_postmortem_submitted_by_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_postmortem')),
    sa.UniqueConstraint('import_key', name=op.f('uq_postmortem_import_key')),
    sa.UniqueConstraint('reference', name=op.f('uq_postmortem_reference'))
    )
    op.create_index(op.f('ix_postmortem_ai_summary'), 'postmortem', ['ai_summary'], unique=False)
    op.create_index('ix_postmortem_newest', 'postmortem', ['sort_at', 'id'], unique=False)
    op.create_index(op.f('ix_postmortem_organisation'), 'postmortem', ['organisation'], unique=False)
    op.create_index(op.f('ix_postmortem_quarter'), 'postmortem', ['quarter'], unique=False)
    op.create_index(op.f('ix_postmortem_severity'), 'postmortem', ['severity'], unique=False)
    op.create_index(op.f('ix_postmortem_status'), 'postmortem', ['status'], unique=False)
    op.create_table('service',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=240), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('tier', sa.Integer(), nullable=True),
    sa.Column('owning_team_id', sa.String(), nullable=True),
    sa.Column('kill_switch_url', sa.String(length=2000), nullable=False),
    sa.Column('kill_switch_tested_at', UtcDateTime(), nullable=True),
    sa.Column('data_store', sa.String(length=16), nullable=False),
    sa.Column('deletion_protected', sa.String(length=16), nullable=False),
    sa.Column('path_globs', Json, nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("data_store IN ('yes', 'no', 'unknown')", name=op.f('ck_service_data_store_known')),
    sa.CheckConstraint("deletion_protected IN ('yes', 'no', 'unknown')", name=op.f('ck_service_deletion_protected_known')),
    sa.ForeignKeyConstraint(['owning_team_id'], ['team.id'], name=op.f('fk_service_owning_team_id_team')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_service')),
    sa.UniqueConstraint('name', name=op.f('uq_service_name'))
    )
    op.create_index(op.f('ix_service_owning_team_id'), 'service', ['owning_team_id'], unique=False)
    op.create_table('sign_in_link',
    sa.Column('secret_hash', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.String(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('expires_at', UtcDateTime(), nullable=False),
    sa.Column('used_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_sign_in_link_user_id_user_account'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('secret_hash', name=op.f('pk_sign_in_link'))
    )
    op.create_index(op.f('ix_sign_in_link_user_id'), 'sign_in_link', ['user_id'], unique=False)
    op.create_table('user_session',
    sa.Column('secret_hash', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.String(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('last_seen_at', UtcDateTime(), nullable=False),
    sa.Column('expires_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_user_session_user_id_user_account'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('secret_hash', name=op.f('pk_user_session'))
    )
    op.create_index(op.f('ix_user_session_user_id'), 'user_session', ['user_id'], unique=False)
    op.create_table('action_item',
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.Column('source_detail', sa.Text(), nullable=False),
    sa.Column('confirmed', sa.Boolean(), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=240), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('control', sa.String(length=16), nullable=True),
    sa.Column('strength', sa.String(length=16), nullable=True),
    sa.Column('owner', sa.String(length=240), nullable=False),
    sa.Column('team', sa.String(length=240), nullable=False),
    sa.Column('priority', sa.String(length=8), nullable=True),
    sa.Column('due', sa.Date(), nullable=True),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('status_reason', sa.Text(), nullable=False),
    sa.Column('approver', sa.String(length=240), nullable=False),
    sa.Column('done_criterion', sa.Text(), nullable=False),
    sa.Column('done_at', UtcDateTime(), nullable=True),
    sa.Column('tracker_url', sa.Text(), nullable=False),
    sa.Column('verified', sa.String(length=16), nullable=False),
    sa.Column('verified_on', sa.Date(), nullable=True),
    sa.Column('verified_evidence', sa.Text(), nullable=False),
    sa.Column('guardrail_family', sa.String(length=240), nullable=False),
    sa.CheckConstraint("control IN ('prevent', 'detect', 'mitigate', 'recover', 'process', 'investigate')", name=op.f('ck_action_item_control_known')),
    sa.CheckConstraint("kind IN ('commitment', 'idea')", name=op.f('ck_action_item_kind_known')),
    sa.CheckConstraint("priority IN ('p0', 'p1', 'p2', 'p3')", name=op.f('ck_action_item_priority_known')),
    sa.CheckConstraint("status IN ('open', 'in_progress', 'blocked', 'done', 'wont_do', 'superseded')", name=op.f('ck_action_item_status_known')),
    sa.CheckConstraint("strength IN ('eliminate', 'automate', 'warn', 'document_train')", name=op.f('ck_action_item_strength_known')),
    sa.CheckConstraint("verified IN ('pending', 'effective', 'ineffective')", name=op.f('ck_action_item_verified_known')),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_action_item_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_action_item'))
    )
    op.create_index(op.f('ix_action_item_postmortem_id'), 'action_item', ['postmortem_id'], unique=False)
    op.create_index(op.f('ix_action_item_status'), 'action_item', ['status'], unique=False)
    op.create_table('ai_influence',
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.Column('source_detail', sa.Text(), nullable=False),
    sa.Column('confirmed', sa.Boolean(), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('surface', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('part', sa.String(length=32), nullable=True),
    sa.Column('effect', sa.String(length=32), nullable=True),
    sa.Column('autonomy', sa.String(length=32), nullable=True),
    sa.Column('tool', sa.String(length=240), nullable=False),
    sa.Column('model', sa.String(length=240), nullable=False),
    sa.Column('session_ref', sa.Text(), nullable=False),
    sa.Column('session_sha256', sa.String(length=240), nullable=False),
    sa.Column('extent', sa.Text(), nullable=False),
    sa.Column('change_ref', sa.Text(), nullable=False),
    sa.Column('reviewed', sa.String(length=16), nullable=True),
    sa.Column('review_kind', sa.Text(), nullable=False),
    sa.Column('reviewer_role', sa.String(length=240), nullable=False),
    sa.Column('guardrail_expected', sa.Text(), nullable=False),
    sa.Column('guardrail_fired', sa.String(length=16), nullable=True),
    sa.Column('conditions', Json, nullable=False),
    sa.Column('conditions_note', sa.Text(), nullable=False),
    sa.Column('counterfactual', sa.Text(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.CheckConstraint("autonomy IN ('suggested', 'drafted', 'acted_with_approval', 'acted_unattended', 'unknown')", name=op.f('ck_ai_influence_autonomy_known')),
    sa.CheckConstraint("effect IN ('contributed', 'failed_to_catch', 'present_no_effect', 'helped', 'unclear')", name=op.f('ck_ai_influence_effect_known')),
    sa.CheckConstraint("guardrail_fired IN ('yes', 'no', 'unknown')", name=op.f('ck_ai_influence_guardrail_fired_known')),
    sa.CheckConstraint("part IN ('author', 'co_author', 'reviewer', 'adviser', 'agent_operator', 'committer_only', 'unclear')", name=op.f('ck_ai_influence_part_known')),
    sa.CheckConstraint("reviewed IN ('yes', 'no', 'unknown')", name=op.f('ck_ai_influence_reviewed_known')),
    sa.CheckConstraint("state IN ('unknown', 'attested_none', 'suspected', 'reported', 'evidenced', 'ruled_out')", name=op.f('ck_ai_influence_state_known')),
    sa.CheckConstraint("surface IN ('design', 'code', 'config', 'infra_as_code', 'test', 'review', 'runbook_or_docs', 'alerting', 'incident_response', 'runtime_agent')", name=op.f('ck_ai_influence_surface_known')),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_ai_influence_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ai_influence'))
    )
    op.create_index(op.f('ix_ai_influence_postmortem_id'), 'ai_influence', ['postmortem_id'], unique=False)
    op.create_index(op.f('ix_ai_influence_state'), 'ai_influence', ['state'], unique=False)
    op.create_index(op.f('ix_ai_influence_surface'), 'ai_influence', ['surface'], unique=False)
    op.create_table('comment',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.Column('anchor', sa.String(length=240), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('author_id', sa.String(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('resolved_at', UtcDateTime(), nullable=True),
    sa.Column('resolved_by', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['author_id'], ['user_account.id'], name=op.f('fk_comment_author_id_user_account')),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_comment_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['resolved_by'], ['user_account.id'], name=op.f('fk_comment_resolved_by_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_comment'))
    )
    op.create_index(op.f('ix_comment_postmortem_id'), 'comment', ['postmortem_id'], unique=False)
    op.create_table('contributing_factor',
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.Column('source_detail', sa.Text(), nullable=False),
    sa.Column('confirmed', sa.Boolean(), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('statement', sa.String(length=240), nullable=False),
    sa.Column('factor_class', sa.String(length=240), nullable=False),
    sa.Column('role', sa.String(length=32), nullable=True),
    sa.Column('layer', sa.String(length=32), nullable=True),
    sa.Column('confidence', sa.String(length=32), nullable=True),
    sa.Column('known_before', sa.String(length=16), nullable=True),
    sa.Column('backlog_url', sa.Text(), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.CheckConstraint("confidence IN ('confirmed', 'likely', 'hypothesis', 'disputed')", name=op.f('ck_contributing_factor_confidence_known')),
    sa.CheckConstraint("known_before IN ('yes', 'no', 'unknown')", name=op.f('ck_contributing_factor_known_before_known')),
    sa.CheckConstraint("layer IN ('code', 'config', 'infra', 'data', 'dependency', 'process', 'knowledge', 'tooling', 'org_pressure')", name=op.f('ck_contributing_factor_layer_known')),
    sa.CheckConstraint("role IN ('enabled', 'triggered', 'amplified', 'delayed_detection', 'delayed_recovery', 'hid')", name=op.f('ck_contributing_factor_role_known')),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_contributing_factor_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contributing_factor'))
    )
    op.create_index(op.f('ix_contributing_factor_factor_class'), 'contributing_factor', ['factor_class'], unique=False)
    op.create_index(op.f('ix_contributing_factor_postmortem_id'), 'contributing_factor', ['postmortem_id'], unique=False)
    op.create_table('drill',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('service_id', sa.String(), nullable=True),
    sa.Column('planned_at', UtcDateTime(), nullable=True),
    sa.Column('scenario', sa.Text(), nullable=False),
    sa.Column('started_at', UtcDateTime(), nullable=True),
    sa.Column('recovered_at', UtcDateTime(), nullable=True),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_drill_service_id_service')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drill'))
    )
    op.create_index(op.f('ix_drill_service_id'), 'drill', ['service_id'], unique=False)
    op.create_table('guardrail',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('family', sa.String(length=60), nullable=False),
    sa.Column('template', sa.String(length=120), nullable=False),
    sa.Column('title', sa.String(length=400), nullable=False),
    sa.Column('decision', sa.String(length=16), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('mode', sa.String(length=16), nullable=False),
    sa.Column('pattern_id', sa.String(), nullable=True),
    sa.Column('document', Json, nullable=False),
    sa.Column('suggestion', Json, nullable=False),
    sa.Column('history', Json, nullable=False),
    sa.Column('identity', sa.String(length=80), nullable=False),
    sa.Column('evidence_count', sa.Integer(), nullable=False),
    sa.Column('rejected_evidence_count', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('decided_by', sa.String(), nullable=True),
    sa.Column('decided_at', UtcDateTime(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('review_by', sa.Date(), nullable=True),
    sa.CheckConstraint("decision IN ('proposed', 'accepted', 'rejected')", name=op.f('ck_guardrail_decision_known')),
    sa.ForeignKeyConstraint(['decided_by'], ['user_account.id'], name=op.f('fk_guardrail_decided_by_user_account')),
    sa.ForeignKeyConstraint(['pattern_id'], ['pattern.id'], name=op.f('fk_guardrail_pattern_id_pattern')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_guardrail'))
    )
    op.create_index(op.f('ix_guardrail_decision'), 'guardrail', ['decision'], unique=False)
    op.create_index(op.f('ix_guardrail_family'), 'guardrail', ['family'], unique=False)
    op.create_index(op.f('ix_guardrail_pattern_id'), 'guardrail', ['pattern_id'], unique=False)
    op.create_table('impact_measure',
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.Column('source_detail', sa.Text(), nullable=False),
    sa.Column('confirmed', sa.Boolean(), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('value', sa.Float(), nullable=True),
    sa.Column('denominator', sa.Float(), nullable=True),
    sa.Column('unit', sa.String(length=240), nullable=False),
    sa.Column('estimate', sa.String(length=16), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.CheckConstraint("estimate IN ('measured', 'estimated', 'unknown')", name=op.f('ck_impact_measure_estimate_known')),
    sa.CheckConstraint("kind IN ('users_affected', 'pct_requests', 'accounts', 'regions', 'support_cases', 'revenue_amount', 'error_budget_pct', 'data_records')", name=op.f('ck_impact_measure_kind_known')),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_impact_measure_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_impact_measure'))
    )
    op.create_index(op.f('ix_impact_measure_postmortem_id'), 'impact_measure', ['postmortem_id'], unique=False)
    op.create_table('learning_note',
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.Column('source_detail', sa.Text(), nullable=False),
    sa.Column('confirmed', sa.Boolean(), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.CheckConstraint("kind IN ('went_well', 'went_poorly', 'got_lucky', 'surprise', 'made_sense', 'open_question')", name=op.f('ck_learning_note_kind_known')),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_learning_note_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_learning_note'))
    )
    op.create_index(op.f('ix_learning_note_postmortem_id'), 'learning_note', ['postmortem_id'], unique=False)
    op.create_table('participant',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.Column('role', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=240), nullable=False),
    sa.Column('user_id', sa.String(), nullable=True),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.CheckConstraint("role IN ('incident_commander', 'owner', 'author', 'facilitator', 'scribe', 'comms_lead', 'responder', 'reviewer', 'approver', 'member')", name=op.f('ck_participant_role_known')),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_participant_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_participant_user_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_participant'))
    )
    op.create_index(op.f('ix_participant_postmortem_id'), 'participant', ['postmortem_id'], unique=False)
    op.create_index(op.f('ix_participant_user_id'), 'participant', ['user_id'], unique=False)
    op.create_table('pattern_member',
    sa.Column('pattern_id', sa.String(), nullable=False),
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.Column('quote', sa.Text(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['pattern_id'], ['pattern.id'], name=op.f('fk_pattern_member_pattern_id_pattern'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_pattern_member_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('pattern_id', 'postmortem_id', name=op.f('pk_pattern_member'))
    )
    op.create_table('postmortem_service',
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=240), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_postmortem_service_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('postmortem_id', 'name', name=op.f('pk_postmortem_service'))
    )
    op.create_index(op.f('ix_postmortem_service_name'), 'postmortem_service', ['name'], unique=False)
    op.create_table('similar_postmortem',
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.Column('other_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('score', sa.Float(), nullable=False),
    sa.Column('why', Json, nullable=False),
    sa.ForeignKeyConstraint(['other_id'], ['postmortem.id'], name=op.f('fk_similar_postmortem_other_id_postmortem'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_similar_postmortem_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('postmortem_id', 'other_id', name=op.f('pk_similar_postmortem'))
    )
    op.create_table('postmortem_team',
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=240), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_postmortem_team_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('postmortem_id', 'name', name=op.f('pk_postmortem_team'))
    )
    op.create_table('related_postmortem',
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.Column('reference', sa.String(length=240), nullable=False),
    sa.Column('relation', sa.String(length=32), nullable=False),
    sa.Column('rationale', sa.Text(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.CheckConstraint("relation IN ('duplicate_of', 'recurrence_of', 'caused_by', 'similar_to')", name=op.f('ck_related_postmortem_relation_known')),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_related_postmortem_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('postmortem_id', 'reference', 'relation', name=op.f('pk_related_postmortem'))
    )
    op.create_index(op.f('ix_related_postmortem_reference'), 'related_postmortem', ['reference'], unique=False)
    op.create_table('revision',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('content', Json, nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('actor_id', sa.String(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("kind IN ('edit', 'submitted', 'approved', 'published', 'imported', 'conflict', 'progress')", name=op.f('ck_revision_kind_known')),
    sa.ForeignKeyConstraint(['actor_id'], ['user_account.id'], name=op.f('fk_revision_actor_id_user_account')),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_revision_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_revision')),
    sa.UniqueConstraint('postmortem_id', 'number', name=op.f('uq_revision_postmortem_id_number'))
    )
    op.create_index(op.f('ix_revision_postmortem_id'), 'revision', ['postmortem_id'], unique=False)
    op.create_table('section_version',
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.Column('section', sa.String(length=16), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('updated_by', sa.String(), nullable=True),
    sa.CheckConstraint("section IN ('header', 'times', 'timeline', 'impact', 'factors', 'ai', 'actions', 'learning', 'summary')", name=op.f('ck_section_version_section_known')),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_section_version_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['updated_by'], ['user_account.id'], name=op.f('fk_section_version_updated_by_user_account')),
    sa.PrimaryKeyConstraint('postmortem_id', 'section', name=op.f('pk_section_version'))
    )
    op.create_table('service_dependency',
    sa.Column('service_id', sa.String(), nullable=False),
    sa.Column('depends_on_id', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['depends_on_id'], ['service.id'], name=op.f('fk_service_dependency_depends_on_id_service'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_service_dependency_service_id_service'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('service_id', 'depends_on_id', name=op.f('pk_service_dependency'))
    )
    op.create_table('time_mark',
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.Column('milestone', sa.String(length=32), nullable=False),
    sa.Column('value', UtcDateTime(), nullable=True),
    sa.Column('precision', sa.String(length=16), nullable=False),
    sa.Column('entry_tz', sa.String(length=240), nullable=False),
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.Column('source_detail', sa.Text(), nullable=False),
    sa.Column('confirmed', sa.Boolean(), nullable=False),
    sa.Column('evidence_url', sa.Text(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.CheckConstraint("milestone IN ('fault_introduced_at', 'impact_started_at', 'detected_at', 'declared_at', 'acknowledged_at', 'diagnosed_at', 'mitigated_at', 'impact_ended_at', 'resolved_at', 'status_page_posted_at', 'review_held_at', 'cancelled_at')", name=op.f('ck_time_mark_milestone_known')),
    sa.CheckConstraint("precision IN ('exact', 'minute', 'approx', 'day', 'month', 'year', 'unknown')", name=op.f('ck_time_mark_precision_known')),
    sa.CheckConstraint("source IN ('typed', 'imported', 'suggested')", name=op.f('ck_time_mark_source_known')),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_time_mark_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('postmortem_id', 'milestone', name=op.f('pk_time_mark'))
    )
    op.create_table('timeline_entry',
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.Column('source_detail', sa.Text(), nullable=False),
    sa.Column('confirmed', sa.Boolean(), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=True),
    sa.Column('precision', sa.String(length=16), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('actor_role', sa.String(length=240), nullable=False),
    sa.Column('key', sa.Boolean(), nullable=False),
    sa.Column('evidence_url', sa.Text(), nullable=False),
    sa.CheckConstraint("kind IN ('event', 'detection', 'diagnosis', 'repair', 'key_moment', 'communication')", name=op.f('ck_timeline_entry_kind_known')),
    sa.CheckConstraint("precision IN ('exact', 'minute', 'approx', 'day', 'month', 'year', 'unknown')", name=op.f('ck_timeline_entry_precision_known')),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_timeline_entry_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_timeline_entry'))
    )
    op.create_index(op.f('ix_timeline_entry_postmortem_id'), 'timeline_entry', ['postmortem_id'], unique=False)
    op.create_table('wording_dismissal',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('rule', sa.String(length=60), nullable=False),
    sa.Column('sentence_key', sa.String(length=64), nullable=False),
    sa.Column('postmortem_id', sa.String(length=32), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_wording_dismissal_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_wording_dismissal'))
    )
    op.create_index(op.f('ix_wording_dismissal_postmortem_id'), 'wording_dismissal', ['postmortem_id'], unique=False)
    op.create_index(op.f('ix_wording_dismissal_rule'), 'wording_dismissal', ['rule'], unique=False)
    op.create_index(op.f('ix_wording_dismissal_sentence_key'), 'wording_dismissal', ['sentence_key'], unique=False)
    op.create_table('action_factor',
    sa.Column('action_id', sa.String(), nullable=False),
    sa.Column('factor_id', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['action_id'], ['action_item.id'], name=op.f('fk_action_factor_action_id_action_item'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['factor_id'], ['contributing_factor.id'], name=op.f('fk_action_factor_factor_id_contributing_factor'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('action_id', 'factor_id', name=op.f('pk_action_factor'))
    )
    op.create_table('ai_claim',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('influence_id', sa.String(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('party', sa.String(length=240), nullable=False),
    sa.Column('statement', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['influence_id'], ['ai_influence.id'], name=op.f('fk_ai_claim_influence_id_ai_influence'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ai_claim'))
    )
    op.create_index(op.f('ix_ai_claim_influence_id'), 'ai_claim', ['influence_id'], unique=False)
    op.create_table('ai_evidence',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('influence_id', sa.String(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('basis', sa.String(length=32), nullable=False),
    sa.Column('locator', sa.Text(), nullable=False),
    sa.Column('quote', sa.Text(), nullable=False),
    sa.Column('strength', sa.String(length=16), nullable=False),
    sa.CheckConstraint("basis IN ('self_report', 'commit_trailer', 'git_note', 'agent_trace', 'pr_label', 'log', 'other')", name=op.f('ck_ai_evidence_basis_known')),
    sa.CheckConstraint("strength IN ('strong', 'medium', 'weak')", name=op.f('ck_ai_evidence_strength_known')),
    sa.ForeignKeyConstraint(['influence_id'], ['ai_influence.id'], name=op.f('fk_ai_evidence_influence_id_ai_influence'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ai_evidence'))
    )
    op.create_index(op.f('ix_ai_evidence_influence_id'), 'ai_evidence', ['influence_id'], unique=False)
    op.create_table('factor_timeline',
    sa.Column('factor_id', sa.String(), nullable=False),
    sa.Column('timeline_id', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['factor_id'], ['contributing_factor.id'], name=op.f('fk_factor_timeline_factor_id_contributing_factor'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['timeline_id'], ['timeline_entry.id'], name=op.f('fk_factor_timeline_timeline_id_timeline_entry'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('factor_id', 'timeline_id', name=op.f('pk_factor_timeline'))
    )
    op.create_table('guardrail_evidence',
    sa.Column('guardrail_id', sa.String(), nullable=False),
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['guardrail_id'], ['guardrail.id'], name=op.f('fk_guardrail_evidence_guardrail_id_guardrail'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_guardrail_evidence_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('guardrail_id', 'postmortem_id', name=op.f('pk_guardrail_evidence'))
    )
    op.create_table('guardrail_outcome',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('guardrail_id', sa.String(), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.Column('repo', sa.String(length=400), nullable=False),
    sa.Column('ref', sa.String(length=400), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('mode', sa.String(length=16), nullable=False),
    sa.Column('overridden', sa.Boolean(), nullable=False),
    sa.Column('false_positive', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.CheckConstraint("state IN ('violation', 'pass', 'excepted', 'unknown', 'not_applicable')", name=op.f('ck_guardrail_outcome_state_known')),
    sa.ForeignKeyConstraint(['guardrail_id'], ['guardrail.id'], name=op.f('fk_guardrail_outcome_guardrail_id_guardrail'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_guardrail_outcome')),
    sa.UniqueConstraint('guardrail_id', 'repo', 'ref', name=op.f('uq_guardrail_outcome_guardrail_id_repo_ref'))
    )
    op.create_index(op.f('ix_guardrail_outcome_guardrail_id'), 'guardrail_outcome', ['guardrail_id'], unique=False)
    op.create_table('guardrail_revision',
    sa.Column('guardrail_id', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('action', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('document', Json, nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.Column('by_id', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_guardrail_revision_by_id_user_account')),
    sa.ForeignKeyConstraint(['guardrail_id'], ['guardrail.id'], name=op.f('fk_guardrail_revision_guardrail_id_guardrail'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('guardrail_id', 'version', name=op.f('pk_guardrail_revision'))
    )
