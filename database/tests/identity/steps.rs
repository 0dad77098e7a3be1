//! One step of a sequence, done to the model and to PostgreSQL.

use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{
    model::{Model, Profile, Session},
    prepared::Prepared,
};

/// Numbers choose among what is there, whatever is there: any step fits any state.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// A new customer of this name.
    Customer(u8),
    /// A call from one of three devices, or by telephone.
    Call(u8),
    /// A session for a profile that may be merged by now.
    Late(u8),
    /// All messages of a session up to one more, most of them again.
    Words(u8, u8),
    Summary(u8),
    /// All events of a session up to one, most of them again.
    Events(u8, u8),
    /// Scores of some whose score is due.
    Score(u8),
    Merge(u8, u8, bool),
    Unmerge(u8),
    Authenticate(u8, u8),
    /// A merge, a drain of so many sessions, and the unmerge: nothing may be left of it.
    RoundTrip(u8, u8, u8),
    Drain(u8),
    Erase(u8),
}

/// What every reader sees, a line each.
const OBSERVED: &str = "
    SELECT format('profile %s into %s counts %s %s', id, coalesce(merged_into_profile_id::text, '-'), total_sessions, total_messages) FROM user_profiles
    UNION ALL SELECT format('session %s of %s messages %s level %s', session_id, profile_id, message_count, auth_level) FROM agent_sessions
    UNION ALL SELECT format('summary %s of %s', session_id, profile_id) FROM conversation_summaries
    UNION ALL SELECT format('%s events of %s', count(*), s.profile_id) FROM lead_events e JOIN agent_sessions s USING (session_id) GROUP BY s.profile_id
    UNION ALL SELECT format('identifier %s from %s of %s', value, origin_profile_id, profile_id) FROM profile_identifiers
    UNION ALL SELECT format('attempts %s', count(*)) FROM audit_log WHERE action IN ('profile.merge', 'profile.unmerge')";

/// Rows where they lie, apart from times of change.
const STORED: &str = "
    SELECT (to_jsonb(u) - 'updated_at')::text FROM user_profiles u
    UNION ALL SELECT to_jsonb(s)::text FROM agent_sessions s
    UNION ALL SELECT to_jsonb(c)::text FROM conversation_summaries c
    UNION ALL SELECT to_jsonb(e)::text FROM lead_events e
    UNION ALL SELECT to_jsonb(i)::text FROM profile_identifiers i";

/// Both sides of the comparison.
pub(crate) struct Both<'a> {
    pub(crate) db: &'a Prepared,
    pub(crate) model: Model,
}

impl Both<'_> {
    /// Does the step to both and compares them.
    pub(crate) async fn step(&mut self, step: Step) -> Result<(), String> {
        let (profiles, sessions) = (self.model.profiles.len(), self.model.sessions.len());
        let pick = |n: u8, of: usize| usize::from(n) % of.max(1);
        match step {
            Step::Customer(n) => self.customer(n).await,
            Step::Call(n) => self.call(n).await,
            Step::Drain(n) => {
                self.row(
                    "SELECT refiled::text FROM drain_merges($1)",
                    &[&(i32::from(n) + 1)],
                )
                .await;
            }
            Step::Score(n) => {
                self.row(crate::leads::SCORE, &[&(i32::from(n % 4) + 1)])
                    .await;
            }
            Step::Events(s, upto) if sessions > 0 => {
                self.events(pick(s, sessions), usize::from(upto)).await?;
            }
            Step::Erase(p) if profiles > 0 => self.erase(pick(p, profiles)).await?,
            Step::Late(p) if profiles > 0 => self.late(pick(p, profiles)).await,
            Step::Merge(a, b, force) if profiles > 0 => {
                self.merge(pick(a, profiles), pick(b, profiles), force)
                    .await?;
            }
            Step::Unmerge(p) if profiles > 0 => self.unmerge(pick(p, profiles)).await?,
            Step::RoundTrip(a, b, n) if profiles > 0 => {
                self.round_trip(pick(a, profiles), pick(b, profiles), n)
                    .await?;
            }
            Step::Words(s, upto) if sessions > 0 => {
                self.words(pick(s, sessions), usize::from(upto)).await?
            }
            Step::Summary(s) if sessions > 0 => self.summary(pick(s, sessions)).await,
            Step::Authenticate(s, c) if sessions > 0 => {
                self.authenticate(pick(s, sessions), pick(c, profiles))
                    .await?;
            }
            _ => return Ok(()),
        }
        self.compare().await
    }

    async fn compare(&self) -> Result<(), String> {
        let (stored, expected) = (self.lines(OBSERVED).await, self.model.observed());
        if stored != expected {
            let missing: Vec<_> = expected
                .iter()
                .filter(|line| !stored.contains(line))
                .collect();
            let wrong: Vec<_> = stored
                .iter()
                .filter(|line| !expected.contains(line))
                .collect();
            return Err(format!(
                "the model says {missing:#?}, PostgreSQL says {wrong:#?}"
            ));
        }
        Ok(())
    }

    /// What no model says: the audit chain, readers by profile, and that nothing stays misfiled.
    pub(crate) async fn conclude(&self) -> Result<(), String> {
        let broken = self.db.expect(crate::invariants::BROKEN, &[]).await;
        broken
            .first()
            .map_or(Ok(()), |row| Err(row.get::<_, String>(0)))
    }

    async fn customer(&mut self, n: u8) {
        let name = format!("customer-{}", n % 7);
        if self
            .model
            .profiles
            .iter()
            .any(|p| p.name.as_ref() == Some(&name))
        {
            return;
        }
        let id = self
            .row("INSERT INTO user_profiles (profile_type, username) VALUES ('authenticated', $1) RETURNING id::text", &[&name])
            .await;
        self.add(&id, Some(name), None);
    }

    fn add(&mut self, id: &str, name: Option<String>, device: Option<String>) -> usize {
        let id = Uuid::parse_str(id).expect("an id");
        self.model.profiles.push(Profile {
            id,
            customer: name.is_some(),
            erased: false,
            name,
            device,
            into: None,
            identifiers: Vec::new(),
        });
        self.model.profiles.len() - 1
    }

    async fn call(&mut self, n: u8) {
        let device = (n % 4 < 3).then(|| format!("device-{}", n % 4));
        let session = Uuid::now_v7();
        let via = if device.is_some() { "web" } else { "phone" };
        let owner = self
            .row(
                "SELECT profile_id::text FROM start_session($1, 'room', 'unknown', $2, $3, NULL, NULL, NULL, NULL, now())",
                &[&session, &device, &via],
            )
            .await;
        let known = device.filter(|d| !self.model.is_shared(d, None));
        let home = match known.as_deref().and_then(|d| self.model.of_device(d)) {
            Some(home) => home,
            None => self.add(&owner, None, known.clone()),
        };
        if let Some(device) = known
            && !self.model.profiles[home].identifiers.contains(&device)
        {
            self.model.profiles[home].identifiers.push(device);
        }
        self.begin(session, home);
    }

    async fn erase(&mut self, p: usize) -> Result<(), String> {
        let id = self.model.profiles[p].id;
        let outcome = self
            .row("SELECT outcome FROM erase_profile($1, 'proof')", &[&id])
            .await;
        same("erasing", &outcome, self.model.erase(p))
    }

    async fn late(&mut self, profile: usize) {
        if self.model.profiles[self.model.live(profile)].erased {
            return;
        }
        let session = Uuid::now_v7();
        let id = self.model.profiles[profile].id;
        self.row(
            "INSERT INTO session_rows (session_id, room_id, participant_id, profile_id) VALUES ($1, 'r', 'p', $2) RETURNING 'stored'",
            &[&session, &id],
        )
        .await;
        self.begin(session, self.model.live(profile));
    }

    fn begin(&mut self, id: Uuid, home: usize) {
        let session = Session {
            id,
            home,
            messages: 0,
            events: 0,
            summarised: false,
            authenticated: false,
        };
        self.model.sessions.push(session);
    }

    async fn words(&mut self, session: usize, upto: usize) -> Result<(), String> {
        // What comes late for an erased session is turned away before SQL: see erasing.rs.
        if self.model.is_erased(session) {
            return Ok(());
        }
        let s = &mut self.model.sessions[session];
        let wanted = (s.messages + 2).min(upto % 8 + 1);
        let new = wanted.saturating_sub(s.messages);
        s.messages += new;
        let (id, last) = (s.id, i32::try_from(wanted).expect("small") - 1);
        let stored = self
            .row(
                "WITH added AS (INSERT INTO conversation_messages (session_id, seq, role, content_ct, row_hash) SELECT $1::uuid, n, 'user', '\\x', sha256('') FROM generate_series(0, $2::int) n
                                ON CONFLICT (session_id, seq) DO NOTHING RETURNING 1) SELECT count(*)::text FROM added",
                &[&id, &last],
            )
            .await;
        same("new messages", &stored, &new.to_string())
    }

    async fn events(&mut self, session: usize, upto: usize) -> Result<(), String> {
        let erased = self.model.is_erased(session);
        let s = &mut self.model.sessions[session];
        let wanted = upto % 6 + 1;
        let new = if erased {
            0
        } else {
            wanted.saturating_sub(s.events)
        };
        s.events += new;
        let (ids, last) = (vec![s.id], i32::try_from(wanted).expect("small") - 1);
        let stored = self.row(crate::leads::TELL, &[&ids, &last]).await;
        same("new events", &stored, &new.to_string())
    }

    async fn summary(&mut self, session: usize) {
        // What comes late for an erased session is turned away before SQL: see erasing.rs.
        if self.model.is_erased(session) {
            return;
        }
        let s = &mut self.model.sessions[session];
        s.summarised = true;
        let id = s.id;
        self.row(
            "INSERT INTO conversation_summaries (session_id, summary, sentiment, resolution_status, message_count, duration_seconds)
             VALUES ($1, 's', 'neutral', 'resolved', 0, 0) ON CONFLICT (session_id) DO UPDATE SET summary = excluded.summary RETURNING 'stored'",
            &[&id],
        )
        .await;
    }

    async fn merge(&mut self, a: usize, b: usize, force: bool) -> Result<&'static str, String> {
        let ids = (self.model.profiles[a].id, self.model.profiles[b].id);
        let outcome = self
            .row(
                "SELECT merge_profiles($1, $2, 'proof', NULL, $3)",
                &[&ids.0, &ids.1, &force],
            )
            .await;
        let expected = self.model.merge(a, b, force);
        same("merging", &outcome, expected)?;
        Ok(expected)
    }

    async fn unmerge(&mut self, p: usize) -> Result<(), String> {
        let id = self.model.profiles[p].id;
        let outcome = self
            .row("SELECT unmerge_profile($1, 'proof')", &[&id])
            .await;
        same("unmerging", &outcome, self.model.unmerge(p))
    }

    async fn authenticate(&mut self, session: usize, customer: usize) -> Result<(), String> {
        let ids = (
            self.model.sessions[session].id,
            self.model.profiles[customer].id,
        );
        let outcome = self
            .row(
                "SELECT authenticate_session($1, $2, 2, 'proof')",
                &[&ids.0, &ids.1],
            )
            .await;
        same(
            "authenticating",
            &outcome,
            self.model.authenticate(session, customer),
        )
    }

    async fn round_trip(&mut self, a: usize, b: usize, drained: u8) -> Result<(), String> {
        let source = self.model.live(a);
        let before = self.lines(STORED).await;
        if self.merge(a, b, true).await? != "merged" {
            return Ok(());
        }
        self.row(
            "SELECT refiled::text FROM drain_merges($1)",
            &[&(i32::from(drained % 4) + 1)],
        )
        .await;
        self.compare().await?;
        self.unmerge(source).await?;
        let after = self.lines(STORED).await;
        if after == before {
            return Ok(());
        }
        let new: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
        let old: Vec<_> = before.iter().filter(|line| !after.contains(line)).collect();
        Err(format!(
            "a merge and its unmerge left {new:#?} instead of {old:#?}"
        ))
    }

    async fn lines(&self, sql: &'static str) -> Vec<String> {
        let mut lines: Vec<String> = self
            .db
            .expect(sql, &[])
            .await
            .iter()
            .map(|row| row.get(0))
            .collect();
        lines.sort();
        lines
    }

    async fn row(&self, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> String {
        self.db.expect(sql, params).await[0].get(0)
    }
}

fn same(what: &str, stored: &str, expected: &str) -> Result<(), String> {
    if stored == expected {
        Ok(())
    } else {
        Err(format!(
            "{what}: PostgreSQL says {stored}, the model says {expected}"
        ))
    }
}
