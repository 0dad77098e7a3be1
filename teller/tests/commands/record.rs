//! The failure tests of the record, F1 to F15: each breaks one thing under the real writer and a
//! real PostgreSQL, and ends with the same question.

mod disk;

use std::time::{Duration, Instant};

use database::test_support::until;

use crate::support::{self, cluster::Cluster, rehearsal::Harness};

const PATIENCE: Duration = Duration::from_secs(30);

fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_a_writer_killed_at_any_moment_loses_nothing_it_acknowledged() {
    let cluster = Cluster::open().await;
    let harness = cluster.harness("f1");
    for life in 1..=4_u64 {
        let before = harness.acknowledged().len();
        let writer = harness.start(&["--seed", &life.to_string()]);
        harness.until_acknowledged(before + 30, PATIENCE);
        pause(life * 170 % 400);
        writer.kill();
    }
    harness.bring_home();
    cluster.judge(&[&harness]).await.assert_exact(100);
}

#[tokio::test(flavor = "multi_thread")]
async fn f2_a_writer_killed_at_each_labelled_point_loses_nothing_it_acknowledged() {
    let cluster = Cluster::open().await;
    let harness = cluster.harness("f2");
    for point in [
        "before-append:40",
        "mid-frame:40",
        "after-append:40",
        "before-commit:12",
        "after-commit:12",
        // A segment goes when its writer ends in order, or is full.
        "before-delete:1",
    ] {
        let mut command = harness.rehearse(&["--turns", "400", "--pause-us", "1000"]);
        command.env("TELLER_FAIL", point);
        let mut writer = support::rehearsal::Process(command.spawn().unwrap());
        assert!(writer.dies_within(PATIENCE), "{point} was never reached");
        let status = writer.0.wait().unwrap();
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&status),
            Some(9),
            "{point} kills: {status}\n{}",
            harness.log()
        );
    }
    harness.bring_home();
    assert!(harness.found()[1] > 0, "a torn tail was found and cut");
    cluster.judge(&[&harness]).await.assert_exact(500);
}

#[tokio::test(flavor = "multi_thread")]
async fn f3_a_database_that_crashes_and_restarts_delays_the_record_and_loses_nothing() {
    let cluster = Cluster::open().await;
    let harness = cluster.harness("f3");
    let writer = harness.start(&[]);
    harness.until_acknowledged(100, PATIENCE);
    for _ in 0..3 {
        cluster.server.crash();
        cluster.server.restart();
        pause(300);
    }
    harness.until_acknowledged(200, PATIENCE);
    assert!(
        writer.end(),
        "an orderly end brings everything home: {}",
        harness.log()
    );
    cluster.judge(&[&harness]).await.assert_exact(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn f4_while_the_database_is_away_turns_are_acknowledged_also_by_a_worker_that_starts_then() {
    let cluster = Cluster::open().await;
    let harness = cluster.harness("f4");
    cluster.server.crash();
    // The long form: F4_AWAY_SECONDS=600. The spool of 64 MiB must have room for all of it.
    let away = std::env::var("F4_AWAY_SECONDS").map_or(0, |text| text.parse().unwrap());
    let pause = if away > 0 { "100000" } else { "2000" };
    let writer = harness.start(&["--patience", "1", "--pause-us", pause]);
    harness.until_acknowledged(300, PATIENCE);
    std::thread::sleep(Duration::from_secs(away));
    assert!(!writer.end(), "it says that something waits");
    assert!(
        harness.log().contains("waits in SPOOL_DIR"),
        "the log says how much waits, and where:\n{}",
        harness.log()
    );
    assert!(
        !harness.files(".seg").is_empty(),
        "the record lies on the disk"
    );
    cluster.server.restart();
    harness.bring_home();
    cluster.judge(&[&harness]).await.assert_exact(300);
}

#[tokio::test(flavor = "multi_thread")]
async fn f4_a_writer_whose_spool_is_full_while_the_database_is_away_ends_when_it_is_told_to() {
    let cluster = Cluster::open().await;
    let mut harness = cluster.harness("f4-full");
    harness.spool_mb = "1".into();
    cluster.server.crash();
    let writer = harness.start(&["--patience", "1", "--pause-us", "0"]);
    harness.until_logged("the spool takes no records", PATIENCE);
    pause(500);
    let before = Instant::now();
    assert!(!writer.end(), "it says that something waits");
    assert!(before.elapsed() < PATIENCE, "{:?}", before.elapsed());
    cluster.server.restart();
    harness.bring_home();
    cluster.judge(&[&harness]).await.assert_exact(500);
}

#[tokio::test(flavor = "multi_thread")]
async fn f5_a_database_that_hangs_holds_up_no_turn_and_loses_none() {
    let cluster = Cluster::open().await;
    let harness = cluster.harness("f5");
    let writer = harness.start(&[]);
    harness.until_acknowledged(100, PATIENCE);
    let hanging = cluster.hang().await;
    let before = harness.acknowledged().len();
    // Longer than a statement of the flusher may take.
    pause(3000);
    harness.until_acknowledged(before + 500, PATIENCE);
    drop(hanging);
    assert!(writer.end(), "{}", harness.log());
    cluster.judge(&[&harness]).await.assert_exact(600);
}

#[tokio::test(flavor = "multi_thread")]
async fn f6_a_flusher_whose_connection_is_terminated_goes_on_with_another() {
    let cluster = Cluster::open().await;
    let harness = cluster.harness("f6");
    let admin = cluster.superuser().await;
    let writer = harness.start(&[]);
    // However long the flusher takes to come back each time.
    let (mut terminated, began) = (0, Instant::now());
    while terminated <= 5 && began.elapsed() < PATIENCE {
        pause(60);
        let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE application_name = 'teller' AND datname = current_database()";
        let killed: i64 = admin.query_one(sql, &[]).await.unwrap().get(0);
        terminated += killed;
    }
    assert!(terminated > 5, "{terminated} connections were terminated");
    harness.until_acknowledged(200, PATIENCE);
    assert!(writer.end(), "{}", harness.log());
    cluster.judge(&[&harness]).await.assert_exact(200);
}

/// The database refuses every row with this SQLSTATE, as it does itself when its disk is full.
fn refusing(state: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '{state}'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON conversation_messages FOR EACH STATEMENT EXECUTE FUNCTION refuse();"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn f9_a_database_whose_disk_is_full_delays_the_record_and_loses_nothing() {
    let cluster = Cluster::open().await;
    let harness = cluster.harness("f9");
    let owner = cluster.sql().await;
    let writer = harness.start(&[]);
    harness.until_acknowledged(100, PATIENCE);
    owner.batch_execute(&refusing("53100")).await.unwrap();
    let before = harness.acknowledged().len();
    harness.until_acknowledged(before + 300, PATIENCE);
    harness.until_logged("53100", PATIENCE);
    assert!(
        harness.files(".letter").is_empty(),
        "a full disk is no reason to set rows aside"
    );
    owner
        .batch_execute("DROP TRIGGER refuse ON conversation_messages")
        .await
        .unwrap();
    assert!(writer.end(), "{}", harness.log());
    cluster.judge(&[&harness]).await.assert_exact(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_a_standby_that_takes_no_rows_delays_the_record_and_loses_nothing() {
    let cluster = Cluster::open().await;
    let harness = cluster.harness("f10");
    let admin = cluster.superuser().await;
    let writer = harness.start(&[]);
    harness.until_acknowledged(100, PATIENCE);
    let read_only = async |on: &str| {
        let sql = format!(
            "ALTER DATABASE {} SET default_transaction_read_only = {on};
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE application_name = 'teller' AND datname = current_database()",
            cluster.name
        );
        for statement in sql.split(';') {
            let changed = admin
                .batch_execute(&format!(
                    "SET default_transaction_read_only = off; {statement}"
                ))
                .await;
            changed.unwrap();
        }
    };
    let before = harness.acknowledged().len();
    let deadline = Instant::now() + PATIENCE;
    for round in 0.. {
        if harness.log().contains("25006") {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "the log never says why:\n{}",
            harness.log()
        );
        // A connection that was just being made may have missed it.
        if round % 100 == 0 {
            read_only("on").await;
        }
        pause(20);
    }
    harness.until_acknowledged(before + 300, PATIENCE);
    read_only("off").await;
    assert!(writer.end(), "{}", harness.log());
    cluster.judge(&[&harness]).await.assert_exact(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_a_commit_whose_reply_is_lost_is_repeated_and_stored_once() {
    let cluster = Cluster::open().await;
    let owner = cluster.sql().await;
    owner
        .batch_execute(
            "CREATE TABLE delivered (session_id uuid, seq int);
             CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN INSERT INTO delivered VALUES (NEW.session_id, NEW.seq); RETURN NEW; END $$;
             CREATE TRIGGER note BEFORE INSERT ON conversation_messages FOR EACH ROW EXECUTE FUNCTION note();",
        )
        .await
        .unwrap();
    let proxy = support::proxy::Proxy::before(&cluster.url()).await;
    let mut harness = cluster.harness("f11");
    harness.url = proxy.url.clone();
    let writer = harness.start(&[]);
    let stored = async || {
        let sql = "SELECT count(*) FROM delivered";
        owner.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    let repeated = async || {
        let sql = "SELECT count(*) - count(DISTINCT (session_id, seq)) FROM delivered";
        owner.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    let deadline = Instant::now() + 4 * PATIENCE;
    let mut rounds = 0;
    while rounds < 3 || repeated().await == 0 {
        assert!(
            Instant::now() < deadline,
            "no committed row was delivered again in {rounds} rounds: {}",
            harness.log()
        );
        rounds += 1;
        // Rows pass: the statements of this connection are prepared, the next large request is a batch.
        let before = stored().await;
        until("rows arrive", async || stored().await > before).await;
        let (swallowed, before) = (proxy.swallowed(), stored().await);
        proxy.swallow_replies();
        let lost = async {
            while proxy.swallowed() == swallowed || stored().await == before {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        // If it was the question which rows differ, or the batch before was the one that was stored: another round.
        drop(tokio::time::timeout(Duration::from_secs(5), lost).await);
        proxy.cut().await;
        proxy.mend();
    }
    let home = tokio::task::spawn_blocking(move || writer.end());
    assert!(home.await.unwrap(), "the writer ends in order");
    cluster.judge(&[&harness]).await.assert_exact(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_second_worker_on_the_same_spool_is_refused_by_name() {
    let cluster = Cluster::open().await;
    let harness = cluster.harness("f12");
    let writer = harness.start(&["--seed", "41"]);
    harness.until_acknowledged(10, PATIENCE);
    let mut second = harness.program(env!("CARGO_BIN_EXE_rehearsal"));
    let second = second.args(["--seed", "42"]).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success(), "two writers in one folder");
    assert!(
        said.contains("rehearsal-41") && said.contains("SPOOL_DIR"),
        "{said}"
    );
    assert!(
        writer.end(),
        "the first is not disturbed: {}",
        harness.log()
    );
    cluster.judge(&[&harness]).await.assert_exact(10);
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_a_damaged_record_is_reported_with_session_and_number_and_all_others_are_stored() {
    let cluster = Cluster::open().await;
    let harness = cluster.harness("f13");
    cluster.server.crash();
    let writer = harness.start(&["--sessions", "1"]);
    harness.until_acknowledged(60, PATIENCE);
    writer.kill();
    let key = cluster.keys.spool_key();
    let segment = database::spool::segments(&harness.spool, &key)
        .unwrap()
        .remove(0);
    let path = harness.files(".seg").remove(0);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = usize::try_from(segment.end / 2).unwrap();
    bytes[middle] ^= 0x40;
    std::fs::write(&path, bytes).unwrap();
    let damaged = database::spool::segments(&harness.spool, &key)
        .unwrap()
        .remove(0);
    let database::spool::Lost::Record(lost) = damaged.damage[0].lost else {
        panic!("one record is damaged: {:?}", damaged.damage)
    };
    cluster.server.restart();
    harness.bring_home();
    let named = format!("seq={}", lost.seq);
    let session = lost.session.to_string();
    let log = harness.log();
    let said = log
        .lines()
        .any(|line| line.contains("damaged") && line.contains(&named) && line.contains(&session));
    assert!(said, "{lost:?} is not named in\n{log}");
    let verdict = cluster.judge(&[&harness]).await;
    assert_eq!(verdict.lost, [(lost.session, lost.seq)], "only that one");
    assert!(
        verdict.changed.is_empty() && verdict.acked >= 60,
        "{verdict:?}"
    );
    let list = harness
        .teller(&["spool", "list", "--json"])
        .output()
        .unwrap();
    assert_eq!(list.status.code(), Some(1), "an operator should look");
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(list.contains(".damaged"), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_a_clock_that_jumps_back_harms_nothing() {
    let cluster = Cluster::open().await;
    let harness = cluster.harness("f14");
    let mut arguments = vec!["--turns", "60", "--clock-back-after", "30"];
    let status = harness.rehearse(&arguments).status().unwrap();
    assert!(status.success(), "{}", harness.log());
    arguments.extend(["--seed", "2"]);
    let writer = harness.start(&arguments);
    pause(80);
    writer.kill();
    harness.bring_home();
    let row = cluster
        .sql()
        .await
        .query_one(
            "SELECT count(*) FROM conversation_messages a JOIN conversation_messages b
               ON b.session_id = a.session_id AND b.seq = a.seq + 1 AND b.created_at < a.created_at",
            &[],
        )
        .await
        .unwrap();
    assert!(
        row.get::<_, i64>(0) >= 4,
        "the clock went back in each call"
    );
    cluster.judge(&[&harness]).await.assert_exact(240);
}

/// What an administrator might do about a refused row.
const TAKE_ANY_NUMBER: &str = "
    DO $$ DECLARE name text; BEGIN
      SELECT conname INTO STRICT name FROM pg_constraint
       WHERE conrelid = 'conversation_messages'::regclass AND pg_get_constraintdef(oid) LIKE '%seq >= 0%';
      EXECUTE format('ALTER TABLE conversation_messages DROP CONSTRAINT %I', name);
    END $$";

/// Who opens a dead letter gives a name, which the audit keeps if the database can be reached.
async fn assert_opening_is_audited(
    cluster: &Cluster,
    harness: &Harness,
    letter: &serde_json::Value,
    words: &str,
) {
    let id = letter["letter"].as_str().unwrap();
    let open = |more: &[&str]| {
        let arguments = ["spool", "inspect", id, "--reveal", "--json"];
        let output = harness.teller(&[&arguments[..], more].concat()).output();
        let output = output.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (shown, told) = (text(&output.stdout), text(&output.stderr));
        (output.status.code(), shown, told)
    };
    let opened = async || {
        let sql = "SELECT coalesce(string_agg(actor || ' ' || subject_id, ', '), '') FROM audit_log WHERE action = 'letter.opened'";
        let row = cluster.sql().await.query_one(sql, &[]).await.unwrap();
        row.get::<_, String>(0)
    };
    let (code, shown, told) = open(&[]);
    assert_eq!((code, shown.as_str()), (Some(2), ""), "nameless: {told}");
    assert!(told.contains("--actor"), "{told}");
    assert_eq!(opened().await, "", "nothing was opened yet");
    let (code, shown, told) = open(&["--actor", "Ann Moyo"]);
    assert_eq!((code, told.as_str()), (Some(0), ""), "{shown}");
    assert!(shown.contains(words), "the words are not shown: {shown}");
    let row = format!("Ann Moyo {}", letter["session"].as_str().unwrap());
    assert_eq!(opened().await, row, "an opening without its row");
    cluster.server.crash();
    let (code, shown, told) = open(&["--actor", "Ann Moyo"]);
    cluster.server.restart();
    assert_eq!(code, Some(0), "an operator cannot look: {told}");
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["audited"], false, "{shown:#}");
    assert_eq!(shown["record"]["Message"]["seq"], -40, "{shown:#}");
    assert!(told.contains("not audited"), "nobody is told: {told}");
    assert_eq!(opened().await, row);
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_a_row_that_no_table_takes_is_set_aside_and_the_others_go_on() {
    let cluster = Cluster::open().await;
    let harness = cluster.harness("f15");
    let status = harness
        .rehearse(&["--turns", "120", "--poison-after", "40", "--pause-us", "0"])
        .status()
        .unwrap();
    assert!(status.success(), "{}", harness.log());
    cluster.judge(&[&harness]).await.assert_exact(480);
    let teller = |arguments: &[&str]| {
        let output = harness.teller(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), text)
    };
    let (code, list) = teller(&["spool", "list", "--json"]);
    assert_eq!(code, Some(1), "an operator should look: {list}");
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let letter = &list["dead_letters"][0];
    assert_eq!(letter["seq"], -40, "{list:#}");
    assert!(list["dead_letters"][1].is_null(), "only that row: {list:#}");
    let id = letter["letter"].as_str().unwrap();
    let session = letter["session"].as_str().unwrap().parse().unwrap();
    let words = support::words::words(database::SessionId(session), -40);
    let (code, shown) = teller(&["spool", "inspect", id, "--json"]);
    assert_eq!((code, shown.contains(&words)), (Some(0), false), "{shown}");
    assert_opening_is_audited(&cluster, &harness, letter, &words).await;
    assert!(
        !harness.log().contains(&words),
        "no log shows what was said"
    );
    let (code, dry) = teller(&["spool", "retry", "--dry-run", "--actor", "ann"]);
    assert!(code == Some(0) && dry.contains("would be tried"), "{dry}");
    let (code, refused) = teller(&["spool", "retry", "--actor", "ann"]);
    assert!(code == Some(1) && refused.contains("refused"), "{refused}");
    cluster
        .sql()
        .await
        .batch_execute(TAKE_ANY_NUMBER)
        .await
        .unwrap();
    let (code, stored) = teller(&["spool", "retry", id, "--actor", "ann"]);
    assert!(code == Some(0) && stored.contains("stored"), "{stored}");
    assert_eq!(
        teller(&["spool", "list"]).0,
        Some(0),
        "nothing is left to look at"
    );
}
