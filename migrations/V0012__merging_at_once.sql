-- Merging without waiting: a merge changes who owns sessions by one pointer, however many there
-- are, and every reader sees it from that moment.
--
--   * Each session keeps its home: the profile that was live when it began. Its owner is the
--     live profile of its home. Merging and unmerging change pointers and numbers; nothing has
--     to be moved for them to be true, and an unmerge gives back exactly what a merge took.
--   * agent_sessions, conversation_summaries and lead_events are views that say the owner. The
--     rows are in session_rows, summary_rows and lead_event_rows. The views take INSERT, UPDATE,
--     DELETE and row locks as the tables did; summaries and lead events follow their session,
--     as messages do.
--   * session_rows.profile_id is a copy of the owner, for the index that finds a profile's
--     sessions. At most 100 sessions are brought up to date in the merge; beyond that their homes
--     are written down in profile_drains, and drain_merges does it in the background. Whoever
--     looks by profile asks sessions_of, which knows both.

ALTER TABLE agent_sessions RENAME TO session_rows;
ALTER TABLE conversation_summaries RENAME TO summary_rows;
ALTER TABLE lead_events RENAME TO lead_event_rows;

-- What was moved until now tells where sessions are at home: with the source of the first
-- merge, of those that stand, that moved them.
ALTER TABLE session_rows ADD COLUMN home_profile_id uuid REFERENCES user_profiles;
ALTER TABLE session_rows NO FORCE ROW LEVEL SECURITY;
ALTER TABLE profile_merges NO FORCE ROW LEVEL SECURITY;
ALTER TABLE profile_merge_moves NO FORCE ROW LEVEL SECURITY;
-- When the target had been seen before the merge. Apart from the images, which go when the
-- other profile is erased: unmerging a third needs the times of the one that lives on.
ALTER TABLE profile_merges ADD COLUMN target_first_seen_at timestamptz, ADD COLUMN target_last_seen_at timestamptz;
UPDATE profile_merges SET target_first_seen_at = (target_before ->> 'first_seen_at')::timestamptz,
       target_last_seen_at = (target_before ->> 'last_seen_at')::timestamptz WHERE outcome = 'merged';
UPDATE session_rows s SET home_profile_id = coalesce((
  SELECT m.source_id FROM profile_merge_moves v JOIN profile_merges m USING (merge_id)
   WHERE v.session_id = s.session_id AND v.returned_at IS NULL AND m.reverted_at IS NULL
   ORDER BY m.merge_id LIMIT 1), s.profile_id);
ALTER TABLE session_rows FORCE ROW LEVEL SECURITY;
ALTER TABLE profile_merges FORCE ROW LEVEL SECURITY;
ALTER TABLE session_rows ALTER COLUMN home_profile_id SET NOT NULL;
CREATE INDEX session_rows_home ON session_rows (home_profile_id, session_id);
DROP FUNCTION return_sessions(profile_merges, uuid);
DROP TABLE profile_merge_moves;

-- Homes some of whose sessions still carry an older owner. Written under the exclusive identity
-- lock; drain_merges empties it.
CREATE TABLE profile_drains (
  profile_id uuid PRIMARY KEY REFERENCES user_profiles,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  since      timestamptz NOT NULL DEFAULT clock_timestamp(),
  done_to    uuid                      -- sessions up to this one were looked at
);
ALTER TABLE profile_drains ENABLE ROW LEVEL SECURITY;
ALTER TABLE profile_drains FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON profile_drains USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- A view of a table of which one column is worked out instead of read. A later migration that
-- adds a column to the table calls this again.
CREATE FUNCTION make_owner_view(name text, rows_in text, owner text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  listed text;
  c record;
BEGIN
  SELECT string_agg(CASE a.attname WHEN 'profile_id' THEN format('(%s) AS profile_id', owner) ELSE format('r.%I', a.attname) END, ', ' ORDER BY a.attnum)
    INTO listed FROM pg_attribute a WHERE a.attrelid = rows_in::regclass AND a.attnum > 0 AND NOT a.attisdropped;
  IF strpos(listed, ' AS profile_id') = 0 THEN listed := format('%s, (%s) AS profile_id', listed, owner); END IF;
  EXECUTE format('CREATE OR REPLACE VIEW %I WITH (security_invoker = true) AS SELECT %s FROM %I r', name, listed, rows_in);
  FOR c IN SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) AS value FROM pg_attribute a JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = rows_in::regclass AND NOT a.attisdropped LOOP
    EXECUTE format('ALTER VIEW %I ALTER COLUMN %I SET DEFAULT %s', name, c.attname, c.value);
  END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION make_owner_view(text, text, text) FROM PUBLIC;

DROP TRIGGER b_resolve ON summary_rows;
DROP TRIGGER b_resolve ON lead_event_rows;
DROP FUNCTION profile_of_session();
ALTER TABLE summary_rows DROP COLUMN profile_id;
ALTER TABLE lead_event_rows DROP COLUMN profile_id;
SELECT make_owner_view('agent_sessions', 'session_rows',
  'SELECT coalesce(u.merged_into_profile_id, u.id) FROM user_profiles u WHERE u.id = r.home_profile_id');
SELECT make_owner_view(name, rows_in, 'SELECT coalesce(u.merged_into_profile_id, u.id) FROM session_rows s JOIN user_profiles u ON u.id = s.home_profile_id WHERE s.session_id = r.session_id')
  FROM (VALUES ('conversation_summaries', 'summary_rows'), ('lead_events', 'lead_event_rows')) v(name, rows_in);

CREATE FUNCTION session_of_this_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM session_rows s WHERE s.session_id = NEW.session_id AND s.tenant_id = NEW.tenant_id) THEN
    RAISE EXCEPTION 'session % does not exist', NEW.session_id USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER b_tenant BEFORE INSERT ON summary_rows FOR EACH ROW EXECUTE FUNCTION session_of_this_tenant();
CREATE TRIGGER b_tenant BEFORE INSERT ON lead_event_rows FOR EACH ROW EXECUTE FUNCTION session_of_this_tenant();

-- INSERT ... ON CONFLICT is for session_rows; a plain INSERT may name the view.
CREATE FUNCTION insert_session() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO session_rows VALUES (NEW.*) RETURNING * INTO NEW; RETURN NEW; END $$;
CREATE TRIGGER insert_session INSTEAD OF INSERT ON agent_sessions FOR EACH ROW EXECUTE FUNCTION insert_session();

CREATE FUNCTION resolve_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.origin_profile_id := coalesce(NEW.origin_profile_id, NEW.profile_id);
  NEW.home_profile_id := live_profile(NEW.profile_id);
  NEW.profile_id := NEW.home_profile_id;
  IF NEW.profile_id IS NULL THEN
    RAISE EXCEPTION 'profile % does not exist', NEW.origin_profile_id USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER b_resolve ON session_rows;
CREATE TRIGGER b_resolve BEFORE INSERT ON session_rows FOR EACH ROW EXECUTE FUNCTION resolve_session();

-- The copy of the owner can only be corrected; where a session began and is at home never changes.
CREATE OR REPLACE FUNCTION session_owner_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.origin_profile_id <> OLD.origin_profile_id OR NEW.home_profile_id <> OLD.home_profile_id
     OR (NEW.profile_id <> OLD.profile_id AND NEW.profile_id <> live_profile(OLD.home_profile_id)) THEN
    RAISE EXCEPTION 'a session changes its profile by merge_profiles or unmerge_profile only'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER owner_is_fixed ON session_rows;
CREATE TRIGGER owner_is_fixed BEFORE UPDATE OF profile_id, origin_profile_id, home_profile_id ON session_rows
  FOR EACH ROW EXECUTE FUNCTION session_owner_is_fixed();

-- Sessions of the live profile of this one, by index: a condition on the view's profile_id would
-- read every session.
CREATE FUNCTION sessions_of(profile uuid) RETURNS SETOF agent_sessions LANGUAGE sql STABLE AS $$
  SELECT s.* FROM agent_sessions s
   WHERE s.session_id IN (
           SELECT r.session_id FROM session_rows r WHERE r.profile_id = live_profile(profile)
           UNION SELECT r.session_id FROM profile_drains d JOIN user_profiles h ON h.id = d.profile_id
                                                           JOIN session_rows r ON r.home_profile_id = d.profile_id
                  WHERE live_profile(profile) IN (h.id, h.merged_into_profile_id))
     AND s.profile_id = live_profile(profile)
$$;

-- Brings the copies of the owner up to date, for at most this many sessions; several may run at
-- once. 'refiled': sessions corrected; 'pending': homes that still wait.
CREATE FUNCTION drain_merges(at_most int, OUT refiled int, OUT pending bigint) LANGUAGE plpgsql AS $$
DECLARE
  home profile_drains;
  owner uuid;
  looked_at uuid[];
  moved int;
BEGIN
  refiled := 0;
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

-- A caller waits for no more than this: 100 take about 2 ms.
CREATE FUNCTION sessions_filed_at_once() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 100 $$;

-- After these homes got another owner: their sessions now if they are few, else in the background.
CREATE FUNCTION refile(homes uuid[], owner uuid, sessions int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF sessions <= sessions_filed_at_once() THEN
    PERFORM 1 FROM session_rows WHERE home_profile_id = ANY (homes) ORDER BY session_id FOR NO KEY UPDATE;
    UPDATE session_rows SET profile_id = owner WHERE home_profile_id = ANY (homes) AND profile_id <> owner;
    DELETE FROM profile_drains WHERE profile_id = ANY (homes);
  ELSE
    INSERT INTO profile_drains (profile_id) SELECT unnest(homes) ON CONFLICT (profile_id) DO UPDATE SET done_to = NULL;
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION refile(uuid[], uuid, int) FROM PUBLIC;

-- True if within 30 days five other customers proved themselves on this device: it is a kiosk or
-- a family's telephone, and says nothing about who is calling.
CREATE FUNCTION device_is_shared(device text, besides uuid DEFAULT NULL) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT count(DISTINCT c.id) >= 5 FROM user_profiles u JOIN user_profiles c ON c.id = u.merged_into_profile_id
   WHERE u.tenant_id = current_tenant() AND u.anonymous_id = device AND u.merged_into_profile_id IS NOT NULL
     AND u.merged_at > now() - interval '30 days' AND c.profile_type = 'authenticated' AND c.id IS DISTINCT FROM besides
$$;

-- merge_profiles(anonymous, authenticated): 'merged', 'already_merged', 'not_found' or 'refused_...'.
-- What it does depends on how many profiles were merged into the source, never on its sessions.
CREATE OR REPLACE FUNCTION merge_profiles(anonymous uuid, authenticated uuid, actor text DEFAULT current_user::text,
  reason text DEFAULT NULL, force boolean DEFAULT false, in_session uuid DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
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
  IF source.total_sessions <= sessions_filed_at_once() THEN PERFORM check_counts(source, family); END IF;
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

-- Refuses to carry on numbers that are wrong. Larger profiles than a merge can count are counted
-- by whoever looks at counter_drift.
CREATE FUNCTION check_counts(p user_profiles, family uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  sessions int;
  messages bigint;
BEGIN
  SELECT count(*), coalesce(sum(message_count), 0) INTO sessions, messages FROM session_rows WHERE home_profile_id = ANY (family);
  IF sessions <> p.total_sessions OR messages <> p.total_messages THEN
    RAISE EXCEPTION 'counter drift on %: % sessions counted as %, % messages counted as %',
      p.id, sessions, p.total_sessions, messages, p.total_messages USING ERRCODE = 'data_corrupted';
  END IF;
END $$;

-- unmerge_profile(source): 'unmerged', 'not_merged', or 'refused_name_taken'. Counts the source's
-- sessions, so it takes time for many; a drain that is not done yet is no hindrance.
CREATE OR REPLACE FUNCTION unmerge_profile(source uuid, by_actor text DEFAULT current_user::text, why text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  m profile_merges;
  root uuid;
  sessions int;
  messages bigint;
  subtree uuid[];
  above uuid[];
BEGIN
  PERFORM identity_lock(true);
  SELECT * INTO m FROM profile_merges WHERE source_id = source AND outcome = 'merged' AND reverted_at IS NULL;
  IF NOT FOUND THEN
    PERFORM audit(by_actor, 'profile.unmerge', 'profile', source::text, jsonb_build_object('outcome', 'not_merged', 'reason', why));
    RETURN 'not_merged';
  END IF;
  root := live_profile(source);
  PERFORM 1 FROM user_profiles WHERE id IN (SELECT source UNION SELECT id FROM merged_ancestors(source)) ORDER BY id FOR UPDATE;
  IF EXISTS (SELECT FROM user_profiles u JOIN user_profiles s ON lower(u.username) = lower(s.username) AND u.tenant_id = s.tenant_id
              WHERE s.id = source AND u.id <> source AND u.merged_into_profile_id IS NULL) THEN
    PERFORM audit(by_actor, 'profile.unmerge', 'profile', source::text, jsonb_build_object('outcome', 'refused_name_taken', 'reason', why));
    RETURN 'refused_name_taken';
  END IF;
  SELECT array_agg(id) INTO subtree FROM merged_subtree(source);
  SELECT count(*), coalesce(sum(message_count), 0) INTO sessions, messages FROM session_rows WHERE home_profile_id = ANY (subtree);
  UPDATE profile_identifiers SET profile_id = source WHERE profile_id = root AND origin_profile_id = ANY (subtree);
  SELECT array_agg(id) INTO above FROM merged_ancestors(source);
  PERFORM return_traits(m, holder) FROM unnest(above) holder;

  UPDATE user_profiles SET total_sessions = total_sessions - sessions, total_messages = total_messages - messages,
         updated_at = now(), version = version + 1 WHERE id = root;
  -- The device may have a fresh profile by now, which keeps the id; the old one keeps a trace of it.
  UPDATE user_profiles s SET anonymous_id = left(s.anonymous_id, 200) || '#' || s.id
   WHERE s.id = source AND s.profile_type = 'anonymous' AND EXISTS (
     SELECT FROM user_profiles u WHERE u.tenant_id = s.tenant_id AND u.anonymous_id = s.anonymous_id
        AND u.profile_type = 'anonymous' AND u.merged_into_profile_id IS NULL AND u.id <> s.id);
  UPDATE user_profiles SET merged_into_profile_id = NULL, merged_at = NULL, total_sessions = sessions, total_messages = messages,
         updated_at = now(), version = version + 1 WHERE id = source;
  UPDATE user_profiles SET merged_into_profile_id = source WHERE id = ANY (subtree) AND id <> source;
  PERFORM refile(subtree, source, sessions);
  UPDATE profile_merges SET reverted_at = clock_timestamp(), reverted_by = by_actor WHERE merge_id = m.merge_id;
  PERFORM restore_seen_times(holder) FROM unnest(above) holder;
  PERFORM audit(by_actor, 'profile.unmerge', 'profile', source::text, jsonb_build_object(
    'outcome', 'unmerged', 'from', root, 'merge', m.merge_id, 'sessions', sessions, 'messages', messages, 'reason', why));
  RETURN 'unmerged';
END $$;

-- The profiles that a merged one went into, step by step, up to the live one.
CREATE FUNCTION merged_ancestors(profile uuid) RETURNS TABLE (id uuid) LANGUAGE sql STABLE AS $$
  WITH RECURSIVE up AS (
    SELECT m.target_id AS id FROM profile_merges m WHERE m.source_id = profile AND m.outcome = 'merged' AND m.reverted_at IS NULL
    UNION SELECT m.target_id FROM profile_merges m JOIN up ON m.source_id = up.id WHERE m.outcome = 'merged' AND m.reverted_at IS NULL)
  SELECT id FROM up
$$;

-- first_seen_at and last_seen_at without what is no longer merged into this profile.
DROP FUNCTION restore_seen_times(profile_merges, uuid);
CREATE FUNCTION restore_seen_times(profile uuid) RETURNS void LANGUAGE sql AS $$
  WITH tree AS MATERIALIZED (SELECT t.id FROM merged_subtree(profile) t)
  UPDATE user_profiles u
     SET first_seen_at = least(own.first_seen, others.first_seen),
         last_seen_at = greatest(own.last_seen, others.last_seen, sessions.last_seen)
    FROM (SELECT e.target_first_seen_at AS first_seen, e.target_last_seen_at AS last_seen
            FROM profile_merges e WHERE e.target_id = profile AND e.outcome = 'merged' ORDER BY e.merge_id LIMIT 1) own,
         (SELECT min(o.first_seen_at) AS first_seen, max(o.last_seen_at) AS last_seen
            FROM user_profiles o JOIN tree USING (id) WHERE o.id <> profile) others,
         LATERAL (SELECT max(greatest(s.started_at, m.created_at)) AS last_seen FROM session_rows s JOIN tree ON tree.id = s.home_profile_id
            LEFT JOIN conversation_messages m ON m.session_id = s.session_id AND m.seq = s.last_seq
           -- Nothing is said later than the last activity: most sessions need not be looked into.
           WHERE s.last_activity_at > greatest(own.last_seen, others.last_seen)) sessions
   WHERE u.id = profile
$$;
REVOKE EXECUTE ON FUNCTION restore_seen_times(uuid) FROM PUBLIC;

-- As before, and: a device that many customers share recognises nobody.
CREATE OR REPLACE FUNCTION start_session(session uuid, room text, participant text, device text, via text, number text, worker text, started timestamptz)
RETURNS TABLE (profile_id uuid, seen_before boolean, total_sessions int, hint uuid) LANGUAGE plpgsql AS $$
DECLARE
  known text := CASE WHEN via = 'phone' THEN NULL
                     WHEN NOT is_blocked_identifier('anonymous_id', device) THEN btrim(device)
                     WHEN NOT is_blocked_identifier('participant', participant) THEN btrim(participant) END;
  calling text := CASE WHEN NOT is_blocked_identifier('phone', number) THEN number END;
  pointed_at uuid;
  owner uuid;
  seen boolean;
BEGIN
  PERFORM identity_lock(false);
  IF NOT EXISTS (SELECT FROM session_rows s WHERE s.session_id = session) THEN
    IF device_is_shared(known) THEN known := NULL; END IF;
    pointed_at := customer_hint(known, calling);
    SELECT f.profile INTO owner FROM find_or_create_anonymous(coalesce(known, 'call-' || session), pointed_at, started) f;
    seen := pointed_at IS NOT NULL
         OR EXISTS (SELECT FROM user_profiles u WHERE u.id = owner AND u.total_sessions > 0)
         OR EXISTS (SELECT FROM session_rows s WHERE s.tenant_id = current_tenant() AND s.caller_number = calling);
    INSERT INTO session_rows (session_id, room_id, participant_id, profile_id, channel, caller_number, returning_caller, worker_id, started_at)
    VALUES (session, room, participant, owner, via, calling, seen, worker, started)
    ON CONFLICT (session_id) DO NOTHING;
    IF known IS NOT NULL THEN
      INSERT INTO profile_identifiers (kind, value, profile_id)
      VALUES (CASE WHEN known = btrim(device) THEN 'anonymous_id' ELSE 'participant' END, known, owner)
      ON CONFLICT (tenant_id, kind, value, origin_profile_id) DO UPDATE SET last_seen_at = now();
    END IF;
  END IF;
  RETURN QUERY SELECT s.profile_id, s.returning_caller, u.total_sessions, u.hint_profile_id
    FROM agent_sessions s JOIN user_profiles u ON u.id = s.profile_id WHERE s.session_id = session;
END $$;

-- Profiles whose counters differ from the rows, whoever they are filed under. Always empty.
CREATE OR REPLACE VIEW counter_drift WITH (security_invoker = true) AS
  SELECT u.id, u.total_sessions, u.total_messages,
         coalesce(s.sessions, 0) AS counted_sessions, coalesce(s.messages, 0) AS counted_messages
    FROM user_profiles u
    LEFT JOIN (SELECT coalesce(h.merged_into_profile_id, h.id) AS profile_id, count(*) AS sessions, sum(m.messages) AS messages
                 FROM session_rows a JOIN user_profiles h ON h.id = a.home_profile_id
                 CROSS JOIN LATERAL (SELECT count(*) AS messages FROM conversation_messages WHERE session_id = a.session_id) m
                GROUP BY 1) s ON s.profile_id = u.id
   WHERE u.total_sessions <> coalesce(s.sessions, 0) OR u.total_messages <> coalesce(s.messages, 0);

REVOKE EXECUTE ON FUNCTION check_counts(user_profiles, uuid[]) FROM PUBLIC;
