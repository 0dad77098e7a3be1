-- Joining what an unknown caller said to the customer they turned out to be.
--
--   * A merge changes who owns sessions by one pointer, however many there are, and every reader
--     sees it from that moment. Nothing is deleted or copied, so an unmerge gives back exactly what
--     a merge took.
--   * The copies of the owner in session_rows are brought up to date in the merge for up to 5
--     sessions, which is what most callers have: filing those in the background would cost more than
--     it saves. Beyond that their homes are written down in profile_drains, and drain_merges does it
--     in the background. So a merge takes as long for ten sessions as for ten thousand.
--   * Refusals are outcomes by name, not errors; every attempt is audited, refused ones too. Why
--     somebody merged or unmerged may name a person: the audit, which cannot forget, keeps that a
--     reason was given; the reason is on the merge's row and goes with the person.

CREATE TABLE profile_merges (
  merge_id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id            int NOT NULL DEFAULT current_tenant(),
  source_id            uuid,           -- the profiles the request resolved to; NULL: not found
  target_id            uuid,
  requested_source     uuid NOT NULL,
  requested_target     uuid NOT NULL,
  outcome              text NOT NULL,
  reason               text,
  actor                text NOT NULL,
  session_id           uuid,
  sessions_moved       int NOT NULL DEFAULT 0,
  messages_moved       bigint NOT NULL DEFAULT 0,
  source_before        jsonb,          -- without what is sealed: that stays on its own row
  target_before        jsonb,
  -- When the target had been seen before the merge. Apart from the images, which go when the
  -- other profile is erased: unmerging a third needs the times of the one that lives on.
  target_first_seen_at timestamptz,
  target_last_seen_at  timestamptz,
  -- key -> {before, after, provenance_before}: what the target's metadata gained.
  imported             jsonb NOT NULL DEFAULT '{}',
  merged_at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  reverted_at          timestamptz,
  reverted_by          text,
  reverted_reason      text
);
SELECT isolate_tenant('profile_merges');
CREATE UNIQUE INDEX profile_merges_one_active ON profile_merges (source_id) WHERE outcome = 'merged' AND reverted_at IS NULL;
CREATE INDEX profile_merges_target ON profile_merges (target_id);
-- A person's history is asked for by any of the profiles that an attempt named.
CREATE INDEX profile_merges_source ON profile_merges (source_id);
CREATE INDEX profile_merges_requested_source ON profile_merges (requested_source);
CREATE INDEX profile_merges_requested_target ON profile_merges (requested_target);

-- Homes some of whose sessions still carry an older owner. Written under the exclusive identity
-- lock; drain_merges empties it.
CREATE TABLE profile_drains (
  profile_id uuid PRIMARY KEY REFERENCES user_profiles,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  since      timestamptz NOT NULL DEFAULT clock_timestamp(),
  done_to    uuid                      -- sessions up to this one were looked at
);
SELECT isolate_tenant('profile_drains');

-- Sessions of the live profile of this one, by index.
CREATE FUNCTION sessions_of(profile uuid) RETURNS SETOF agent_sessions LANGUAGE sql STABLE AS $$
  SELECT s.* FROM agent_sessions s
   WHERE s.session_id IN (
           SELECT r.session_id FROM session_rows r WHERE r.profile_id = live_profile(profile)
           UNION SELECT r.session_id FROM profile_drains d JOIN user_profiles h ON h.id = d.profile_id
                                                           JOIN session_rows r ON r.home_profile_id = d.profile_id
                  WHERE live_profile(profile) IN (h.id, h.merged_into_profile_id))
     AND s.profile_id = live_profile(profile)
$$;

-- The target wins a key that both have; arrays are united in order, without repeats.
CREATE FUNCTION merge_traits(target jsonb, source jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  -- Devices mostly have no traits.
  IF source = '{}' THEN RETURN target; END IF;
  RETURN target || coalesce((SELECT jsonb_object_agg(s.key,
      CASE WHEN target ? s.key
           THEN (target -> s.key) || coalesce((
                  SELECT jsonb_agg(e.item ORDER BY e.n)
                    FROM jsonb_array_elements(s.value) WITH ORDINALITY e(item, n)
                   WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(target -> s.key) t WHERE t = e.item)), '[]')
           ELSE s.value END)
      FILTER (WHERE NOT target ? s.key
                 OR (jsonb_typeof(target -> s.key) = 'array' AND jsonb_typeof(s.value) = 'array'))
    FROM jsonb_each(source) s), '{}');
END $$;

-- What a merge writes down of the profiles: nothing sealed, which stays on its own row.
CREATE FUNCTION profile_image(p user_profiles) RETURNS jsonb LANGUAGE sql STABLE AS
$$ SELECT to_jsonb(p) - ARRAY['name_ct', 'phone_ct', 'email_ct', 'phone_bidx', 'email_bidx'] $$;

-- Moves a profile's traits to the one it was merged into, noting each key's origin.
CREATE FUNCTION import_traits(merge bigint, source user_profiles, target user_profiles) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  merged jsonb := merge_traits(target.profile_metadata, source.profile_metadata);
  gained jsonb;
BEGIN
  SELECT coalesce(jsonb_object_agg(key, jsonb_strip_nulls(jsonb_build_object(
           'before', target.profile_metadata -> key, 'provenance_before', target.metadata_provenance -> key))
           -- Outside the stripping: an imported null is a value too.
           || jsonb_build_object('after', value)), '{}')
    INTO gained FROM jsonb_each(merged) WHERE value IS DISTINCT FROM target.profile_metadata -> key;
  UPDATE user_profiles u
     SET profile_metadata = merged,
         metadata_provenance = u.metadata_provenance || coalesce((
           SELECT jsonb_object_agg(key, jsonb_build_object('profile', source.id)
                    || coalesce(source.metadata_provenance -> key, '{}') || jsonb_build_object('merge', merge))
             FROM jsonb_object_keys(gained) key), '{}')
   WHERE u.id = target.id;
  UPDATE profile_merges SET imported = gained WHERE merge_id = merge;
END $$;

-- Takes back what import_traits brought, except keys that have changed since.
CREATE FUNCTION return_traits(m profile_merges, holder uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  k text;
  item jsonb;
BEGIN
  FOR k, item IN SELECT * FROM jsonb_each(m.imported) LOOP
    UPDATE user_profiles u
       SET profile_metadata = (u.profile_metadata - k)
             || CASE WHEN item ? 'before' THEN jsonb_build_object(k, item -> 'before') ELSE '{}' END,
           metadata_provenance = (u.metadata_provenance - k)
             || CASE WHEN item ? 'provenance_before' THEN jsonb_build_object(k, item -> 'provenance_before') ELSE '{}' END
     WHERE u.id = holder AND u.profile_metadata -> k = item -> 'after'
       AND (holder = m.target_id OR u.metadata_provenance -> k ->> 'profile' = m.source_id::text);
  END LOOP;
END $$;

-- A caller waits while no more than this are filed: 40 microseconds each.
CREATE FUNCTION sessions_filed_at_once() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 5 $$;
-- Counting reads and writes nothing: up to this many are counted before their numbers are carried on.
CREATE FUNCTION sessions_counted_at_once() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 100 $$;

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

-- Brings the copies of the owner up to date, for at most this many sessions; several may run at
-- once. 'refiled': sessions corrected; 'pending': homes that still wait. Does not wait for the
-- server's disk: what a crash takes back of it still waits to be drained, because the note and the
-- rows are of one transaction.
CREATE FUNCTION drain_merges(at_most int, OUT refiled int, OUT pending bigint) LANGUAGE plpgsql AS $$
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

CREATE FUNCTION record_merge_attempt(outcome text, requested_source uuid, requested_target uuid, source user_profiles,
  target user_profiles, actor text, reason text, session uuid) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  number bigint;
BEGIN
  IF outcome <> 'already_merged' THEN  -- repeating a merge changes nothing; the audit row alone says it was asked
    INSERT INTO profile_merges (source_id, target_id, requested_source, requested_target, outcome, reason, actor, session_id, source_before, target_before)
    VALUES (source.id, target.id, requested_source, requested_target, outcome, reason, actor, session,
            profile_image(source), profile_image(target)) RETURNING merge_id INTO number;
  END IF;
  PERFORM audit(actor, 'profile.merge', 'profile', requested_source::text, jsonb_build_object(
    'outcome', outcome, 'target', requested_target, 'resolved_source', source.id, 'resolved_target', target.id,
    'reason_given', reason IS NOT NULL, 'session', session, 'merge', number));
  RETURN number;
END $$;

-- Why these two may not be joined, or 'merged' if they may.
CREATE FUNCTION judge_merge(source user_profiles, target user_profiles, force boolean) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF source.id IS NULL OR target.id IS NULL THEN RETURN 'not_found'; END IF;
  IF source.id = target.id THEN RETURN 'already_merged'; END IF;
  IF source.tenant_id <> target.tenant_id THEN RETURN 'not_found'; END IF;
  IF source.erased_at IS NOT NULL OR target.erased_at IS NOT NULL THEN RETURN 'refused_erased'; END IF;
  IF source.profile_type = 'authenticated' AND NOT force THEN RETURN 'refused_source_authenticated'; END IF;
  -- Such a profile is many people.
  IF source.profile_type = 'anonymous' AND is_blocked_identifier('anonymous_id', source.anonymous_id) THEN
    RETURN 'refused_blocked';
  END IF;
  RETURN 'merged';
END $$;

-- merge_profiles(anonymous, authenticated): 'merged', 'already_merged', 'not_found' or 'refused_...'.
-- What it does depends on how many profiles were merged into the source, never on its sessions.
CREATE FUNCTION merge_profiles(anonymous uuid, authenticated uuid, actor text DEFAULT current_user::text,
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
         total_sessions = 0, total_messages = 0
   WHERE id = source.id;
  UPDATE user_profiles SET total_sessions = total_sessions + source.total_sessions, total_messages = total_messages + source.total_messages,
         first_seen_at = least(first_seen_at, source.first_seen_at), last_seen_at = greatest(last_seen_at, source.last_seen_at),
         updated_at = now()
   WHERE id = target.id;
  UPDATE profile_identifiers SET profile_id = target.id WHERE profile_id = source.id;
  PERFORM refile(family, target.id, source.total_sessions);
  PERFORM import_traits(merge, source, target);
  UPDATE profile_merges SET sessions_moved = source.total_sessions, messages_moved = source.total_messages,
         target_first_seen_at = target.first_seen_at, target_last_seen_at = target.last_seen_at WHERE merge_id = merge;
  RETURN 'merged';
END $$;
