"""The first revision: every table of the first release."""

from migrations.first import case, identity, ledger, outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    identity.create_account()
    outbox.create_alarm()
    case.create_ask()
    case.create_case()
    case.create_case_watch()
    ledger.create_checkpoint()
    case.create_claim()
    identity.create_collection()
    case.create_control()
    outbox.create_delivery()
    identity.create_entitlement()
    ledger.create_entry()
    case.create_event()
    case.create_evidence()
    outbox.create_lane()
    outbox.create_limiter()
    identity.create_line()
    ledger.create_log()
    outbox.create_outbox()
    identity.create_person()
    case.create_program()
    case.create_refusal()
    ledger.create_signing_key()
    case.create_slack_user()
    identity.create_source_lease()
    ledger.create_tile()
    outbox.create_worker()
    ledger.create_leaf()
    ledger.create_payload()
    ledger.create_pending()


def downgrade() -> None:
    raise RuntimeError("There is nothing before the first revision; make a new database instead.")
