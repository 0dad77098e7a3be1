//! The protocol by scripts: events at a time, and what was written.

use std::num::NonZeroUsize;

use livekit_protocol::agent_http::GoAway;
use livekit_protocol::{JobTermination, RegisterWorkerResponse, Room, WorkerPong};

use super::*;

/// A worker whose slots stay in the test's hands: started calls are kept.
struct Script {
    protocol: Protocol,
    slots: Slots,
    held: HashMap<String, SlotGuard>,
}

impl Script {
    fn new(slots: usize) -> Self {
        let slots = Slots::new(NonZeroUsize::new(slots).expect("tests ask for places"));
        Self {
            protocol: Protocol::new("teller".to_owned(), slots.clone()),
            slots,
            held: HashMap::new(),
        }
    }

    /// A registered worker; what it wrote so far is dropped.
    fn registered(slots: usize) -> Self {
        let mut script = Self::new(slots);
        script.on(0, Input::Connected);
        script.on(0, registration());
        script
    }

    /// Feeds one event at `millis`; what was done, in words.
    fn on(&mut self, millis: u64, input: Input) -> Vec<String> {
        let now = Duration::from_millis(millis);
        let actions = self.protocol.on(input, now);
        actions.into_iter().map(|a| self.describe(a)).collect()
    }

    fn describe(&mut self, action: Action) -> String {
        use worker_message::Message;
        match action {
            Action::Send(Message::Register(r)) => format!("register {}", r.agent_name),
            Action::Send(Message::Availability(a)) => {
                assert!(!a.terminate, "a refusal ended the job for every worker");
                format!("available {} {}", a.job_id, a.available)
            }
            Action::Send(Message::UpdateWorker(u)) => format!(
                "load {:.2} {}",
                u.load,
                if u.status() == WorkerStatus::WsFull {
                    "full"
                } else {
                    "open"
                }
            ),
            Action::Send(Message::UpdateJob(u)) => {
                format!("job {} {}", u.job_id, u.status().as_str_name())
            }
            Action::Send(Message::MigrateJob(m)) => format!("migrate {}", m.job_ids.join(" ")),
            Action::Send(Message::Ping(_)) => "ping".to_owned(),
            Action::Send(other) => format!("{other:?}"),
            Action::Ping => "websocket ping".to_owned(),
            Action::Registered { worker_id } => format!("registered {worker_id}"),
            Action::Start { assignment, slot } => {
                let id = assignment.job.expect("a job").id;
                self.held.insert(id.clone(), slot);
                format!("start {id}")
            }
            Action::Stop { job_id } => format!("stop {job_id}"),
            Action::Reconnect { why } => format!("reconnect: {why}"),
        }
    }

    /// Ends a call the way its task does: the place is free, then it is told.
    fn ends(&mut self, millis: u64, id: &str, outcome: Result<(), &str>) -> Vec<String> {
        self.held.remove(id);
        let outcome = outcome.map_err(str::to_owned);
        let job_id = id.to_owned();
        self.on(millis, Input::CallEnded { job_id, outcome })
    }
}

fn server(message: server_message::Message) -> Input {
    Input::Server(Box::new(message))
}

fn registration() -> Input {
    let worker_id = "AW_1".to_owned();
    server(server_message::Message::Register(RegisterWorkerResponse {
        worker_id,
        ..Default::default()
    }))
}

fn job(id: &str, room: &str) -> Job {
    Job {
        id: id.to_owned(),
        agent_name: "teller".to_owned(),
        room: Some(Room {
            sid: room.to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn offer(id: &str) -> Input {
    server(server_message::Message::Availability(AvailabilityRequest {
        job: Some(job(id, id)),
        resuming: false,
    }))
}

fn assignment_to(id: &str, room: &str) -> Input {
    server(server_message::Message::Assignment(JobAssignment {
        job: Some(job(id, room)),
        token: "token".to_owned(),
        url: None,
    }))
}

fn assignment(id: &str) -> Input {
    assignment_to(id, id)
}

fn report(id: &str, report: Report) -> Input {
    let job_id = id.to_owned();
    Input::Report { job_id, report }
}

#[test]
fn a_worker_registers_first_and_reports_its_load_right_after() {
    let mut script = Script::new(4);
    assert_eq!(script.on(0, Input::Connected), ["register teller"]);
    assert_eq!(
        script.on(5, registration()),
        ["registered AW_1", "load 0.00 open"]
    );
}

#[test]
fn an_offer_reserves_a_place_before_it_is_answered() {
    let mut script = Script::registered(2);
    assert_eq!(
        script.on(10, offer("a")),
        ["available a true", "load 0.50 open"]
    );
    assert_eq!(script.slots.used(), 1);
}

#[test]
fn a_full_worker_sends_the_job_to_another_one() {
    let mut script = Script::registered(1);
    assert_eq!(
        script.on(10, offer("a")),
        ["available a true", "load 1.00 full"]
    );
    assert_eq!(script.on(11, offer("b")), ["available b false"]);
    assert_eq!(script.slots.used(), 1);
}

#[test]
fn the_agent_introduces_itself_by_job_and_by_name() {
    let mut script = Script::registered(1);
    let actions = script.protocol.on(offer("a"), Duration::from_millis(1));
    let Some(Action::Send(worker_message::Message::Availability(answer))) = actions.first() else {
        panic!("an offer was not answered first: {actions:?}");
    };
    assert_eq!(answer.participant_identity, "agent-a");
    let name = answer.participant_attributes.get("lk.agent.name");
    assert_eq!(name.map(String::as_str), Some("teller"));
}

#[test]
fn an_offer_for_another_agent_is_refused() {
    let mut script = Script::registered(1);
    let mut other = job("a", "a");
    other.agent_name = "somebody".to_owned();
    let offer = server(server_message::Message::Availability(AvailabilityRequest {
        job: Some(other),
        resuming: false,
    }));
    assert_eq!(script.on(10, offer), ["available a false"]);
}

#[test]
fn a_room_in_which_a_colleague_is_spoken_to_is_refused_for_every_worker() {
    let mut script = Script::registered(1);
    let mut for_nobody = job("a", "a");
    for_nobody.room.as_mut().expect("it has one").name = "consultation-1".to_owned();
    let offer = server(server_message::Message::Availability(AvailabilityRequest {
        job: Some(for_nobody),
        resuming: false,
    }));
    let actions = script.protocol.on(offer, Duration::from_millis(1));
    let [Action::Send(worker_message::Message::Availability(answer))] = &actions[..] else {
        panic!("the offer was not answered, or more was done: {actions:?}");
    };
    assert_eq!((answer.available, answer.terminate), (false, true));
    assert_eq!(script.slots.used(), 0);
}

#[test]
fn an_assignment_uses_the_place_that_was_promised() {
    let mut script = Script::registered(2);
    script.on(10, offer("a"));
    assert_eq!(
        script.on(20, assignment("a")),
        ["start a", "load 0.50 open"]
    );
    assert_eq!(script.slots.used(), 1);
    assert!(!script.protocol.is_idle());
}

#[test]
fn a_promise_lapses_when_no_assignment_came() {
    let mut script = Script::registered(1);
    script.on(10, offer("a"));
    let lapses = Duration::from_millis(10) + ASSIGNMENT_TIMEOUT;
    assert_eq!(script.protocol.deadline(), Some(lapses));
    assert!(script.on(7_509, Input::Tick).is_empty());
    assert_eq!(script.on(7_510, Input::Tick), ["load 0.00 open"]);
    assert_eq!(script.slots.used(), 0);
    assert!(script.protocol.is_idle());
}

#[test]
fn a_late_assignment_is_taken_while_there_is_a_place() {
    let mut script = Script::registered(1);
    assert_eq!(
        script.on(10, assignment("a")),
        ["start a", "load 1.00 full"]
    );
    assert_eq!(script.on(20, assignment("b")), ["job b JS_FAILED"]);
}

#[test]
fn an_assignment_told_twice_starts_one_call() {
    let mut script = Script::registered(2);
    script.on(10, offer("a"));
    script.on(20, assignment("a"));
    assert!(script.on(30, assignment("a")).is_empty());
}

#[test]
fn two_jobs_for_one_room_bring_one_agent() {
    let mut script = Script::registered(4);
    script.on(10, assignment_to("a", "RM_1"));
    script.on(11, offer("b"));
    assert_eq!(
        script.on(12, assignment_to("b", "RM_1")),
        ["job b JS_SUCCESS", "load 0.25 open"]
    );
}

#[test]
fn a_room_that_its_agent_left_can_have_another() {
    let mut script = Script::registered(4);
    script.on(10, assignment_to("a", "RM_1"));
    script.on(11, report("a", Report::Succeeded));
    let started = script.on(12, assignment_to("b", "RM_1"));
    assert_eq!(started.first().map(String::as_str), Some("start b"));
}

#[test]
fn a_draining_worker_is_full_refuses_offers_and_keeps_its_promise() {
    let mut script = Script::registered(4);
    script.on(10, offer("promised"));
    assert_eq!(script.on(20, Input::Drain), ["load 0.25 full"]);
    assert_eq!(script.on(30, offer("new")), ["available new false"]);
    assert_eq!(
        script.on(40, assignment("promised")),
        ["start promised", "load 0.25 full"]
    );
    assert!(!script.protocol.is_idle());
    assert_eq!(
        script.ends(50, "promised", Ok(())),
        ["job promised JS_SUCCESS", "load 0.00 full"]
    );
    assert!(script.protocol.is_idle());
}

#[test]
fn reports_are_written_as_they_come_and_not_repeated_at_the_end() {
    let mut script = Script::registered(1);
    script.on(10, assignment("a"));
    assert_eq!(
        script.on(20, report("a", Report::Running)),
        ["job a JS_RUNNING"]
    );
    assert_eq!(
        script.on(30, report("a", Report::Succeeded)),
        ["job a JS_SUCCESS"]
    );
    assert_eq!(script.ends(40, "a", Ok(())), ["load 0.00 open"]);
}

#[test]
fn a_call_that_panics_is_a_failed_job_and_frees_its_place() {
    let mut script = Script::registered(1);
    script.on(10, assignment("a"));
    assert_eq!(
        script.ends(20, "a", Err("the call broke off")),
        ["job a JS_FAILED", "load 0.00 open"]
    );
}

#[test]
fn a_panic_after_success_was_reported_changes_nothing() {
    let mut script = Script::registered(1);
    script.on(10, assignment("a"));
    script.on(20, report("a", Report::Succeeded));
    assert_eq!(script.ends(30, "a", Err("broke")), ["load 0.00 open"]);
}

#[test]
fn the_server_can_end_a_call() {
    let mut script = Script::registered(1);
    let end = JobTermination {
        job_id: "a".to_owned(),
    };
    let end = server(server_message::Message::Termination(end));
    assert_eq!(script.on(10, end), ["stop a"]);
}

#[test]
fn reports_wait_for_the_server_to_come_back_in_order() {
    let mut script = Script::registered(2);
    script.on(10, assignment("a"));
    script.on(11, assignment("b"));
    assert!(script.on(20, Input::Disconnected).is_empty());
    assert!(script.on(30, report("a", Report::Running)).is_empty());
    assert!(script.on(31, report("a", Report::Succeeded)).is_empty());
    assert!(script.ends(32, "a", Ok(())).is_empty());
    assert_eq!(script.on(40, Input::Connected), ["register teller"]);
    assert_eq!(
        script.on(50, registration()),
        [
            "registered AW_1",
            "load 0.50 open",
            "migrate b",
            "job a JS_RUNNING",
            "job a JS_SUCCESS"
        ]
    );
}

#[test]
fn a_report_that_could_not_be_written_is_written_after_the_next_registration() {
    let mut script = Script::registered(1);
    let update = UpdateJobStatus {
        job_id: "a".to_owned(),
        status: JobStatus::JsSuccess.into(),
        error: String::new(),
    };
    script.on(10, Input::NotWritten(update));
    script.on(11, Input::Disconnected);
    script.on(12, Input::Connected);
    let written = script.on(13, registration());
    assert_eq!(written.last().map(String::as_str), Some("job a JS_SUCCESS"));
}

#[test]
fn reports_kept_during_an_endless_outage_are_bounded_and_the_newest_stay() {
    let mut script = Script::new(1);
    for n in 0..=UNSENT_REPORTS {
        script.on(10, report(&format!("j{n}"), Report::Succeeded));
    }
    assert_eq!(script.protocol.unsent.len(), UNSENT_REPORTS);
    let newest = script.protocol.unsent.back().map(|u| u.job_id.clone());
    assert_eq!(newest, Some(format!("j{UNSENT_REPORTS}")));
}

#[test]
fn pings_go_out_every_ten_seconds_and_pongs_keep_the_link() {
    let mut script = Script::registered(1);
    assert!(script.on(9_999, Input::Tick).is_empty());
    for second in [10, 20, 30, 40] {
        assert_eq!(
            script.on(second * 1_000, Input::Tick),
            ["ping", "websocket ping"],
            "at second {second}"
        );
        let pong = if second == 20 {
            Input::Pong
        } else {
            server(server_message::Message::Pong(WorkerPong::default()))
        };
        assert!(script.on(second * 1_000 + 5, pong).is_empty());
    }
}

#[test]
fn two_missed_pongs_mean_a_dead_server() {
    let mut script = Script::registered(1);
    assert_eq!(script.on(10_000, Input::Tick).len(), 2);
    assert_eq!(script.on(20_000, Input::Tick).len(), 2);
    assert_eq!(
        script.on(30_000, Input::Tick),
        ["reconnect: the server stopped answering pings"]
    );
}

#[test]
fn a_server_that_never_confirms_the_registration_is_left() {
    let mut script = Script::new(1);
    script.on(0, Input::Connected);
    assert!(script.on(9_999, Input::Tick).is_empty());
    assert_eq!(
        script.on(10_000, Input::Tick),
        ["reconnect: the server did not confirm the registration"]
    );
}

#[test]
fn a_server_that_goes_away_is_followed_while_calls_go_on() {
    let mut script = Script::registered(1);
    script.on(10, assignment("a"));
    let reason = "upgrade".to_owned();
    let go_away = server(server_message::Message::GoAway(GoAway { reason }));
    assert_eq!(
        script.on(20, go_away),
        ["reconnect: the server asks its workers to register elsewhere"]
    );
    assert!(!script.protocol.is_idle());
}

#[test]
fn every_status_update_carries_the_load_and_none_is_sent_twice() {
    let mut script = Script::registered(4);
    let place = script.slots.try_reserve();
    assert_eq!(script.on(10, Input::SlotsChanged), ["load 0.25 open"]);
    assert!(script.on(20, Input::SlotsChanged).is_empty());
    drop(place);
    assert_eq!(script.on(30, Input::SlotsChanged), ["load 0.00 open"]);
}

#[test]
fn an_offer_or_assignment_without_a_job_starts_nothing() {
    let mut script = Script::registered(1);
    let empty = AvailabilityRequest {
        job: None,
        resuming: true,
    };
    let empty = server(server_message::Message::Availability(empty));
    assert_eq!(script.on(10, empty), ["available  false"]);
    let empty = server(server_message::Message::Assignment(JobAssignment::default()));
    assert!(script.on(20, empty).is_empty());
}
