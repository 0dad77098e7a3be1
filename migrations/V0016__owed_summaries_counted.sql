-- owe_missing_summaries said 0 however many it asked for: what returns nothing counts as nothing.

CREATE OR REPLACE FUNCTION owe_missing_summaries(ended_before timestamptz) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  missing uuid[];
BEGIN
  SELECT coalesce(array_agg(s.session_id ORDER BY s.session_id), '{}') INTO missing
    FROM session_rows s LEFT JOIN summary_rows c USING (session_id)
   WHERE s.status <> 'active' AND s.ended_at < ended_before
     AND (c.session_id IS NULL OR coalesce(c.source_last_seq, -1) < coalesce(s.last_seq, -1))
     AND NOT EXISTS (SELECT FROM outbox o WHERE o.tenant_id = s.tenant_id AND o.topic = 'summary'
                        AND o.dedupe_key = s.session_id::text AND o.done_at IS NULL AND o.parked_at IS NULL);
  PERFORM owe_summary(session) FROM unnest(missing) session;
  RETURN cardinality(missing);
END $$;
