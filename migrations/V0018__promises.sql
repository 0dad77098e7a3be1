-- Promises that a person gets back to a caller: not only calls back, but complaints and whatever a pack has tickets for.
--
--   * What was asked for (number, reason, time, and what a colleague notes when it is done) is sealed with the key of its
--     call. What it is, until when, and who of the company has it are readable: the list is made of them.
--   * A reference is made from the row's key, so that the caller could be told it before the row was here. It is unique in
--     its tenant; one that is taken gets a letter more.
--   * A worker of the version before writes rows without a reference and a day: they are found by their id.

ALTER TABLE callbacks
  ADD COLUMN kind      text NOT NULL DEFAULT 'callback',
  ADD COLUMN reference text,
  ADD COLUMN wanted_ct bytea,           -- the time that was asked for, as it was said
  ADD COLUMN urgent    boolean NOT NULL DEFAULT false,
  ADD COLUMN due_at    timestamptz,
  ADD COLUMN taken_at  timestamptz,
  ADD COLUMN taken_by  text,
  ADD COLUMN note_ct   bytea,
  ADD CHECK ((taken_at IS NULL) = (taken_by IS NULL));
CREATE UNIQUE INDEX callbacks_reference ON callbacks (tenant_id, reference);
-- In one order with an erasure: a promise is there before it and goes, or comes after it and is turned away.
CREATE TRIGGER a_lock BEFORE INSERT ON callbacks FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();

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
  UPDATE auth_attempts a SET challenge_id = NULL, address = NULL
   WHERE a.session_id = ANY (calls) OR a.challenge_id IN (SELECT c.challenge_id FROM auth_challenges c WHERE c.profile_id = ANY (tree));
  DELETE FROM auth_challenges c WHERE c.session_id = ANY (calls) OR c.profile_id = ANY (tree);
  UPDATE profile_merges m SET source_before = NULL, target_before = NULL, imported = '{}', reason = NULL, reverted_reason = NULL
   WHERE ARRAY[m.source_id, m.target_id, m.requested_source, m.requested_target] && tree;
END $$;

SELECT grant_roles();
