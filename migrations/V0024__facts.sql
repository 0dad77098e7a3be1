-- What is known of a person, as far as they said it: a fact for each value that a turn, a form, a tool or a page showed.
--
--   * Append only. Nothing is replaced: of a key the newest counts where it is read. "Forget my budget" is a row, too.
--   * A fact belongs to the session that learned it, and so to whoever owns that: merging and unmerging move nothing.
--   * Its value is sealed with its session's key, unless the pack marks its key as one that is searched for: that is
--     readable, like topics, until the person is erased. Which key it is of is readable always.
--   * It comes by the spool, behind its turn; the same words always give the same rows. When a month's words are put away
--     it is deleted: it is in no file, and what somebody said two years ago is nobody's profile. The wish to be sold
--     nothing stays.
--   * As with messages, no reference to session_rows: a start that is late must not keep it out.

CREATE TABLE facts (
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  session_id uuid NOT NULL,
  seq        int NOT NULL CHECK (seq >= 0),                -- the turn
  place      smallint NOT NULL CHECK (place BETWEEN 0 AND 99),  -- in the turn
  key        text NOT NULL CHECK (length(key) BETWEEN 1 AND 60),   -- of the pack, 'selling', or '*' for all others
  what       text NOT NULL CHECK (what IN ('holds', 'denied', 'forgotten')),
  value      text CHECK (length(value) BETWEEN 1 AND 200),
  value_ct   bytea CHECK (length(value_ct) <= 1000),
  confidence smallint NOT NULL CHECK (confidence BETWEEN 0 AND 100),  -- hundredths
  source     text NOT NULL CHECK (source IN ('said', 'form', 'tool', 'page', 'inferred')),
  learned_at timestamptz NOT NULL,
  expires_at timestamptz,                                  -- it does not count from then on
  PRIMARY KEY (session_id, seq, place, source, tenant_id),
  CHECK (num_nonnulls(value, value_ct) = CASE WHEN what = 'forgotten' THEN 0 ELSE 1 END)
);
SELECT isolate_tenant('facts');
CREATE INDEX facts_values ON facts (tenant_id, key, value) WHERE value IS NOT NULL;
-- In one order with an erasure: it is there before it and goes, or comes after it and is turned away.
CREATE TRIGGER a_lock BEFORE INSERT ON facts FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_erased BEFORE INSERT ON facts FOR EACH ROW EXECUTE FUNCTION drop_erased();
CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON facts FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Deletes of a month that is over, and whose words this tenant has in a file, what is in no file: recordings, what turns
-- say and what was learned in them. So many rows of each at most, so that nobody waits for a month of sound; how many it were, 0 at the end.
CREATE OR REPLACE FUNCTION delete_retired(name text, at_most int) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  month record;
  sounds bigint;
  turns bigint;
  known bigint;
BEGIN
  SELECT r.low, r.high INTO month FROM retired_partitions(0) r
    JOIN message_archives a ON a.partition = r.name AND a.tenant_id = current_tenant() WHERE r.name = delete_retired.name;
  IF NOT FOUND THEN RETURN 0; END IF;
  DELETE FROM recording_segments WHERE ctid = ANY (ARRAY(
    SELECT r.ctid FROM recording_segments r
     WHERE r.session_id >= month.low AND r.session_id < month.high AND r.tenant_id = current_tenant() LIMIT at_most));
  GET DIAGNOSTICS sounds = ROW_COUNT;
  DELETE FROM turn_insights WHERE ctid = ANY (ARRAY(
    SELECT i.ctid FROM turn_insights i
     WHERE i.session_id >= month.low AND i.session_id < month.high AND i.tenant_id = current_tenant() LIMIT at_most));
  GET DIAGNOSTICS turns = ROW_COUNT;
  DELETE FROM facts WHERE ctid = ANY (ARRAY(
    SELECT f.ctid FROM facts f
     WHERE f.session_id >= month.low AND f.session_id < month.high AND f.tenant_id = current_tenant() AND f.key <> 'selling' LIMIT at_most));
  GET DIAGNOSTICS known = ROW_COUNT;
  RETURN sounds + turns + known;
END $$;

-- What else says something of these people: overwritten where the row counts, deleted where not.
-- Messages and calls of tools stay as they are: they are sealed, and their keys are gone.
CREATE OR REPLACE FUNCTION erase_traces(tree uuid[], calls uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM room_locks l USING session_rows s WHERE s.session_id = ANY (calls) AND l.room = s.room_id;
  UPDATE session_rows s SET room_id = 'erased', participant_id = 'erased', caller_bidx = NULL, metrics = '{}' WHERE s.session_id = ANY (calls);
  DELETE FROM summary_tokens t WHERE t.session_id = ANY (calls);
  UPDATE callbacks c SET phone_ct = NULL, reason_ct = NULL, wanted_ct = NULL, note_ct = NULL,
         done_at = coalesce(c.done_at, now()), done_by = coalesce(c.done_by, 'erased')
   WHERE c.session_id = ANY (calls);
  DELETE FROM draft_asks d WHERE d.session_id = ANY (calls);
  DELETE FROM left_tasks l WHERE l.session_id = ANY (calls);
  DELETE FROM turn_insights i WHERE i.session_id = ANY (calls);
  DELETE FROM facts f WHERE f.session_id = ANY (calls);
  DELETE FROM recording_segments r WHERE r.session_id = ANY (calls);
  DELETE FROM lead_events e WHERE e.session_id = ANY (calls);
  DELETE FROM lead_scores l WHERE l.profile_id = ANY (tree);
  DELETE FROM lead_dues d WHERE d.profile_id = ANY (tree);
  UPDATE auth_attempts a SET challenge_id = NULL, address = NULL
   WHERE a.session_id = ANY (calls) OR a.challenge_id IN (SELECT c.challenge_id FROM auth_challenges c WHERE c.profile_id = ANY (tree));
  DELETE FROM auth_challenges c WHERE c.session_id = ANY (calls) OR c.profile_id = ANY (tree);
  UPDATE profile_merges m SET source_before = NULL, target_before = NULL, imported = '{}', reason = NULL, reverted_reason = NULL
   WHERE ARRAY[m.source_id, m.target_id, m.requested_source, m.requested_target] && tree;
END $$;

-- What each role may do with the tables.
CREATE OR REPLACE FUNCTION table_rights() RETURNS TABLE (role text, rights text, tab text) LANGUAGE sql IMMUTABLE AS $$
  SELECT w.role, w.rights, t.name FROM (VALUES
    -- What a worker records; it deletes only what runs out by itself.
    ('app_writer', 'SELECT, INSERT, UPDATE',
     'user_profiles, session_rows, summary_rows, conversation_summaries, workers, room_locks, summary_tokens, callbacks, auth_challenges, auth_attempts, outbox, left_tasks, profile_identifiers, erased_sessions, message_archives, lead_scores, lead_dues'),
    ('app_writer', 'SELECT, UPDATE', 'agent_sessions'),
    ('app_writer', 'SELECT, INSERT', 'conversation_messages, tool_calls, tool_call_outcomes, turn_insights, facts, lead_events, recording_segments, person_keys, session_keys, key_files, audit_log'),
    ('app_writer', 'UPDATE, DELETE', 'profile_drains'),
    ('app_writer', 'DELETE', 'room_locks, summary_tokens, workers, outbox, left_tasks, lead_scores, lead_dues'),
    ('app_writer', 'SELECT',
     'profile_merges, profile_drains, erased_identifiers, blocked_identifiers, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks, leads, hot_leads, stuck_leads, high_intent_leads'),
    ('app_reader', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, tool_calls, tool_call_outcomes, turn_insights, facts, recording_segments, person_keys, session_keys, key_files, audit_log, profile_merges, profile_drains, outbox, erased_sessions, message_archives, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks, lead_events, lead_scores, lead_dues, leads, hot_leads, stuck_leads, high_intent_leads'),
    ('supervisor', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, conversation_messages, tool_calls, tool_call_outcomes, turn_insights, facts, recording_segments, person_keys, session_keys, key_files, profile_merges, profile_drains, callbacks, erased_sessions, message_archives, draft_asks, lead_events, lead_scores, leads, hot_leads, stuck_leads, high_intent_leads'),
    ('supervisor', 'UPDATE', 'callbacks'),
    ('supervisor', 'SELECT, INSERT', 'audit_log'),
    ('auditor', 'SELECT', 'profile_merges, erased_sessions, erased_identifiers, message_archives, key_files'),
    ('auditor', 'SELECT, INSERT', 'audit_log'),
    -- Beside what a worker may: an administrator sweeps, summarises, archives and retries, too.
    ('identity_admin', 'INSERT, UPDATE', 'system_config, knowledge_packs, rag_documents, text_meanings, agent_instructions, blocked_identifiers'),
    ('identity_admin', 'UPDATE', 'person_keys'),
    ('identity_admin', 'INSERT, DELETE', 'draft_asks'),
    ('identity_admin', 'DELETE', 'blocked_identifiers, rag_documents, text_meanings')
  ) w(role, rights, tables), LATERAL regexp_split_to_table(w.tables, ', *') t(name)
$$;

SELECT grant_roles();
