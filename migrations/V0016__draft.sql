-- What callers asked and nobody wrote down, adopted by supervisors for the pack: lines of a draft, until somebody puts
-- them into the pack's folder.
--
--   * A table and not files: workers share one draft, each may have the pack's folder read-only or a copy of its own.
--   * A line is a caller's words until it is in the pack: sealed with the key of its call, and gone with the person.
--     What it is found by is an index, so that the same line twice is one.
--   * Workers read it. Lines are added and taken out by administrators alone.

CREATE TABLE draft_asks (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id     int NOT NULL DEFAULT current_tenant(),
  pack          text NOT NULL,
  document      text NOT NULL,     -- its source within the pack
  session_id    uuid NOT NULL REFERENCES session_rows,
  phrasing_ct   bytea NOT NULL,
  phrasing_bidx bytea NOT NULL CHECK (length(phrasing_bidx) = 32),
  adopted_by    text NOT NULL,
  adopted_at    timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, pack, document, phrasing_bidx)
);
SELECT isolate_tenant('draft_asks');
CREATE INDEX draft_asks_session ON draft_asks (session_id);
-- In one order with an erasure: a line is there before it and goes, or comes after it and is turned away.
CREATE TRIGGER a_lock BEFORE INSERT ON draft_asks FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_erased BEFORE INSERT ON draft_asks FOR EACH ROW EXECUTE FUNCTION drop_erased();

-- What else says something of these people: overwritten where the row counts, deleted where not.
-- Messages and calls of tools stay as they are: they are sealed, and their keys are gone.
CREATE OR REPLACE FUNCTION erase_traces(tree uuid[], calls uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM room_locks l USING session_rows s WHERE s.session_id = ANY (calls) AND l.room = s.room_id;
  UPDATE session_rows s SET room_id = 'erased', participant_id = 'erased', caller_bidx = NULL, metrics = '{}' WHERE s.session_id = ANY (calls);
  DELETE FROM summary_tokens t WHERE t.session_id = ANY (calls);
  UPDATE callbacks c SET phone_ct = NULL, reason_ct = NULL, done_at = coalesce(c.done_at, now()), done_by = coalesce(c.done_by, 'erased')
   WHERE c.session_id = ANY (calls);
  DELETE FROM draft_asks d WHERE d.session_id = ANY (calls);
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
     'user_profiles, session_rows, summary_rows, conversation_summaries, workers, room_locks, summary_tokens, callbacks, auth_challenges, auth_attempts, outbox, profile_identifiers, erased_sessions, message_archives'),
    ('app_writer', 'SELECT, UPDATE', 'agent_sessions'),
    ('app_writer', 'SELECT, INSERT', 'conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, audit_log'),
    ('app_writer', 'UPDATE, DELETE', 'profile_drains'),
    ('app_writer', 'DELETE', 'room_locks, summary_tokens, workers, outbox'),
    ('app_writer', 'SELECT',
     'profile_merges, profile_drains, erased_identifiers, blocked_identifiers, knowledge_packs, rag_documents, agent_instructions, system_config, counter_drift, session_drift, draft_asks'),
    ('app_reader', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, audit_log, profile_merges, profile_drains, outbox, erased_sessions, message_archives, knowledge_packs, rag_documents, agent_instructions, system_config, counter_drift, session_drift, draft_asks'),
    ('supervisor', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, profile_merges, profile_drains, callbacks, erased_sessions, message_archives, draft_asks'),
    ('supervisor', 'UPDATE', 'callbacks'),
    ('supervisor', 'SELECT, INSERT', 'audit_log'),
    ('auditor', 'SELECT', 'profile_merges, erased_sessions, erased_identifiers, message_archives, key_files'),
    ('auditor', 'SELECT, INSERT', 'audit_log'),
    -- Beside what a worker may: an administrator sweeps, summarises, archives and retries, too.
    ('identity_admin', 'INSERT, UPDATE', 'system_config, knowledge_packs, rag_documents, agent_instructions, blocked_identifiers'),
    ('identity_admin', 'UPDATE', 'person_keys'),
    ('identity_admin', 'INSERT, DELETE', 'draft_asks'),
    ('identity_admin', 'DELETE', 'blocked_identifiers, rag_documents')
  ) w(role, rights, tables), LATERAL regexp_split_to_table(w.tables, ', *') t(name)
$$;

SELECT grant_roles();
