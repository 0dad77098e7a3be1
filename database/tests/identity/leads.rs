//! What counts for leads, in the proofs: events as calls tell them, and scores that no formula makes.

/// Events of a session up to this one, most of them again; how many were new.
pub(crate) const TELL: &str = "
    WITH added AS (INSERT INTO lead_events (session_id, cause, kind, value, happened_at)
                   SELECT s, 'turn:' || n || ':sentiment', 'sentiment', n, now() FROM unnest($1::uuid[]) s, generate_series(0, $2::int) n
                   ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*)::text FROM added";

/// Some of the scores that are due: of each profile how many events it has, found without an index.
pub(crate) const SCORE: &str = "
    SELECT count(*)::text FROM store_lead_scores((
      SELECT coalesce(jsonb_agg(jsonb_build_object('profile_id', d.profile_id, 'mark', d.mark)
               || CASE WHEN u.id IS NULL THEN '{}' ELSE jsonb_build_object(
                    'formula', 1, 'events', (SELECT count(*) FROM lead_events e JOIN agent_sessions s USING (session_id) WHERE s.profile_id = u.id),
                    'engagement_score', 0, 'intent_to_buy_score', 0, 'total_score', 0, 'lead_temperature', 'cold', 'is_qualified', false,
                    'second_score', 0, 'second_temperature', 'cold', 'wanted', 0, 'objections', 0, 'appointments', 0, 'callbacks', 0,
                    'documents', 0, 'facts', '{}'::jsonb, 'scored_at', now()) END), '[]')
        FROM (SELECT profile_id, mark FROM lead_dues ORDER BY profile_id LIMIT $1::int) d
        LEFT JOIN user_profiles u ON u.id = d.profile_id AND u.merged_into_profile_id IS NULL AND u.erased_at IS NULL))";
