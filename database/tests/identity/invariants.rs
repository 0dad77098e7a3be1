//! What must hold whatever happened, asked of one tenant in one statement.

use crate::prepared::Prepared;

/// Each line a promise that is broken.
pub(crate) const BROKEN: &str = "
    SELECT 'M2: session ' || s.session_id || ' belongs to a merged profile' FROM agent_sessions s JOIN user_profiles u ON u.id = s.profile_id WHERE u.merged_into_profile_id IS NOT NULL
    UNION ALL SELECT 'M2: identifier of a merged profile' FROM profile_identifiers i JOIN user_profiles u ON u.id = i.profile_id WHERE u.merged_into_profile_id IS NOT NULL
    UNION ALL SELECT 'M2: summary ' || c.session_id || ' is not its session''s' FROM conversation_summaries c JOIN agent_sessions s USING (session_id) WHERE c.profile_id <> s.profile_id
    UNION ALL SELECT 'M3: counters ' || d::text FROM counter_drift d
    UNION ALL SELECT 'M3: session ' || s.session_id || ' miscounts its messages' FROM session_rows s
      WHERE s.message_count <> (SELECT count(*) FROM conversation_messages m WHERE m.session_id = s.session_id)
    UNION ALL SELECT 'M4: ' || u.id || ' points at a merged profile' FROM user_profiles u JOIN user_profiles r ON r.id = u.merged_into_profile_id WHERE r.merged_into_profile_id IS NOT NULL
    UNION ALL SELECT 'M6: messages are not all counted' WHERE (SELECT coalesce(sum(total_messages), 0) FROM user_profiles WHERE merged_into_profile_id IS NULL)
      <> (SELECT count(*) FROM conversation_messages m JOIN session_rows s USING (session_id))
    UNION ALL SELECT 'M9: the audit chain breaks at ' || audit_broken_at() WHERE audit_broken_at() IS NOT NULL
    UNION ALL SELECT 'readers by profile miss or add session ' || coalesce(s.session_id, o.session_id) FROM agent_sessions s
      FULL JOIN (SELECT f.session_id, u.id FROM user_profiles u, sessions_of(u.id) f WHERE u.merged_into_profile_id IS NULL) o ON (o.session_id, o.id) = (s.session_id, s.profile_id)
      WHERE s.session_id IS NULL OR o.session_id IS NULL
    UNION ALL SELECT 'session ' || r.session_id || ' is filed wrongly and nothing waits to correct it' FROM session_rows r JOIN agent_sessions s USING (session_id)
      WHERE r.profile_id <> s.profile_id AND NOT EXISTS (SELECT FROM profile_drains d WHERE d.profile_id = r.home_profile_id)
    UNION ALL SELECT 'the score of ' || u.id || ' was made of ' || coalesce(l.events, 0) || ' events, of ' || n.events || ', and nothing waits to correct it'
      FROM user_profiles u LEFT JOIN lead_scores l ON l.profile_id = u.id CROSS JOIN LATERAL (
        SELECT count(*) AS events FROM lead_events e JOIN agent_sessions s USING (session_id) WHERE s.profile_id = u.id) n
      WHERE NOT EXISTS (SELECT FROM lead_dues d WHERE d.profile_id = u.id)
        AND CASE WHEN u.merged_into_profile_id IS NULL AND u.erased_at IS NULL THEN coalesce(l.events, 0) <> n.events ELSE l.profile_id IS NOT NULL END";

/// The promises that are broken for the tenant of this connection, or `None`.
pub(crate) async fn broken(db: &Prepared) -> Option<String> {
    let rows = db.expect(BROKEN, &[]).await;
    if rows.is_empty() {
        return None;
    }
    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    Some(lines.join("\n"))
}
