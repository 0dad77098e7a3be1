-- Each call: where it stands, whom it belongs to, how much was said in it.
--
--   * A session keeps its home: the profile that was live when it began. Its owner is the live
--     profile of its home. Merging and unmerging change pointers; nothing has to be moved for them
--     to be true at once, for every reader.
--   * agent_sessions is a view that adds the owner. The rows are in session_rows, whose own
--     profile_id is a copy of the owner for the index that finds a profile's sessions.
--   * Who is calling is decided in one statement, so that a call whose database was away can be
--     recorded later and a repeated attempt changes nothing. A device or a number is a hint, not a
--     key: a value that many people share ("unknown", an empty id) makes a profile of its own; a
--     device whose profile was merged into a customer gets a fresh profile with that customer as a
--     hint, because attaching it would show the customer's history to whoever holds the phone; a
--     telephone call always gets a fresh profile, because its number is easily forged.

CREATE TABLE session_rows (
  session_id        uuid PRIMARY KEY,  -- a UUIDv7 minted by the agent: ordered by time
  tenant_id         int NOT NULL DEFAULT current_tenant(),
  room_id           text NOT NULL,
  participant_id    text NOT NULL,
  origin_profile_id uuid NOT NULL REFERENCES user_profiles,  -- the profile it began with; never changes
  home_profile_id   uuid NOT NULL REFERENCES user_profiles,  -- the one that was live then; never changes
  -- A copy of the owner, for the index that finds a profile's sessions. It may lag behind a merge:
  -- ask sessions_of, or the view.
  profile_id        uuid NOT NULL REFERENCES user_profiles,
  channel           text NOT NULL DEFAULT 'web' CHECK (channel IN ('web', 'phone')),
  caller_bidx       bytea CHECK (length(caller_bidx) = 32),  -- of the number that the network claims: a hint
  returning_caller  boolean NOT NULL DEFAULT false,
  auth_level        smallint NOT NULL DEFAULT 0 CHECK (auth_level BETWEEN 0 AND 3),
  authenticated_at  timestamptz,
  status            text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'ended', 'abandoned')),
  end_reason        text,
  wants_summary     boolean NOT NULL DEFAULT true,  -- whoever ended it may want none; late turns bring none then
  worker_id         text,
  started_at        timestamptz NOT NULL DEFAULT now(),
  ended_at          timestamptz,
  last_activity_at  timestamptz NOT NULL DEFAULT now(),
  message_count     int NOT NULL DEFAULT 0 CHECK (message_count >= 0),
  last_seq          int,
  metrics           jsonb NOT NULL DEFAULT '{}',
  chain_head        bytea CHECK (length(chain_head) = 32),   -- the hash of the message with the highest seq
  anchored_seq      int,               -- how far a signed anchor outside the database covers the chain
  -- A column of its own, because it changes with the first message after an anchor and not with each.
  unanchored        boolean NOT NULL GENERATED ALWAYS AS (chain_head IS NOT NULL AND last_seq IS DISTINCT FROM anchored_seq) STORED,
  CONSTRAINT active_means_not_ended CHECK ((status = 'active') = (ended_at IS NULL)),
  CONSTRAINT ends_after_it_starts CHECK (ended_at >= started_at)
) WITH (fillfactor = 80);
SELECT isolate_tenant('session_rows');
CREATE INDEX session_rows_profile ON session_rows (profile_id, started_at DESC);
CREATE INDEX session_rows_home ON session_rows (home_profile_id, session_id);
CREATE INDEX session_rows_recent ON session_rows (tenant_id, started_at DESC, session_id DESC);
CREATE INDEX session_rows_caller ON session_rows (tenant_id, caller_bidx) WHERE caller_bidx IS NOT NULL;
-- Open sessions are few: their index need not be in the order of their activity.
CREATE INDEX session_rows_open ON session_rows (tenant_id, session_id) WHERE status = 'active';
CREATE INDEX session_rows_unanchored ON session_rows (tenant_id, session_id) WHERE unanchored;

-- Who a session belongs to now. Takes UPDATE, DELETE and row locks as a table does. A condition on
-- profile_id reads every row: ask sessions_of. A later migration that adds a column to the table
-- replaces the view.
CREATE VIEW agent_sessions WITH (security_invoker = true) AS
  SELECT r.session_id, r.tenant_id, r.room_id, r.participant_id,
         (SELECT coalesce(u.merged_into_profile_id, u.id) FROM user_profiles u WHERE u.id = r.home_profile_id) AS profile_id,
         r.origin_profile_id, r.home_profile_id, r.channel, r.caller_bidx, r.returning_caller, r.auth_level, r.authenticated_at,
         r.status, r.end_reason, r.wants_summary, r.worker_id, r.started_at, r.ended_at, r.last_activity_at, r.message_count, r.last_seq, r.metrics,
         r.chain_head, r.anchored_seq
    FROM session_rows r;

CREATE TRIGGER a_lock BEFORE INSERT ON session_rows FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
-- A deleted session would leave its profile's counters wrong.
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON session_rows
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

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
CREATE TRIGGER b_resolve BEFORE INSERT ON session_rows FOR EACH ROW EXECUTE FUNCTION resolve_session();

-- The copy of the owner can only be corrected; where a session began and is at home never changes.
CREATE FUNCTION session_owner_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.origin_profile_id <> OLD.origin_profile_id OR NEW.home_profile_id <> OLD.home_profile_id
     OR (NEW.profile_id <> OLD.profile_id AND NEW.profile_id <> live_profile(OLD.home_profile_id)) THEN
    RAISE EXCEPTION 'a session changes its profile by merge_profiles or unmerge_profile only'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER owner_is_fixed BEFORE UPDATE OF profile_id, origin_profile_id, home_profile_id ON session_rows
  FOR EACH ROW EXECUTE FUNCTION session_owner_is_fixed();

-- For what belongs to a session and names it by reference alone: the reference does not look at
-- the tenant.
CREATE FUNCTION session_of_this_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM session_rows s WHERE s.session_id = NEW.session_id AND s.tenant_id = NEW.tenant_id) THEN
    RAISE EXCEPTION 'session % does not exist', NEW.session_id USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NEW;
END $$;

-- A session and turns that came before it may be stored at the same moment: each would miss the
-- other. Whoever stores either holds this until the end of its transaction.
CREATE FUNCTION session_gate(session uuid) RETURNS void LANGUAGE sql AS
$$ SELECT pg_advisory_xact_lock(uuid_hash_extended(session, 7004)) $$;
CREATE FUNCTION take_session_gate() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM session_gate(NEW.session_id); RETURN NEW; END $$;
CREATE TRIGGER a_gate BEFORE INSERT ON session_rows FOR EACH ROW EXECUTE FUNCTION take_session_gate();

-- Counting is per statement, over the rows really inserted: a replay that ON CONFLICT skips is
-- not in the transition table and is not counted. Counters by row trigger deadlock or drift.
-- Turns that came before their session are counted with it.
CREATE FUNCTION count_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  WITH early AS (
    SELECT a.session_id, m.* FROM added a CROSS JOIN LATERAL (
      SELECT count(*) AS messages, max(seq) AS last_seq, (array_agg(row_hash ORDER BY seq DESC))[1] AS head, least(max(created_at), now()) AS latest
        FROM conversation_messages WHERE session_id = a.session_id AND tenant_id = a.tenant_id) m
     WHERE m.messages > 0)
  UPDATE session_rows s
     SET message_count = s.message_count + e.messages, last_seq = e.last_seq, chain_head = e.head,
         last_activity_at = greatest(s.last_activity_at, e.latest)
    FROM early e WHERE s.session_id = e.session_id;
  PERFORM 1 FROM user_profiles WHERE id IN (SELECT profile_id FROM added) ORDER BY id FOR NO KEY UPDATE;
  UPDATE user_profiles u
     SET total_sessions = u.total_sessions + c.sessions, total_messages = u.total_messages + c.messages,
         last_seen_at = greatest(u.last_seen_at, c.latest)
    -- The copy is right at this moment: the identity lock keeps merges out.
    FROM (SELECT s.profile_id, count(*) AS sessions, sum(s.message_count) AS messages, least(max(s.started_at), now()) AS latest
            FROM added a JOIN session_rows s USING (session_id) GROUP BY 1) c
   WHERE u.id = c.profile_id;
  RETURN NULL;
END $$;
CREATE TRIGGER c_count AFTER INSERT ON session_rows REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION count_sessions();

-- A caller joined. `caller`, `device_index`, `participant_index`: indexes of the number, the device
-- and the participant. `erased`: nothing was stored, and nothing of this session will be.
CREATE FUNCTION start_session(session uuid, room text, participant text, device text, via text, caller bytea, device_index bytea,
  participant_index bytea, worker text, started timestamptz)
RETURNS TABLE (profile_id uuid, seen_before boolean, total_sessions int, hint uuid, erased boolean) LANGUAGE plpgsql AS $$
DECLARE
  by_device boolean := via <> 'phone' AND NOT is_blocked_identifier('anonymous_id', device);
  by_participant boolean := via <> 'phone' AND NOT by_device AND NOT is_blocked_identifier('participant', participant);
  known text := CASE WHEN by_device THEN btrim(device) WHEN by_participant THEN btrim(participant) END;
  known_index bytea := CASE WHEN by_device THEN device_index WHEN by_participant THEN participant_index END;
  calling bytea := CASE WHEN NOT is_blocked_identifier('phone', encode(caller, 'hex')) THEN caller END;
  pointed_at uuid;
  owner uuid;
  seen boolean;
BEGIN
  PERFORM identity_lock(false);
  IF turn_away_erased(session, ARRAY[known_index, calling], started) THEN
    RETURN QUERY SELECT NULL::uuid, false, 0, NULL::uuid, true;
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT FROM session_rows s WHERE s.session_id = session) THEN
    IF device_is_shared(known) THEN known := NULL; END IF;
    pointed_at := customer_hint(known, calling);
    SELECT f.profile INTO owner FROM find_or_create_anonymous(coalesce(known, 'call-' || session), pointed_at, started) f;
    seen := pointed_at IS NOT NULL
         OR EXISTS (SELECT FROM user_profiles u WHERE u.id = owner AND u.total_sessions > 0)
         OR EXISTS (SELECT FROM session_rows s WHERE s.tenant_id = current_tenant() AND s.caller_bidx = calling);
    INSERT INTO session_rows (session_id, room_id, participant_id, profile_id, channel, caller_bidx, returning_caller, worker_id, started_at)
    VALUES (session, room, participant, owner, via, calling, seen, worker, started)
    ON CONFLICT (session_id) DO NOTHING;
    IF known IS NOT NULL THEN
      INSERT INTO profile_identifiers (kind, value, bidx, profile_id)
      VALUES (CASE WHEN by_device THEN 'anonymous_id' ELSE 'participant' END, known, known_index, owner)
      ON CONFLICT (tenant_id, kind, value, origin_profile_id) DO UPDATE SET last_seen_at = now();
    END IF;
  END IF;
  RETURN QUERY SELECT s.profile_id, s.returning_caller, u.total_sessions, u.hint_profile_id, false
    FROM agent_sessions s JOIN user_profiles u ON u.id = s.profile_id WHERE s.session_id = session;
END $$;
