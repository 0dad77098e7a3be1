//! Calls that are put through to a colleague who is spoken to first: two real rooms in one worker.

use std::time::Duration;

use database::{CallbackFilter, CallbackRepository};
use livekit_api::services::room::{CreateRoomOptions, RoomClient};
use tokio::process::Child;
use voice::listen::{ModelFile, Stt, WhisperConfig, WhisperPool};

use crate::{
    callers::{sound, words},
    support::{
        Stack,
        bridge::{Bridge, Ring},
        livekit::{API_KEY, API_SECRET},
        stack::real_model,
    },
};

/// Words of ten that must be understood of what somebody said on the other line.
const UNDERSTOOD: usize = 6;
/// A call is over, or a person has it, in this time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who is called.
const DESK: &str = "+15550177";

const OF_CALLER: &str =
    "I was told to ask for you, because the machine in the high street has kept my card.";
const OF_COLLEAGUE: &str =
    "Good morning, thank you for waiting, we will find out together what has happened there.";

/// How every caller gets to a colleague.
const ASKING: &str = "- active
- wait: 30
- say: Can I speak to a person, please?
- wait: 40
- expect_agent: put you through
- say: Yes please.
";

/// A worker that calls colleagues, and the bridge that it calls them over.
async fn stack() -> (Stack, Bridge) {
    let mut stack = Stack::prepare(&[
        ("TRANSFER", "warm"),
        ("TRANSFER_TO", &format!("tel:{DESK}")),
        ("SIP_TRUNK_ID", "ST_test"),
    ])
    .await;
    let bridge = Bridge::of(&stack.livekit.url()).await;
    stack.set("LIVEKIT_URL", &bridge.url);
    stack.start_worker().await;
    (stack, bridge)
}

/// The stand-in colleague, who follows a script in the room that rings, as a phone: once they are there.
async fn colleague(stack: &Stack, ring: &Ring, script: &str, more: &[&str]) -> Child {
    let mut arguments = vec!["--sip", "--number", DESK, "--voice", "flite:slt"];
    arguments.extend(["--room", &ring.room]);
    arguments.extend(more);
    let colleague = stack.caller(script, &arguments).await;
    let identity = format!("sip_{DESK}");
    let came = stack
        .eventually(PATIENCE, async || is_in(stack, &ring.room, &identity).await)
        .await;
    assert!(came, "the colleague is in the room");
    colleague
}

fn rooms(stack: &Stack) -> RoomClient {
    let host = stack.livekit.url().replace("ws://", "http://");
    RoomClient::with_api_key(&host, API_KEY, API_SECRET)
}

/// Whether somebody of this identity is in a room.
async fn is_in(stack: &Stack, room: &str, identity: &str) -> bool {
    let present = rooms(stack).list_participants(room).await;
    present.is_ok_and(|all| all.iter().any(|one| one.identity == identity))
}

/// Nobody is left in any room of a colleague's.
async fn assert_left(stack: &Stack) {
    let client = rooms(stack);
    let empty = stack
        .eventually(Duration::from_secs(20), async || {
            let listed = client.list_rooms(Vec::new()).await.unwrap_or_default();
            let mut names = listed.iter().map(|room| &room.name);
            !names.any(|name| name.starts_with("consultation-"))
        })
        .await;
    assert!(empty, "a colleague's room is still there:\n{}", stack.log());
}

/// Outcomes of the calls of a tool, over all sessions; `None`: it is not known yet.
async fn outcomes(stack: &Stack, tool: &str) -> Vec<Option<String>> {
    let client = stack.sql().await;
    let rows = client
        .query(
            "SELECT outcome FROM tool_calls
               LEFT JOIN tool_call_outcomes USING (session_id, idempotency_key, tenant_id)
              WHERE tool = $1 ORDER BY requested_at",
            &[&tool],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Waits until a call of a tool has this outcome, then tells the scripts by a file.
async fn tell_when(stack: &Stack, tool: &str, outcome: Option<&str>, file: &str) {
    let wanted = outcome.map(str::to_owned);
    let happened = stack
        .eventually(PATIENCE, async || {
            outcomes(stack, tool).await.first() == Some(&wanted)
        })
        .await;
    assert!(happened, "no {tool} with {wanted:?}:\n{}", stack.log());
    std::fs::write(stack.folder.join(file), "").unwrap();
}

fn recogniser() -> Stt {
    let model = ModelFile::open(&real_model()).unwrap();
    let patient = WhisperConfig {
        timeout: Duration::from_secs(120),
        ..WhisperConfig::default()
    };
    Stt::Whisper(WhisperPool::start(&model, &patient).unwrap())
}

/// The words that somebody heard in a call.
async fn transcript(stt: &Stt, recording: &str) -> Vec<String> {
    let heard = sound::agents_side(recording.as_ref());
    words::plain(&sound::transcribe(stt, &heard).await)
}

#[tokio::test]
async fn caller_and_colleague_hear_each_other_and_the_caller_comes_back() {
    let (stack, mut bridge) = stack().await;
    let file = |name: &str| -> String { stack.folder.join(name).display().to_string() };
    let script = format!(
        "{ASKING}- until_file: taken\n- say: {OF_CALLER}\n- until_file: back\n- wait: 30\n- expect_agent: You are back with me\n\
         - expect_agent: anything else\n- wait: 30\n- say: No, thank you.\n- expect_end: 30\n"
    );
    let heard_by_caller = file("caller.wav");
    let caller = ["--sip", "--record", &heard_by_caller];
    let caller = stack.caller(&script, &caller).await;
    let ring = bridge.ring().await;
    assert!(ring.names(DESK) && !ring.names("tel:"));
    assert!(ring.names("ST_test"), "over the trunk that is set");
    let heard_by_colleague = file("colleague.wav");
    let script = format!(
        "- active\n- wait: 30\n- say: \"Yes, put them through.\"\n- until_file: taken\n- pause: 9\n- say: {OF_COLLEAGUE}\n- pause: 2\n"
    );
    let record = ["--record", &heard_by_colleague];
    let colleague = colleague(&stack, &ring, &script, &record).await;
    ring.answered();
    tell_when(&stack, "person", None, "taken").await;
    tell_when(&stack, "person", Some("success"), "back").await;
    stack.finish(colleague).await.assert_met();
    stack.finish(caller).await.assert_met();
    assert_left(&stack).await;
    let stt = recogniser();
    let colleague_heard = transcript(&stt, &heard_by_colleague).await;
    let caller_heard = transcript(&stt, &heard_by_caller).await;
    for (heard, said) in [(&colleague_heard, OF_CALLER), (&caller_heard, OF_COLLEAGUE)] {
        let said = words::plain(said);
        let understood = words::in_order(&said, heard);
        assert!(
            10 * understood >= UNDERSTOOD * said.len(),
            "{understood} words of {said:?} in {heard:?}"
        );
    }
    // What the agent asked the colleague is nothing that the caller hears.
    let asked = |heard: &[String]| heard.iter().any(|word| word == "press");
    assert!(asked(&colleague_heard), "{colleague_heard:?}");
    assert!(!asked(&caller_heard), "{caller_heard:?}");
    let (_, summary) = stack.summarised().await;
    assert_eq!(summary["resolution_status"], "escalated", "{summary:#}");
    assert_eq!(outcomes(&stack, "transfer").await, [Some("success".into())]);
    let lost = stack.metric("teller_bridged_frames_dropped_total").await;
    assert!(lost < 100.0, "{lost} frames of 10 ms were lost on the way");
}

#[tokio::test]
async fn a_colleague_who_declines_by_key_is_let_go_and_a_call_back_is_offered() {
    let (stack, mut bridge) = stack().await;
    let script = format!(
        "{ASKING}- until_file: declined\n- wait: 30\n- expect_agent: cannot take your call right now\n"
    );
    let caller = stack.caller(&script, &["--sip"]).await;
    let ring = bridge.ring().await;
    let script = "- active\n- wait: 30\n- dial: \"2\"\n- expect_end: 10\n";
    let colleague = colleague(&stack, &ring, script, &[]).await;
    ring.answered();
    tell_when(&stack, "transfer", Some("failed"), "declined").await;
    stack.finish(colleague).await.assert_met();
    stack.finish(caller).await.assert_met();
    assert_left(&stack).await;
    assert!(outcomes(&stack, "person").await.is_empty());
}

#[tokio::test]
async fn a_line_that_is_busy_leads_to_a_call_back() {
    let (stack, mut bridge) = stack().await;
    let script = format!(
        "{ASKING}- until_file: busy\n- wait: 30\n- expect_agent: all on the phone\n- say: Yes please.\n- wait: 40\n- expect_agent: which number\n"
    );
    let caller = stack.caller(&script, &["--sip"]).await;
    bridge.ring().await.failed("486");
    tell_when(&stack, "transfer", Some("failed"), "busy").await;
    stack.finish(caller).await.assert_met();
    assert_left(&stack).await;
    let callbacks = CallbackRepository::new(&stack.database.db);
    let open = callbacks.list(CallbackFilter::Open, None, 9).await.unwrap();
    assert!(open.is_empty(), "the number was not confirmed: {open:?}");
}

#[tokio::test]
async fn a_caller_who_hangs_up_ends_the_ringing_and_whoever_answers_too_late_is_let_go() {
    let (stack, mut bridge) = stack().await;
    let script = format!("{ASKING}- until_file: rings\n- pause: 2\n");
    let caller = stack.caller(&script, &["--sip"]).await;
    let ring = bridge.ring().await;
    std::fs::write(stack.folder.join("rings"), "").unwrap();
    stack.finish(caller).await.assert_met();
    assert_left(&stack).await;
    // It was answered in the moment in which it was given up: the bridge makes the room anew.
    let server = rooms(&stack);
    let made = server.create_room(&ring.room, CreateRoomOptions::default());
    made.await.unwrap();
    ring.answered();
    assert_left(&stack).await;
    assert!(bridge.is_silent(), "nobody is called again");
    assert_eq!(outcomes(&stack, "transfer").await, [Some("failed".into())]);
}
