-- What the texts of a pack's documents mean, found out once when the pack is imported: a worker that begins reads it
-- and need not spend half a minute of its own.
--
--   * By the hash of the text, which stands in the documents already; a text that changed is another one.
--   * By the model that found it out: vectors of two models say nothing to each other. A pack has those of one, the one
--     of the last import; a worker with another finds out by itself.
--   * Of the pack alone, nothing of a person.

CREATE TABLE text_meanings (
  tenant_id         int NOT NULL DEFAULT current_tenant(),
  knowledge_pack_id int NOT NULL REFERENCES knowledge_packs ON DELETE CASCADE,
  model             text NOT NULL,
  sha256            bytea NOT NULL CHECK (length(sha256) = 32),   -- of the text
  numbers           bytea NOT NULL,     -- 32 bits each, IEEE 754, little-endian
  PRIMARY KEY (knowledge_pack_id, model, sha256)
);
SELECT isolate_tenant('text_meanings');
-- Numbers do not compress; each row is read whole.
ALTER TABLE text_meanings ALTER COLUMN numbers SET STORAGE EXTERNAL;

-- Adds meanings to a pack, which is made if it was never imported: a worker that sees the import finds them there.
CREATE FUNCTION add_meanings(pack_name text, of_model text, hashes bytea[], vectors bytea[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  pack int;
BEGIN
  INSERT INTO knowledge_packs (name) VALUES (pack_name)
  ON CONFLICT (tenant_id, name) DO UPDATE SET name = excluded.name RETURNING id INTO pack;  -- also locks the pack
  INSERT INTO text_meanings (knowledge_pack_id, model, sha256, numbers)
  SELECT pack, of_model, m.hash, m.vector FROM unnest(hashes, vectors) m(hash, vector)
  ON CONFLICT DO NOTHING;
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
     'profile_merges, profile_drains, erased_identifiers, blocked_identifiers, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks'),
    ('app_reader', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, audit_log, profile_merges, profile_drains, outbox, erased_sessions, message_archives, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks'),
    ('supervisor', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, profile_merges, profile_drains, callbacks, erased_sessions, message_archives, draft_asks'),
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
