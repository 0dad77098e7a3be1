//! Whoever owns the database changes it behind every trigger; verifying says what and where.

use std::path::{Path, PathBuf};

use database::{
    AuditRepository, MessageRepository, RowHash, SealedMessage, SessionId,
    test_support::TestDatabase,
    verify::{Anchors, Finding, Problem, Verifier, VerifyReport},
};
use serde_json::json;

use crate::{
    sealing::sealed,
    support::{at, talk},
};

/// Three sessions of six messages, anchored after the first three messages and at the end.
struct Record {
    test: TestDatabase,
    folder: PathBuf,
    session: SessionId,
    rows: Vec<SealedMessage>,
}

impl Drop for Record {
    fn drop(&mut self) {
        let _left_behind_it_does_no_harm = std::fs::remove_dir_all(&self.folder);
    }
}

impl Record {
    async fn new() -> Self {
        let test = TestDatabase::new().await;
        let folder = std::env::temp_dir().join(format!("teller-anchors-{}", uuid::Uuid::new_v4()));
        let messages = MessageRepository::new(&test.db);
        let mut sessions = Vec::new();
        for device in ["one", "two", "three"] {
            let (session, _) = talk(&test.db, device, 0).await;
            let rows = sealed(session, 0..6);
            messages.insert_batch(&rows[..3]).await.unwrap();
            sessions.push((session, rows));
        }
        let anchors = Anchors::new(&test.db, &folder);
        assert_eq!(anchors.write(at(1)).await.unwrap().len(), 1);
        for (_, rows) in &sessions {
            messages.insert_batch(&rows[3..]).await.unwrap();
        }
        for n in 0..4 {
            let detail = json!({"n": n, "ratio": 1.50, "list": [null, "é"]});
            AuditRepository::new(&test.db)
                .record("clerk", "call.opened", Some(("session", "x")), &detail)
                .await
                .unwrap();
        }
        assert_eq!(anchors.write(at(2)).await.unwrap().len(), 1);
        assert_eq!(anchors.write(at(3)).await.unwrap().len(), 0, "nothing new");
        let (session, rows) = sessions.remove(1);
        Self {
            test,
            folder,
            session,
            rows,
        }
    }

    /// As superuser, with every trigger off.
    async fn tamper(&self, sql: &str) {
        let (client, connection) =
            tokio_postgres::connect(&self.test.superuser_url(), tokio_postgres::NoTls)
                .await
                .unwrap();
        #[expect(clippy::disallowed_methods, reason = "ends with its client")]
        tokio::spawn(connection);
        let sql = sql.replace("THIS", &format!("session_id = '{}'", self.session));
        client
            .batch_execute(&format!("SET session_replication_role = replica; {sql}"))
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    async fn verify(&self) -> VerifyReport {
        Verifier::new(&self.test.db, &self.folder)
            .unwrap()
            .all()
            .await
            .unwrap()
    }

    async fn assert_found(&self, what: &str, problems: &[Problem]) {
        let expected: Vec<Finding> = problems
            .iter()
            .map(|problem| Finding {
                session: Some(self.session),
                problem: problem.clone(),
            })
            .collect();
        assert_eq!(self.verify().await.findings, expected, "{what}");
        let one = Verifier::new(&self.test.db, &self.folder).unwrap();
        let alone = one.session(self.session).await.unwrap().unwrap();
        assert_eq!(alone.findings, expected, "{what}, the session alone");
    }

    /// Puts other rows in place of the session's, with a chain that holds.
    async fn rewrite(&self, rows: &[SealedMessage]) {
        self.tamper("DELETE FROM conversation_messages WHERE THIS; UPDATE session_rows SET message_count = 0, last_seq = NULL, chain_head = NULL WHERE THIS").await;
        // Through the front door: the triggers keep the session's numbers right.
        MessageRepository::new(&self.test.db)
            .insert_batch(rows)
            .await
            .unwrap();
    }
}

/// The chain of these rows computed anew.
fn rechain(mut rows: Vec<SealedMessage>) -> Vec<SealedMessage> {
    let mut hash = RowHash::first(rows[0].session_id);
    for row in &mut rows {
        hash = hash.then(row);
        row.row_hash = hash;
    }
    rows
}

#[tokio::test]
async fn a_record_that_nobody_touched_holds() {
    let record = Record::new().await;
    let report = record.verify().await;
    assert_eq!(report.findings, []);
    assert_eq!((report.sessions, report.messages), (3, 18));
    assert_eq!(
        (report.audit_rows, report.anchors, report.unanchored),
        (4, 2, 0)
    );
}

#[tokio::test]
async fn what_is_said_after_the_last_anchor_is_counted_as_not_anchored_yet() {
    let record = Record::new().await;
    let (session, _) = talk(&record.test.db, "four", 0).await;
    MessageRepository::new(&record.test.db)
        .insert_batch(&sealed(session, 0..2))
        .await
        .unwrap();
    let report = record.verify().await;
    assert_eq!((report.findings.len(), report.unanchored), (0, 1));
}

/// Each change, on a record of its own, is found as these problems.
async fn assert_each_is_found(cases: Vec<(&str, String, Vec<Problem>)>) {
    for (what, sql, problems) in cases {
        let record = Record::new().await;
        let sql = sql.replace("m.THIS", &format!("m.session_id = '{}'", record.session));
        record.tamper(&sql).await;
        record.assert_found(what, &problems).await;
    }
}

fn update(set: &str, of: &str) -> String {
    format!("UPDATE conversation_messages SET {set} WHERE THIS AND {of}")
}

fn delete(of: &str) -> String {
    format!("DELETE FROM conversation_messages WHERE THIS AND {of}")
}

/// One bit of this column's sixth byte.
fn flip(column: &str, seq: i32) -> String {
    let flipped = format!("{column} = set_byte({column}, 5, get_byte({column}, 5) # 1)");
    update(&flipped, &format!("seq = {seq}"))
}

fn swap_places(a: i32, b: i32) -> String {
    format!(
        "{}; {}",
        update("seq = 1000 + seq", &format!("seq IN ({a}, {b})")),
        update(&format!("seq = 1000 + {a} + {b} - seq"), "seq >= 1000")
    )
}

/// Of rows 1 and 2.
fn swap_columns(columns: &str) -> String {
    let from_other: Vec<String> = columns.split(' ').map(|c| format!("{c} = o.{c}")).collect();
    format!(
        "UPDATE conversation_messages m SET {} FROM conversation_messages o
          WHERE o.session_id = m.session_id AND m.THIS AND m.seq IN (1, 2) AND o.seq = 3 - m.seq",
        from_other.join(", ")
    )
}

#[tokio::test]
async fn a_changed_row_is_found_in_its_place() {
    let changed = |seq| vec![Problem::Changed { seq }];
    let two = [changed(1), changed(4)].concat();
    let count = "UPDATE session_rows SET message_count = 7 WHERE THIS".to_owned();
    let miscounted = vec![Problem::Miscounted {
        what: "message_count",
    }];
    let no_number = "meta = '{\"n\": 1e400}'";
    assert_each_is_found(vec![
        ("a byte of the words", flip("content_ct", 2), changed(2)),
        (
            "a byte of the first words",
            flip("content_ct", 0),
            changed(0),
        ),
        (
            "a byte of the last words",
            flip("content_ct", 5),
            changed(5),
        ),
        ("a byte of a hash", flip("row_hash", 3), changed(3)),
        ("a byte of the last hash", flip("row_hash", 5), changed(5)),
        ("who spoke", update("role = 'tool'", "seq = 4"), changed(4)),
        (
            "a number that nobody can write",
            update(no_number, "seq = 1"),
            changed(1),
        ),
        (
            "two rows",
            [flip("content_ct", 1), flip("content_ct", 4)].join(";"),
            two,
        ),
        ("the count", count, miscounted),
    ])
    .await;
}

#[tokio::test]
async fn a_dropped_or_swapped_row_is_found_in_its_place() {
    use Problem::{Changed, Missing, Swapped, Truncated};
    let swapped = |seq, with| vec![Swapped { seq, with }];
    let words_swapped = vec![Changed { seq: 1 }, Changed { seq: 2 }];
    let cut = |from| vec![Truncated { from, to: 5 }];
    let missing = |from, to| vec![Missing { from, to }];
    assert_each_is_found(vec![
        ("a dropped row", delete("seq = 3"), missing(3, 3)),
        ("the first rows dropped", delete("seq < 2"), missing(0, 1)),
        ("rows swapped", swap_places(1, 4), swapped(1, 4)),
        ("first and last swapped", swap_places(0, 5), swapped(0, 5)),
        (
            "rows swapped, hashes left",
            swap_columns("content_ct created_at"),
            swapped(1, 2),
        ),
        (
            "words swapped, times left",
            swap_columns("content_ct"),
            words_swapped,
        ),
        ("the tail cut off", delete("seq > 3"), cut(4)),
        ("everything cut off", delete("true"), cut(0)),
    ])
    .await;
}

#[tokio::test]
async fn a_row_stripped_of_its_words_or_its_hash_is_found() {
    // The owner can take a constraint away.
    const UNPROTECT: &str = "ALTER TABLE conversation_messages ALTER row_hash DROP NOT NULL, ALTER content_ct DROP NOT NULL";
    for (columns, which, seqs) in [
        ("row_hash = NULL", "AND seq = 2", 2..3),
        ("content_ct = NULL", "AND seq = 2", 2..3),
        ("row_hash = NULL, content_ct = NULL", "", 0..6),
    ] {
        let record = Record::new().await;
        let strip =
            format!("{UNPROTECT}; UPDATE conversation_messages SET {columns} WHERE THIS {which}");
        let no_head = "UPDATE session_rows SET chain_head = NULL WHERE THIS";
        record.tamper(&strip).await;
        if seqs.len() == 6 {
            record.tamper(no_head).await;
        }
        let problems: Vec<Problem> = seqs.map(|seq| Problem::Unhashed { seq }).collect();
        record.assert_found(&strip, &problems).await;
    }
}

#[tokio::test]
async fn a_tail_cut_off_together_with_the_sessions_numbers_is_found_by_the_anchors() {
    let record = Record::new().await;
    record.rewrite(&record.rows[..4]).await;
    record
        .assert_found(
            "two rows and the numbers",
            &[Problem::Truncated { from: 4, to: 5 }],
        )
        .await;
}

#[tokio::test]
async fn a_chain_computed_anew_is_found_by_the_anchors_and_narrowed_down() {
    for (changed, from, to, anchor) in [(4, 3, 5, 2), (1, 0, 2, 1)] {
        let record = Record::new().await;
        let mut rows = record.rows.clone();
        rows[changed].content_ct[20] ^= 1;
        let rows = rechain(rows);
        record.rewrite(&rows).await;
        record
            .assert_found("a new chain", &[Problem::Rewritten { from, to, anchor }])
            .await;
    }
}

#[tokio::test]
async fn a_session_that_vanished_altogether_is_missed() {
    let record = Record::new().await;
    record
        .tamper("DELETE FROM conversation_messages WHERE THIS; DELETE FROM session_rows WHERE THIS")
        .await;
    record
        .assert_found("no session", &[Problem::SessionGone { anchor: 2 }])
        .await;
}

#[tokio::test]
async fn the_audit_log_is_followed_row_by_row() {
    let rewritten = "CREATE OR REPLACE FUNCTION audit_broken_at() RETURNS bigint LANGUAGE sql AS 'SELECT NULL::bigint';
        UPDATE audit_log SET actor = 'nobody' WHERE id = 2;
        DO $$ DECLARE r audit_log; before bytea := '\\x'; BEGIN
          FOR r IN SELECT * FROM audit_log ORDER BY id LOOP
            r.prev_hash := before; before := audit_hash(r);
            UPDATE audit_log SET prev_hash = r.prev_hash, hash = before WHERE id = r.id;
          END LOOP; END $$";
    for (sql, problem) in [
        (
            "UPDATE audit_log SET actor = 'nobody' WHERE id = 3",
            Problem::AuditChanged { id: 3 },
        ),
        (
            "UPDATE audit_log SET detail = '{}' WHERE id = 1",
            Problem::AuditChanged { id: 1 },
        ),
        (
            "DELETE FROM audit_log WHERE id = 2",
            Problem::AuditMissing { from: 2, to: 2 },
        ),
        (
            "DELETE FROM audit_log WHERE id > 2",
            Problem::AuditMissing { from: 3, to: 4 },
        ),
        (rewritten, Problem::AuditRewritten { id: 4, anchor: 2 }),
    ] {
        let record = Record::new().await;
        record.tamper(sql).await;
        let expected = Finding {
            session: None,
            problem,
        };
        assert_eq!(record.verify().await.findings, [expected], "{sql}");
    }
}

fn anchor_file(folder: &Path) -> PathBuf {
    folder.join("tenant-1.anchors")
}

#[tokio::test]
async fn an_anchor_file_that_was_cut_edited_or_removed_is_noticed() {
    let record = Record::new().await;
    let file = anchor_file(&record.folder);
    let whole = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = whole.lines().collect();

    std::fs::write(&file, format!("{}\n", lines[0])).unwrap();
    let found = record.verify().await.findings;
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found
            .iter()
            .all(|finding| finding.problem == Problem::AnchorGone { seq: 5 }),
        "{found:?}"
    );

    std::fs::write(&file, format!("{}\n", lines[1])).unwrap();
    assert!(matches!(
        record.verify().await.findings[0].problem,
        Problem::BadAnchor { line: 1, .. }
    ));

    std::fs::write(&file, whole.replacen("\"seq\":2", "\"seq\":1", 1)).unwrap();
    assert!(matches!(
        record.verify().await.findings[0].problem,
        Problem::BadAnchor { line: 1, .. }
    ));

    std::fs::remove_file(&file).unwrap();
    let found: Vec<Problem> = record
        .verify()
        .await
        .findings
        .into_iter()
        .map(|f| f.problem)
        .collect();
    assert_eq!(found, [Problem::NoAnchors]);
}

#[tokio::test]
async fn a_line_torn_by_a_crash_is_cut_and_the_chain_of_anchors_goes_on() {
    let record = Record::new().await;
    let file = anchor_file(&record.folder);
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, [&whole[..], &whole[..100]].concat()).unwrap();
    AuditRepository::new(&record.test.db)
        .record("clerk", "x", None, &json!({}))
        .await
        .unwrap();
    let made = Anchors::new(&record.test.db, &record.folder)
        .write(at(4))
        .await
        .unwrap();
    assert_eq!(made[0].anchor, 3);
    let report = record.verify().await;
    assert_eq!((report.findings, report.anchors), (vec![], 3));
}

#[tokio::test]
async fn turns_without_a_session_are_checked_and_counted_and_are_no_damage() {
    let record = Record::new().await;
    let orphan = SessionId::new();
    MessageRepository::new(&record.test.db)
        .insert_batch(&sealed(orphan, 0..3))
        .await
        .unwrap();
    let report = record.verify().await;
    assert_eq!((report.findings, report.orphans), (vec![], 3));
    record
        .tamper(&format!(
            "DELETE FROM conversation_messages WHERE session_id = '{orphan}' AND seq = 1"
        ))
        .await;
    let expected = Finding {
        session: Some(orphan),
        problem: Problem::Missing { from: 1, to: 1 },
    };
    assert_eq!(record.verify().await.findings, [expected]);
}
