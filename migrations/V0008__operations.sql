-- What the workers need to agree on, and promises made to a caller.

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

-- A caller reads their own summary once, by a random token that only they were given. The
-- hash alone is kept. No reference to the session: its row may be on its way.
CREATE TABLE summary_tokens (
  token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  session_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at    timestamptz
);
CREATE INDEX summary_tokens_expiry ON summary_tokens (expires_at);

CREATE TABLE callbacks (
  callback_id  uuid PRIMARY KEY,
  tenant_id    int NOT NULL DEFAULT current_tenant(),
  session_id   uuid NOT NULL REFERENCES agent_sessions,
  phone_number text,
  reason       text,
  requested_at timestamptz NOT NULL DEFAULT now(),
  done_at      timestamptz,
  done_by      text,
  CHECK ((done_at IS NULL) = (done_by IS NULL))
);
CREATE INDEX callbacks_open ON callbacks (tenant_id, requested_at) WHERE done_at IS NULL;
CREATE INDEX callbacks_session ON callbacks (session_id);
