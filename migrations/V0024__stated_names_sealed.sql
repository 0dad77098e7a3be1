-- What a caller told of themselves is no more readable than the words they told it in.
--
--   * The name that a summary takes from a call was in conversation_summaries.extracted_info, and a
--     copy of it, stated_name, among the profile's traits, where a merge copied it again. It is
--     sealed with the session's key, beside that key: erasing the person deletes both. A profile's
--     name is the one stated last in its sessions; nothing has to be merged for that.
--   * Why a callback was asked for is sealed as its number is.
--   * SQL cannot seal what is there already: `teller migrate` does. The readable columns stay, so
--     that workers of the version before go on until they are replaced.

ALTER TABLE session_keys ADD COLUMN name_ct bytea;
ALTER TABLE callbacks ADD COLUMN reason_ct bytea;

-- Empty once everything is sealed: finding nothing costs nothing.
CREATE INDEX summary_rows_readable ON summary_rows (session_id) WHERE jsonb_typeof(extracted_info -> 'user_name') = 'string';

-- The name of a session's summary, or that it gives none. As the owner: a worker may add keys and
-- change none. Does nothing when the key was destroyed.
CREATE FUNCTION keep_stated_name(session uuid, sealed bytea) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE session_keys k SET name_ct = sealed WHERE k.session_id = session AND (k.name_ct IS NOT NULL OR sealed IS NOT NULL);
END $$;
REVOKE EXECUTE ON FUNCTION keep_stated_name(uuid, bytea) FROM PUBLIC;

-- As before, and: why a callback was asked for, sealed.
CREATE OR REPLACE FUNCTION erase_traces(tree uuid[], calls uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM room_locks l USING session_rows s WHERE s.session_id = ANY (calls) AND l.room = s.room_id;
  UPDATE session_rows s SET room_id = 'erased', participant_id = 'erased', caller_bidx = NULL, metrics = '{}' WHERE s.session_id = ANY (calls);
  DELETE FROM lead_event_rows e WHERE e.session_id = ANY (calls);
  DELETE FROM summary_tokens t WHERE t.session_id = ANY (calls);
  UPDATE callbacks c SET phone_ct = NULL, reason = NULL, reason_ct = NULL, done_at = coalesce(c.done_at, now()), done_by = coalesce(c.done_by, 'erased')
   WHERE c.session_id = ANY (calls);
  UPDATE auth_attempts a SET challenge_id = NULL, address = NULL
   WHERE a.session_id = ANY (calls) OR a.challenge_id IN (SELECT c.challenge_id FROM auth_challenges c WHERE c.profile_id = ANY (tree));
  DELETE FROM auth_challenges c WHERE c.session_id = ANY (calls) OR c.profile_id = ANY (tree);
  DELETE FROM unsealed v WHERE v.id = ANY (tree || calls) OR v.id IN (SELECT c.callback_id FROM callbacks c WHERE c.session_id = ANY (calls));
  UPDATE profile_merges m SET source_before = NULL, target_before = NULL, imported = '{}', reason = NULL, reverted_reason = NULL
   WHERE ARRAY[m.source_id, m.target_id, m.requested_source, m.requested_target] && tree;
  -- Messages of before there were keys. Those with a hash are sealed and stay as they are.
  PERFORM set_config('app.erasing', 'on', true);
  UPDATE conversation_messages m SET content = NULL, content_ct = NULL, meta = '{}' WHERE m.session_id = ANY (calls) AND m.row_hash IS NULL;
  PERFORM set_config('app.erasing', '', true);
END $$;

SELECT grant_roles();
