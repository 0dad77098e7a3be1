//! A person who wants to be forgotten, from the sealing thread to a back-up: the real worker's
//! record, a real PostgreSQL and a real spool. Afterwards nothing of theirs is anywhere, and
//! nothing brings it back.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use database::{
    CallbackChange, CallbackRepository, ConversationSummaryRepository, NewCallback, NewSummary,
    Origin, ProfileId, ProfileRepository, Resolution, Sentiment, SessionId,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{self, cluster::Cluster, rehearsal::Harness};

/// Somebody's bytes, and what they are, for the message when they are found.
type Needles = Vec<(String, Vec<u8>)>;

/// Everything of a person that may lie about in a readable form.
struct Person {
    name: &'static str,
    device: &'static str,
    phone: &'static str,
    calls: Vec<SessionId>,
}

/// What a person's calls said, as the program `rehearsal` words it.
const TURNS: &str = "12";

fn place(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// Those that occur in any of the haystacks, by name.
fn found(needles: &Needles, haystacks: &[Vec<u8>]) -> Vec<String> {
    let occurs = |needle: &[u8]| haystacks.iter().any(|hay| place(hay, needle));
    let found = needles.iter().filter(|(_, needle)| occurs(needle));
    found.map(|(what, _)| what.clone()).collect()
}

/// A back-up made now: its text, and the bytes that its hexadecimal digits stand for.
fn dump(cluster: &Cluster) -> Vec<Vec<u8>> {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let newest = versions
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin/pg_dump"))
        .filter(|path| path.exists())
        .max();
    let output = Command::new(newest.unwrap_or_else(|| "pg_dump".into()))
        .arg("--dbname")
        .arg(cluster.server.url("postgres", &cluster.name))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let mut bytes = Vec::new();
    for part in output.stdout.split(|byte| *byte == b'x').skip(1) {
        let digits: Vec<u8> = part
            .iter()
            .copied()
            .take_while(u8::is_ascii_hexdigit)
            .collect();
        let pairs = digits.chunks_exact(2);
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
        bytes.extend(pairs.filter_map(|pair| byte(pair).ok()));
        bytes.push(b'\n');
    }
    vec![output.stdout, bytes]
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => all.push(std::fs::read(&path).unwrap()),
        }
    }
    all
}

fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// `teller` as an administrator runs it; exit code, answer and everything it wrote.
fn admin(cluster: &Cluster, harness: &Harness, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let output = harness
        .teller(arguments)
        .env("ANCHOR_DIR", cluster.folder.join("anchors"))
        .output()
        .unwrap();
    let answer = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code(), answer, said(&output))
}

/// Copies every segment of a spool into another folder.
fn copy_segments(harness: &Harness, to: &Path) -> usize {
    std::fs::create_dir_all(to).unwrap();
    let segments = harness.files(".seg");
    for segment in &segments {
        let name = segment.file_name().unwrap();
        std::fs::copy(segment, to.join(name)).unwrap();
    }
    segments.len()
}

/// One call from their device and one from their telephone wait in the spool, the database away.
fn call_twice(harness: &Harness, person: &mut Person, seed: &str) {
    let before = harness.acknowledged();
    for origin in [["--device", person.device], ["--phone", person.phone]] {
        let status = harness
            .rehearse(&[
                "--seed",
                seed,
                "--sessions",
                "1",
                "--turns",
                TURNS,
                "--patience",
                "0",
            ])
            .args(origin)
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(1), "it waits: {}", harness.log());
    }
    for (session, _) in harness.acknowledged().into_keys() {
        let id = SessionId(session);
        let new = !before.keys().any(|(known, _)| *known == session);
        if new && !person.calls.contains(&id) {
            person.calls.push(id);
        }
    }
    assert!(!person.calls.is_empty(), "{}", harness.log());
}

/// As if the caller had said their name: the rehearsed words hold none.
fn summary_naming(session_id: SessionId, name: &str) -> NewSummary {
    NewSummary {
        session_id,
        summary: "asked about fees".into(),
        extracted_info: json!({"user_name": name}),
        sentiment: Sentiment::Neutral,
        resolution_status: Resolution::Resolved,
        topics: Vec::new(),
        message_count: 12,
        duration_seconds: 9,
        method: "rules".into(),
        method_version: "1".into(),
        source_last_seq: Some(11),
        partial: false,
    }
}

/// Merges the profiles that the calls began with into the customer, as an administrator; and what
/// a conversation, a sweeper and a colleague would add.
async fn know(cluster: &Cluster, harness: &Harness, person: &Person) -> ProfileId {
    let database = cluster.database();
    let profiles = ProfileRepository::new(&database);
    let customer = profiles.get_by_username(person.name).await.unwrap();
    let customer = customer.expect("imported").id;
    let learned = json!({"trait": format!("trait-{}", person.name)});
    let summaries = ConversationSummaryRepository::new(&database);
    let sql = cluster.sql().await;
    for call in &person.calls {
        let row = sql
            .query_one(
                "SELECT profile_id FROM agent_sessions WHERE session_id = $1",
                &[call],
            )
            .await
            .unwrap();
        let began: ProfileId = row.get(0);
        let origin = Origin::default();
        let patched = profiles.update_metadata(began, &learned, &origin);
        assert!(patched.await.unwrap().is_some());
        let summary = summary_naming(*call, &format!("stated-{}", person.name));
        assert!(summaries.upsert(&summary).await.unwrap());
        let reason = format!("reason-{}", person.name);
        let (began, into) = (began.to_string(), customer.to_string());
        let arguments = ["profiles", "merge", &began, &into, "--actor", "ann"];
        let (code, _, text) = admin(
            cluster,
            harness,
            &[&arguments[..], &["--reason", &reason]].concat(),
        );
        assert_eq!(code, Some(0), "{text}");
        let callback = NewCallback {
            phone_number: Some(person.phone.into()),
            reason: Some(format!("callback-{}", person.name)),
            wanted: Some(format!("wanted-{}", person.name)),
            ..NewCallback::new(Uuid::new_v4(), *call, chrono::Utc::now())
        };
        let callbacks = CallbackRepository::new(&database);
        callbacks.request(&callback).await.unwrap();
        let note = format!("noted-{}", person.name);
        let noted = callbacks.done(callback.id, "ann", Some(&note)).await;
        assert_eq!(noted.unwrap(), CallbackChange::Changed);
    }
    customer
}

/// What nobody may find afterwards. The first list is sealed and must not be found even before.
async fn needles(cluster: &Cluster, person: &Person, customer: ProfileId) -> (Needles, Needles) {
    let text = |what: &str, value: &str| (what.to_owned(), value.as_bytes().to_vec());
    let mut sealed = vec![
        text("telephone number", person.phone.trim_start_matches('+')),
        text("e-mail", &format!("{}@example.com", person.name)),
        text("name", &format!("Fullname of {}", person.name)),
        text("stated name", &format!("stated-{}", person.name)),
        text("why a callback", &format!("callback-{}", person.name)),
        text("when a callback", &format!("wanted-{}", person.name)),
        text("what was noted of it", &format!("noted-{}", person.name)),
    ];
    for call in &person.calls {
        for seq in 0..TURNS.parse().unwrap() {
            let words = support::words::words(*call, seq);
            sealed.push(text(&format!("words {seq} of {call}"), &words));
        }
    }
    let mut readable: Needles = ["trait", "reason"]
        .map(|what| text(what, &format!("{what}-{}", person.name)))
        .into();
    readable.push(text("user name", person.name));
    readable.push(text("device", person.device));
    let sql = "WITH tree AS (SELECT id FROM user_profiles WHERE $1 IN (id, merged_into_profile_id)),
                   calls AS (SELECT s.session_id, s.caller_bidx FROM session_rows s JOIN tree ON tree.id = s.home_profile_id)
              SELECT 'person key', wrapped FROM person_keys JOIN tree ON tree.id = profile_id
        UNION ALL SELECT 'session key', wrapped FROM session_keys JOIN calls USING (session_id)
        UNION ALL SELECT 'sealed number of the caller', caller_ct FROM session_keys JOIN calls USING (session_id)
        UNION ALL SELECT 'sealed stated name', name_ct FROM session_keys JOIN calls USING (session_id)
        UNION ALL SELECT 'index of the caller', caller_bidx FROM calls
        UNION ALL SELECT v.what, v.bytes FROM user_profiles u JOIN tree USING (id), LATERAL (VALUES
                    ('sealed name', u.name_ct), ('sealed number', u.phone_ct), ('sealed e-mail', u.email_ct),
                    ('index of the number', u.phone_bidx), ('index of the e-mail', u.email_bidx)) v(what, bytes)
        UNION ALL SELECT 'index of an identifier', bidx FROM profile_identifiers JOIN tree ON tree.id = profile_id
        UNION ALL SELECT 'sealed number of a callback', phone_ct FROM callbacks JOIN calls USING (session_id)
        UNION ALL SELECT 'sealed reason of a callback', reason_ct FROM callbacks JOIN calls USING (session_id)
        UNION ALL SELECT 'sealed time of a callback', wanted_ct FROM callbacks JOIN calls USING (session_id)
        UNION ALL SELECT 'sealed note of a callback', note_ct FROM callbacks JOIN calls USING (session_id)";
    let rows = cluster.sql().await.query(sql, &[&customer]).await.unwrap();
    for row in rows {
        if let Some(bytes) = row.get::<_, Option<Vec<u8>>>(1) {
            readable.push((row.get(0), bytes));
        }
    }
    let kinds: std::collections::BTreeSet<&str> =
        readable.iter().map(|(what, _)| what.as_str()).collect();
    assert!(kinds.len() >= 19, "a person has all of it: {kinds:?}");
    (sealed, readable)
}

/// Where something of a person could lie: back-up, spool, anchors, the workers' logs.
fn everywhere(cluster: &Cluster, harness: &Harness, told: &str) -> Vec<Vec<u8>> {
    let mut all = dump(cluster);
    all.extend(files(&harness.spool));
    all.extend(files(&cluster.folder.join("anchors")));
    all.push(harness.log().into_bytes());
    all.push(told.as_bytes().to_vec());
    all
}

struct Erased {
    cluster: Cluster,
    harness: Harness,
    sarah: ProfileId,
    /// Segments copied before the erasure: of calls that were stored, and of calls that never were.
    stale: [PathBuf; 2],
    of_sarah: Needles,
    of_john: Needles,
}

/// Two customers with a number, an address, a name and a device, imported as a cluster does.
fn two_customers(cluster: &Cluster, harness: &Harness) -> [Person; 2] {
    let person = |name, device, phone| Person {
        name,
        device,
        phone,
        calls: Vec::new(),
    };
    let people = [
        person(
            "sarahquillfeather",
            "tablet-of-quillfeather",
            "+263771234567",
        ),
        person("johnwalrus", "tablet-of-walrus", "+263779876543"),
    ];
    let mut csv = "username,phone_number,email,name\n".to_owned();
    for Person { name, phone, .. } in &people {
        csv.push_str(&format!(
            "{name},{phone},{name}@example.com,Fullname of {name}\n"
        ));
    }
    let file = cluster.folder.join("customers.csv");
    std::fs::write(&file, csv).unwrap();
    let file = file.display().to_string();
    let import = ["profiles", "import", &file, "--actor", "ann"];
    let (code, _, text) = admin(cluster, harness, &import);
    assert_eq!(code, Some(0), "{text}");
    people
}

/// Calls of which the database never hears: another host's spool. Their segments lie in `stale`,
/// and nowhere else.
fn unheard_calls(cluster: &Cluster, harness: &Harness, person: &Person, stale: &Path) -> Needles {
    let mut unheard = Person {
        calls: Vec::new(),
        ..*person
    };
    cluster.server.crash();
    call_twice(harness, &mut unheard, "3");
    assert!(copy_segments(harness, stale) > 0);
    for segment in harness.files(".seg") {
        std::fs::remove_file(segment).unwrap();
    }
    cluster.server.restart();
    let words = |call: &SessionId| {
        let words = support::words::words(*call, 3).into_bytes();
        (format!("words of {call}, never stored"), words)
    };
    unheard.calls.iter().map(words).collect()
}

/// Two customers with merged profiles; one of them is erased.
async fn one_of_two_is_erased() -> Erased {
    let cluster = Cluster::open().await;
    let harness = cluster.harness("erasure");
    let [mut sarah, mut john] = two_customers(&cluster, &harness);
    let stale = ["stored", "unheard"].map(|name| cluster.folder.join(name));
    cluster.server.crash();
    call_twice(&harness, &mut sarah, "1");
    call_twice(&harness, &mut john, "2");
    let copied = copy_segments(&harness, &stale[0]);
    assert!(copied > 0, "the record is on the disk");
    cluster.server.restart();
    harness.bring_home();
    let customer = know(&cluster, &harness, &sarah).await;
    let other = know(&cluster, &harness, &john).await;
    let (sealed, readable) = needles(&cluster, &sarah, customer).await;
    let (_, of_john) = needles(&cluster, &john, other).await;
    let before = everywhere(&cluster, &harness, "");
    assert_eq!(found(&sealed, &before), Vec::<String>::new(), "sealed");
    let there = found(&readable, &before).len();
    assert_eq!(there, readable.len(), "the search finds what is there");

    let unheard = unheard_calls(&cluster, &harness, &sarah, &stale[1]);
    let of_sarah = [sealed, readable, unheard].concat();
    let id = customer.to_string();
    let erase = [
        "profiles", "erase", &id, "--actor", "ann", "--yes", "--json",
    ];
    let (code, answer, text) = admin(&cluster, &harness, &erase);
    assert_eq!((code, &answer["outcome"]), (Some(0), &json!("erased")));
    assert_eq!(answer["profiles"], 3, "{text}");
    let after = everywhere(&cluster, &harness, &text);
    assert_eq!(found(&of_sarah, &after), Vec::<String>::new(), "left");
    let others = found(&of_john, &after).len();
    assert_eq!(others, of_john.len(), "nobody else's");
    Erased {
        cluster,
        harness,
        sarah: customer,
        stale,
        of_sarah,
        of_john,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_erased_person_is_left_in_a_dump_a_spool_or_a_log_and_none_comes_back() {
    let Erased {
        cluster,
        harness,
        sarah,
        stale,
        of_sarah,
        of_john,
    } = one_of_two_is_erased().await;
    let verified = admin(&cluster, &harness, &["verify", "--json"]);
    assert_eq!(
        verified.0,
        Some(0),
        "the record still verifies: {}",
        verified.2
    );

    for folder in &stale {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            std::fs::copy(entry.path(), harness.spool.join(entry.file_name())).unwrap();
        }
        assert!(!harness.files(".seg").is_empty(), "stale segments are back");
        harness.bring_home();
    }
    let (code, list, text) = admin(&cluster, &harness, &["spool", "list", "--json"]);
    assert_eq!(code, Some(0), "nothing was set aside: {list:#}");
    let after = everywhere(&cluster, &harness, &text);
    let back = found(&of_sarah, &after);
    assert_eq!(back, Vec::<String>::new(), "a stale spool brought it back");
    assert_eq!(found(&of_john, &after).len(), of_john.len());
    let sql = cluster.sql().await;
    let row = sql
        .query_one(
            "SELECT sum(dropped), count(*) FROM erased_sessions WHERE dropped > 0",
            &[],
        )
        .await
        .unwrap();
    let (dropped, sessions): (i64, i64) = (row.get(0), row.get(1));
    assert_eq!(sessions, 4, "two that were stored and two that never were");
    assert!(dropped >= 4 * 13, "each start and turn: {dropped}");

    let john = ProfileRepository::new(&cluster.database());
    let john = john.get_by_username("johnwalrus").await.unwrap().unwrap();
    for (source, target) in [(sarah, john.id), (john.id, sarah)] {
        let (source, target) = (source.to_string(), target.to_string());
        let merge = [
            "profiles", "merge", &source, &target, "--actor", "ann", "--force", "--json",
        ];
        let (code, answer, text) = admin(&cluster, &harness, &merge);
        assert_eq!(
            (code, &answer["outcome"]),
            (Some(1), &json!("refused_erased")),
            "{text}"
        );
    }
    let verified = admin(&cluster, &harness, &["verify", "--json"]);
    assert_eq!(verified.0, Some(0), "{}", verified.2);
    let drift = sql.query("SELECT FROM counter_drift", &[]).await.unwrap();
    assert!(drift.is_empty(), "counters stay exact");
}
