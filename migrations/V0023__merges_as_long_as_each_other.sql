-- A merge takes as long for ten sessions as for ten thousand, and draining holds up nobody.
--
--   * Up to 100 sessions were filed while the caller waited, at 40 microseconds each: a merge of 100
--     took 6.9 ms, one of 100,000 took 2. Now 5 are, which is what most callers have: filing those
--     in the background would cost more than it saves. Counting reads and writes nothing, so up to
--     100 are still counted before their numbers are carried on.
--   * A drain does not wait for the server's disk. What a crash takes back of it still waits to be
--     drained: the note and the rows are of one transaction.

CREATE OR REPLACE FUNCTION sessions_filed_at_once() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 5 $$;
CREATE FUNCTION sessions_counted_at_once() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 100 $$;

-- As before, counting more than it files.
CREATE OR REPLACE FUNCTION merge_profiles(anonymous uuid, authenticated uuid, actor text DEFAULT current_user::text,
  reason text DEFAULT NULL, force boolean DEFAULT false, in_session uuid DEFAULT NULL) RETURNS text LANGUAGE plpgsql
  SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  source user_profiles;
  target user_profiles;
  outcome text;
  merge bigint;
  family uuid[];
BEGIN
  PERFORM identity_lock(true);
  PERFORM 1 FROM user_profiles WHERE id IN (live_profile(anonymous), live_profile(authenticated)) ORDER BY id FOR UPDATE;
  SELECT * INTO source FROM user_profiles WHERE id = live_profile(anonymous);
  SELECT * INTO target FROM user_profiles WHERE id = live_profile(authenticated);
  outcome := judge_merge(source, target, force);
  IF outcome = 'merged' AND source.profile_type = 'anonymous' AND NOT force AND device_is_shared(source.anonymous_id, target.id) THEN
    outcome := 'refused_shared_device';
  END IF;
  merge := record_merge_attempt(outcome, anonymous, authenticated, source, target, actor, reason, in_session);
  IF outcome <> 'merged' THEN RETURN outcome; END IF;

  -- Whoever pointed at the source points at the target: look-ups stay one step.
  SELECT array_agg(id) INTO family FROM user_profiles WHERE id = source.id OR merged_into_profile_id = source.id;
  IF source.total_sessions <= sessions_counted_at_once() THEN PERFORM check_counts(source, family); END IF;
  UPDATE user_profiles SET merged_into_profile_id = target.id WHERE merged_into_profile_id = source.id;
  UPDATE user_profiles SET merged_into_profile_id = target.id, merged_at = clock_timestamp(), updated_at = now(),
         total_sessions = 0, total_messages = 0, version = version + 1
   WHERE id = source.id;
  UPDATE user_profiles SET total_sessions = total_sessions + source.total_sessions, total_messages = total_messages + source.total_messages,
         first_seen_at = least(first_seen_at, source.first_seen_at), last_seen_at = greatest(last_seen_at, source.last_seen_at),
         updated_at = now(), version = greatest(version, source.version) + 1
   WHERE id = target.id;
  UPDATE profile_identifiers SET profile_id = target.id WHERE profile_id = source.id;
  PERFORM refile(family, target.id, source.total_sessions);
  PERFORM import_traits(merge, source, target);
  UPDATE profile_merges SET sessions_moved = source.total_sessions, messages_moved = source.total_messages,
         target_first_seen_at = target.first_seen_at, target_last_seen_at = target.last_seen_at WHERE merge_id = merge;
  RETURN 'merged';
END $$;

-- As before, without waiting for the disk.
CREATE OR REPLACE FUNCTION drain_merges(at_most int, OUT refiled int, OUT pending bigint) LANGUAGE plpgsql AS $$
DECLARE
  home profile_drains;
  owner uuid;
  looked_at uuid[];
  moved int;
BEGIN
  refiled := 0;
  PERFORM set_config('synchronous_commit', 'off', true);
  -- Pointers stand still meanwhile; callers and their turns go on.
  PERFORM identity_lock(false);
  FOR home IN SELECT d.* FROM profile_drains d WHERE d.tenant_id = current_tenant()
               ORDER BY d.since LIMIT at_most FOR UPDATE SKIP LOCKED LOOP
    owner := live_profile(home.profile_id);
    -- A row that a writer holds is passed over and found by the look at the end: nobody waits here.
    SELECT array_agg(o.session_id) INTO looked_at FROM (
      SELECT r.session_id FROM session_rows r
       WHERE r.home_profile_id = home.profile_id AND r.session_id > coalesce(home.done_to, '00000000-0000-0000-0000-000000000000') AND r.profile_id <> owner
       ORDER BY r.session_id LIMIT at_most - refiled FOR NO KEY UPDATE SKIP LOCKED) o;
    UPDATE session_rows r SET profile_id = owner WHERE r.session_id = ANY (looked_at);
    GET DIAGNOSTICS moved = ROW_COUNT;
    refiled := refiled + moved;
    IF refiled >= at_most THEN
      UPDATE profile_drains d SET done_to = looked_at[moved] WHERE d.profile_id = home.profile_id;
    ELSIF EXISTS (SELECT FROM session_rows r WHERE r.home_profile_id = home.profile_id AND r.profile_id <> owner) THEN
      UPDATE profile_drains d SET done_to = NULL WHERE d.profile_id = home.profile_id;
    ELSE
      DELETE FROM profile_drains d WHERE d.profile_id = home.profile_id;
    END IF;
    EXIT WHEN refiled >= at_most;
  END LOOP;
  SELECT count(*) INTO pending FROM profile_drains d WHERE d.tenant_id = current_tenant();
END $$;

SELECT grant_roles();
