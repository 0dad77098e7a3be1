//! The proofs find what they are for: each safeguard is taken away, and they must fail.

use crate::{interleavings::run, seed, sequences::FILED_AT_ONCE};

/// Trials within which a proof has to notice. The slowest needed a few dozen.
const TRIALS: u64 = 400;

async fn is_noticed(what: &str, sabotage: &str) {
    let seed = seed();
    let outcome = run(seed, TRIALS, &format!("{FILED_AT_ONCE}; {sabotage}")).await;
    assert!(
        outcome.is_err(),
        "{TRIALS} trials {what} and nobody noticed, seed {seed}"
    );
}

/// A function of the schema with some of its text replaced.
fn edited(function: &str, from: &str, to: &str) -> String {
    format!(
        "DO $edit$ DECLARE source text; BEGIN
           SELECT pg_get_functiondef(oid) INTO source FROM pg_proc WHERE proname = '{function}' AND pronamespace = 'public'::regnamespace;
           IF strpos(source, '{from}') = 0 THEN RAISE EXCEPTION 'nothing to take away'; END IF;
           EXECUTE replace(source, '{from}', '{to}');
         END $edit$"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_identity_lock_the_proofs_fail() {
    is_noticed("without the lock", "CREATE OR REPLACE FUNCTION identity_lock(exclusive boolean) RETURNS void LANGUAGE sql AS $$ SELECT $$").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_path_compression_the_proofs_fail() {
    let line = "UPDATE user_profiles SET merged_into_profile_id = target.id WHERE merged_into_profile_id = source.id;";
    is_noticed(
        "without path compression",
        &edited("merge_profiles", line, ""),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_counters_by_row_trigger_the_proofs_fail() {
    is_noticed(
        "with a row trigger",
        "DROP TRIGGER c_count ON conversation_messages;
         CREATE FUNCTION count_a_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           UPDATE agent_sessions SET message_count = message_count + 1, last_seq = greatest(last_seq, NEW.seq) WHERE session_id = NEW.session_id;
           UPDATE user_profiles SET total_messages = total_messages + 1 WHERE id = (SELECT profile_id FROM agent_sessions WHERE session_id = NEW.session_id);
           RETURN NULL; END $$;
         CREATE TRIGGER c_count AFTER INSERT ON conversation_messages FOR EACH ROW EXECUTE FUNCTION count_a_row()",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_marks_for_merges_the_proofs_fail() {
    is_noticed(
        "without marks for merges",
        "DROP TRIGGER e_due ON user_profiles",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_scores_stored_for_any_mark_the_proofs_fail() {
    is_noticed(
        "with scores for any mark",
        &edited("store_lead_scores", " AND d.mark = m.mark", ""),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_list_of_homes_to_drain_the_proofs_fail() {
    let line = "INSERT INTO profile_drains (profile_id) SELECT unnest(homes) ON CONFLICT (profile_id) DO UPDATE SET done_to = NULL;";
    is_noticed(
        "without the list of homes",
        &edited("refile", line, "NULL;"),
    )
    .await;
}
