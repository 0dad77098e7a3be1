-- What tools were called during a conversation, and what came of it.
--
--   * A call is two records, each written once: the intent before the request leaves, the outcome
--     before it is spoken of. A call without an outcome was cut off: whether it was carried out is for
--     whoever holds its key to find out.
--   * The idempotency key goes out with the request, and is the key here: whatever is repeated after
--     a lost reply stores nothing twice.
--   * Arguments and results are sealed with the session's key, bound to the call. Erasing a person
--     destroys that key; which tool was called when, and the outcome, stay as counts do.
--   * As with messages, no reference to session_rows: a start that is late must not keep a call out.

CREATE TABLE tool_calls (
  tenant_id       int NOT NULL DEFAULT current_tenant(),
  session_id      uuid NOT NULL,
  idempotency_key uuid NOT NULL,
  seq             int NOT NULL CHECK (seq >= 0),       -- the turn that asked for it
  tool            text NOT NULL CHECK (length(tool) BETWEEN 1 AND 100),
  arguments_ct    bytea NOT NULL,
  requested_at    timestamptz NOT NULL,
  PRIMARY KEY (session_id, idempotency_key, tenant_id)
);
SELECT isolate_tenant('tool_calls');

CREATE TABLE tool_call_outcomes (
  tenant_id       int NOT NULL DEFAULT current_tenant(),
  session_id      uuid NOT NULL,
  idempotency_key uuid NOT NULL,
  -- unknown: nobody could find out whether it was carried out.
  outcome         text NOT NULL CHECK (outcome IN ('success', 'refused', 'failed', 'timed_out', 'cancelled', 'unknown')),
  result_ct       bytea NOT NULL,
  finished_at     timestamptz NOT NULL,
  PRIMARY KEY (session_id, idempotency_key, tenant_id),
  FOREIGN KEY (session_id, idempotency_key, tenant_id) REFERENCES tool_calls
);
SELECT isolate_tenant('tool_call_outcomes');

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tool_calls
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tool_call_outcomes
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Calls of tools in the sessions of a month: for drop_archived_partition, which has seen that each
-- tenant has its own in a file.
CREATE FUNCTION delete_tool_calls(low uuid, high uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  ALTER TABLE tool_call_outcomes DISABLE TRIGGER append_only;
  ALTER TABLE tool_calls DISABLE TRIGGER append_only;
  DELETE FROM tool_call_outcomes WHERE session_id >= low AND session_id < high;
  DELETE FROM tool_calls WHERE session_id >= low AND session_id < high;
  ALTER TABLE tool_calls ENABLE TRIGGER append_only;
  ALTER TABLE tool_call_outcomes ENABLE TRIGGER append_only;
END $$;
