-- What the workers need to agree on.

-- A worker is alive while its lease lasts; a session of a dead worker may be swept.
CREATE TABLE workers (
  worker_id  text NOT NULL,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  started_at timestamptz NOT NULL DEFAULT now(),
  beat_at    timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  info       jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, worker_id)
);
SELECT isolate_tenant('workers');

-- One agent a room. A lease rather than a lock on a connection: it costs no connection, and
-- one whose holder was killed runs out.
CREATE TABLE room_locks (
  room       text NOT NULL,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  holder     text NOT NULL,
  taken_at   timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, room)
);
SELECT isolate_tenant('room_locks');

-- The first merge on a new connection took four times as long as the next one: PostgreSQL reads its
-- catalogues and plans each statement then. warm_up() lets a connection do that before somebody
-- waits for it: a call that begins, speaks, proves who it is, ends and is claimed for its summary,
-- and all of it is taken back. For about 15 ms it holds the identity lock as that merge would.
--
-- Of this very tenant: plans made for one without rows would be the wrong ones.
CREATE FUNCTION warm_up() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  customer uuid;
  call uuid := (substr(v7_floor(now())::text, 1, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid;
BEGIN
  -- First, because two that hold it shared could not both get it exclusively.
  PERFORM identity_lock(true);
  INSERT INTO user_profiles (profile_type, username) VALUES ('authenticated', 'warm-up-' || call) RETURNING id INTO customer;
  PERFORM start_session(call, 'warm-up', 'warm-up', 'warm-up-' || call, 'web', NULL, sha256(call::text::bytea), NULL, NULL, now());
  INSERT INTO conversation_messages (session_id, seq, role, content_ct, row_hash) VALUES (call, 0, 'user', '\x', sha256('\x'));
  PERFORM authenticate_session(call, customer, 2, 'warm-up');
  UPDATE agent_sessions SET status = 'ended', ended_at = now() WHERE session_id = call;
  PERFORM claim_summaries(call, 1, interval '1 minute');
  RAISE EXCEPTION 'taken back' USING ERRCODE = 'TWARM';
EXCEPTION WHEN SQLSTATE 'TWARM' THEN NULL;
END $$;
