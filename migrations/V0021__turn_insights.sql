-- What a turn of a caller says of them: how they feel, how urgent it is, what they want, how patient they still are.
--
--   * One row for each turn and each way of reading it; written once. Of several the one made last counts: a reader takes
--     it, nothing is replaced.
--   * It comes by the spool, behind its turn. What a killed worker did not write, whoever sums the call up adds; the same
--     words always give the same row, so that whichever came first is right.
--   * Names of our own and of the pack alone, no word of a caller's: readable, and outside the hash chain of messages. It
--     belongs to whoever owns its call, and goes when they are erased.
--   * As with messages, no reference to session_rows: a start that is late must not keep it out.

CREATE TABLE turn_insights (
  tenant_id       int NOT NULL DEFAULT current_tenant(),
  session_id      uuid NOT NULL,
  seq             int NOT NULL CHECK (seq >= 0),
  source          text NOT NULL CHECK (source IN ('rules', 'model')),
  version         int NOT NULL CHECK (version > 0),       -- of the rules, or of what the model was told
  emotion         text NOT NULL CHECK (emotion IN ('frustrated', 'excited', 'confused', 'angry', 'neutral', 'happy', 'satisfied', 'worried')),
  urgency         text NOT NULL CHECK (urgency IN ('critical', 'high', 'medium', 'low')),
  intent_category text NOT NULL CHECK (intent_category IN ('information_seeking', 'problem_solving', 'purchase_intent', 'support_request',
                                                           'complaint', 'comparison', 'exploration', 'cancellation')),
  sentiment       smallint NOT NULL CHECK (sentiment BETWEEN -100 AND 100),  -- hundredths
  frustration     smallint NOT NULL CHECK (frustration BETWEEN 0 AND 10),
  causes          text[] NOT NULL,                        -- of the frustration, the most recent first
  confidence      smallint NOT NULL CHECK (confidence BETWEEN 0 AND 100),    -- hundredths
  topics          text[] NOT NULL,
  pain_points     text[] NOT NULL,
  opportunities   text[] NOT NULL,
  objections      text[] NOT NULL,
  actions         text[] NOT NULL,                        -- what would be best, best first
  style           text CHECK (style IN ('concise', 'detailed', 'formal', 'casual')),
  level           text CHECK (level IN ('beginner', 'expert')),
  made_at         timestamptz NOT NULL,
  PRIMARY KEY (session_id, seq, source, version, tenant_id)
);
SELECT isolate_tenant('turn_insights');
-- In one order with an erasure: it is there before it and goes, or comes after it and is turned away.
CREATE TRIGGER a_lock BEFORE INSERT ON turn_insights FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_erased BEFORE INSERT ON turn_insights FOR EACH ROW EXECUTE FUNCTION drop_erased();
CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON turn_insights FOR EACH STATEMENT EXECUTE FUNCTION append_only();

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
     'user_profiles, session_rows, summary_rows, conversation_summaries, workers, room_locks, summary_tokens, callbacks, auth_challenges, auth_attempts, outbox, left_tasks, profile_identifiers, erased_sessions, message_archives'),
    ('app_writer', 'SELECT, UPDATE', 'agent_sessions'),
    ('app_writer', 'SELECT, INSERT', 'conversation_messages, tool_calls, tool_call_outcomes, turn_insights, person_keys, session_keys, key_files, audit_log'),
    ('app_writer', 'UPDATE, DELETE', 'profile_drains'),
    ('app_writer', 'DELETE', 'room_locks, summary_tokens, workers, outbox, left_tasks'),
    ('app_writer', 'SELECT',
     'profile_merges, profile_drains, erased_identifiers, blocked_identifiers, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks'),
    ('app_reader', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, tool_calls, tool_call_outcomes, turn_insights, person_keys, session_keys, key_files, audit_log, profile_merges, profile_drains, outbox, erased_sessions, message_archives, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks'),
    ('supervisor', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, conversation_messages, tool_calls, tool_call_outcomes, turn_insights, person_keys, session_keys, key_files, profile_merges, profile_drains, callbacks, erased_sessions, message_archives, draft_asks'),
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
