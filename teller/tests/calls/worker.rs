//! The worker against a real LiveKit server.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use agent::{
    metrics::Metrics,
    worker::{
        ApiKeys, Assignment, CallRunner, Delivery, DrainConfig, JobReporter, Lock, LockGuard,
        LockName, Locks, ShutdownControl, SlotGuard, StopReason, Watcher, WatcherConfig, Worker,
        WorkerConfig, WorkerHealth, shutdown,
    },
};
use livekit_api::{
    access_token::VideoGrants,
    services::{
        agent_dispatch::AgentDispatchClient,
        room::{CreateRoomOptions, RoomClient},
    },
};
use livekit_protocol::CreateAgentDispatchRequest;
use prometheus_client::{encoding::text::encode, registry::Registry};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use tokio_util::task::TaskTracker;

use crate::support::livekit::{API_KEY, API_SECRET, LiveKit};

/// Without a database: every lock is [`Lock::Unknown`].
#[derive(Clone, Copy, Debug, Default)]
struct NoLocks;

/// The guard that [`NoLocks`] never gives.
#[derive(Debug)]
enum NoGuard {}

impl LockGuard for NoGuard {
    fn is_held(&self) -> bool {
        match *self {}
    }
}

impl Locks for NoLocks {
    type Guard = NoGuard;

    async fn try_lock(&self, _name: LockName<'_>) -> Lock<NoGuard> {
        Lock::Unknown
    }
}

/// A bound on what a working server and worker do at once, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn keys() -> ApiKeys {
    ApiKeys {
        key: API_KEY.to_owned(),
        secret: API_SECRET.into(),
    }
}

/// A call in the hands of the test.
struct Call {
    assignment: Assignment,
    _slot: SlotGuard,
    reports: JobReporter,
    ended: mpsc::Sender<()>,
}

/// Hands each call to the test and lasts until the test ends it.
#[derive(Clone)]
struct Hand {
    calls: mpsc::Sender<Call>,
    panics: bool,
}

impl CallRunner for Hand {
    async fn run(&self, assignment: Assignment, slot: SlotGuard, reports: JobReporter) {
        let (ended, mut ends) = mpsc::channel(1);
        let call = Call {
            assignment,
            _slot: slot,
            reports,
            ended,
        };
        assert!(self.calls.send(call).await.is_ok(), "the test is over");
        ends.recv().await;
        if self.panics {
            std::panic::resume_unwind(Box::new("the test breaks this call"));
        }
    }
}

struct Running {
    calls: mpsc::Receiver<Call>,
    health: WorkerHealth,
    metrics: Arc<Metrics>,
    control: ShutdownControl,
    tasks: TaskTracker,
    registered_in: Duration,
}

async fn worker(server: &LiveKit, agent_name: &str, slots: usize, panics: bool) -> Running {
    let drain = DrainConfig {
        grace: Duration::from_secs(1),
        farewell: Duration::from_secs(5),
    };
    draining_worker(server, agent_name, slots, panics, drain).await
}

async fn draining_worker(
    server: &LiveKit,
    agent_name: &str,
    slots: usize,
    panics: bool,
    drain: DrainConfig,
) -> Running {
    let config = WorkerConfig {
        url: server.url(),
        keys: keys(),
        agent_name: agent_name.to_owned(),
        slots: NonZeroUsize::new(slots).expect("tests ask for places"),
        drain,
    };
    let metrics = Arc::new(Metrics::default());
    let worker = Worker::new(config, Arc::clone(&metrics), NoLocks);
    let mut health = worker.health();
    let (calls, inbox) = mpsc::channel(16);
    let (control, follower) = shutdown();
    let tasks = TaskTracker::new();
    let began = Instant::now();
    tasks.spawn(async move {
        let run = worker.run(Hand { calls, panics }, follower);
        run.await.expect("the settings are valid");
    });
    timeout(PATIENCE, health.registered())
        .await
        .unwrap_or_else(|_| panic!("not registered:\n{}", server.log()));
    Running {
        calls: inbox,
        health,
        metrics,
        control,
        tasks,
        registered_in: began.elapsed(),
    }
}

async fn create_room(server: &LiveKit, name: &str) {
    RoomClient::with_api_key(&server.url(), API_KEY, API_SECRET)
        .create_room(name, CreateRoomOptions::default())
        .await
        .expect("the room is made");
}

fn dispatches(server: &LiveKit) -> AgentDispatchClient {
    AgentDispatchClient::with_api_key(&server.url(), API_KEY, API_SECRET)
}

async fn dispatch(server: &LiveKit, agent_name: &str, room: &str) {
    let request = CreateAgentDispatchRequest {
        agent_name: agent_name.to_owned(),
        room: room.to_owned(),
        ..Default::default()
    };
    let made = dispatches(server).create_dispatch(request).await;
    made.expect("the dispatch is made");
}

/// Waits until this holds, looking again and again.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "waited in vain until {what}");
}

/// Waits until the server counts the job as ended with `status`; only its log shows that.
async fn job_ends(server: &LiveKit, job_id: &str, status: &str) {
    let ended = |line: &&str| line.contains("job ended") && line.contains(job_id);
    until("the server counts the job as ended", || {
        server.log().lines().any(|line| ended(&line))
    })
    .await;
    let log = server.log();
    let line = log.lines().find(ended).unwrap_or_default();
    assert!(
        line.contains(status),
        "ended otherwise than {status}: {line}"
    );
}

/// Waits until the server has noted that this call's job was taken: it hands the job out first, and
/// forgets a report that comes in between.
async fn job_is_known(server: &LiveKit, call: &Call) {
    let room = call.assignment.job.room.clone().unwrap_or_default().name;
    let known = async {
        loop {
            let listed = dispatches(server).list_dispatch(room.clone()).await;
            let jobs = listed
                .iter()
                .flatten()
                .filter_map(|made| made.state.as_ref());
            let mut jobs = jobs.flat_map(|state| &state.jobs);
            if jobs.any(|job| job.id == call.assignment.job.id) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let noted = timeout(PATIENCE, known).await;
    assert!(
        noted.is_ok(),
        "the server lists no job of {room}:\n{}",
        server.log()
    );
}

async fn next_call(worker: &mut Running, server: &LiveKit) -> Call {
    let call = timeout(PATIENCE, worker.calls.recv()).await;
    let call = call.unwrap_or_else(|_| panic!("no call came:\n{}", server.log()));
    call.expect("the worker runs")
}

async fn nobody_calls(worker: &mut Running, during: Duration) {
    let call = timeout(during, worker.calls.recv()).await;
    assert!(call.is_err(), "an agent was sent where none was wanted");
}

/// A caller who is in the room by the signal connection alone: enough to be a
/// participant.
async fn caller(server: &LiveKit, room: &str) -> impl Sized + use<> {
    let grants = VideoGrants {
        room_join: true,
        room: room.to_owned(),
        ..Default::default()
    };
    let token = keys().token().with_identity("caller").with_grants(grants);
    let token = token.to_jwt().expect("signed");
    let url = format!(
        "{}/rtc?access_token={token}&protocol=15&auto_subscribe=1",
        server.url()
    );
    let (socket, _) = tokio_tungstenite::connect_async(url).await.expect("joined");
    socket
}

/// All series, as Prometheus reads them.
fn rendered(metrics: &Metrics) -> String {
    let mut registry = Registry::default();
    metrics.register(registry.sub_registry_with_prefix("teller"));
    let mut text = String::new();
    encode(&mut text, &registry).expect("writing to a String cannot fail");
    text
}

#[tokio::test]
async fn a_worker_registers_within_a_tenth_of_a_second() {
    let server = LiveKit::start();
    let mut best = Duration::MAX;
    // The promise is about the worker; a busy machine may break it several times.
    for _ in 0..10 {
        let worker = worker(&server, "teller", 2, false).await;
        assert_eq!(worker.health.check(Instant::now()), Ok(()));
        best = best.min(worker.registered_in);
        if best < Duration::from_millis(100) {
            return;
        }
    }
    panic!("the fastest of ten registrations took {best:?}");
}

#[tokio::test]
async fn a_dispatch_becomes_a_call_with_a_token_for_its_room() {
    let server = LiveKit::start();
    let mut worker = worker(&server, "teller", 2, false).await;
    create_room(&server, "call-1").await;
    dispatch(&server, "teller", "call-1").await;
    let call = next_call(&mut worker, &server).await;
    let claims = livekit_api::access_token::Claims::from_unverified(&call.assignment.token);
    let claims = claims.expect("the token is a JWT");
    assert_eq!(claims.video.room, "call-1");
    assert!(claims.video.agent && claims.video.room_join);
    assert_eq!(claims.sub, format!("agent-{}", call.assignment.job.id));
    assert_eq!(call.assignment.url, server.url());
    assert_eq!(worker.health.slots().used(), 1);

    job_is_known(&server, &call).await;
    assert_eq!(call.reports.running().await, Delivery::Written);
    assert_eq!(call.reports.succeeded().await, Delivery::Written);
    job_ends(&server, &call.assignment.job.id, "JS_SUCCESS").await;
    drop(call);
    until("the place of the call that ended is free", || {
        worker.health.slots().used() == 0
    })
    .await;
}

#[tokio::test]
async fn automatic_dispatch_sends_every_room() {
    let server = LiveKit::start();
    let mut worker = worker(&server, "", 2, false).await;
    create_room(&server, "any").await;
    let call = next_call(&mut worker, &server).await;
    let room = call.assignment.job.room.unwrap_or_default();
    assert_eq!(room.name, "any");
}

#[tokio::test]
async fn a_full_worker_leaves_the_call_to_another() {
    let server = LiveKit::start();
    let mut one = worker(&server, "teller", 1, false).await;
    let mut two = worker(&server, "teller", 1, false).await;
    for room in ["call-1", "call-2"] {
        create_room(&server, room).await;
        dispatch(&server, "teller", room).await;
    }
    let first = next_call(&mut one, &server).await;
    let second = next_call(&mut two, &server).await;
    let rooms = [&first, &second].map(|call| call.assignment.job.room.clone().map(|r| r.name));
    assert_ne!(rooms[0], rooms[1]);
    create_room(&server, "call-3").await;
    dispatch(&server, "teller", "call-3").await;
    nobody_calls(&mut one, Duration::from_millis(500)).await;
    nobody_calls(&mut two, Duration::from_millis(10)).await;
}

#[tokio::test]
async fn a_panic_in_a_call_fails_that_job_alone() {
    let server = LiveKit::start();
    let mut worker = worker(&server, "teller", 2, true).await;
    for room in ["call-1", "call-2"] {
        create_room(&server, room).await;
        dispatch(&server, "teller", room).await;
    }
    let breaks = next_call(&mut worker, &server).await;
    let goes_on = next_call(&mut worker, &server).await;
    job_is_known(&server, &breaks).await;
    let broken = breaks.assignment.job.id.clone();
    drop(breaks);
    job_ends(&server, &broken, "JS_FAILED").await;
    assert_eq!(goes_on.reports.running().await, Delivery::Written);
    assert!(!goes_on.ended.is_closed(), "the other call ended too");
    assert_eq!(worker.health.slots().used(), 1);
    assert!(rendered(&worker.metrics).contains("teller_call_panics_total 1"));
}

#[tokio::test]
async fn a_restarted_server_has_its_worker_back_and_the_call_went_on() {
    let mut server = LiveKit::start();
    let mut worker = worker(&server, "teller", 2, false).await;
    create_room(&server, "call-1").await;
    dispatch(&server, "teller", "call-1").await;
    let call = next_call(&mut worker, &server).await;
    server.kill();
    until("the worker knows that its server is gone", || {
        !worker.health.is_registered()
    })
    .await;
    // Without a limit it would wait for a server that does not come back before the end of this test.
    let reported = timeout(PATIENCE, call.reports.running()).await;
    assert_eq!(
        reported.ok(),
        Some(Delivery::Unconfirmed),
        "a call waited for the server"
    );
    assert!(!call.ended.is_closed(), "the call ended with the server");

    server.launch();
    let back = timeout(PATIENCE, worker.health.registered()).await;
    assert!(back.is_ok(), "not registered again:\n{}", server.log());
    create_room(&server, "call-2").await;
    dispatch(&server, "teller", "call-2").await;
    let second = next_call(&mut worker, &server).await;
    assert_ne!(second.assignment.job.id, call.assignment.job.id);
}

#[tokio::test]
async fn wrong_keys_never_register_and_never_give_up() {
    let server = LiveKit::start();
    let config = WorkerConfig {
        url: server.url(),
        keys: ApiKeys {
            key: API_KEY.to_owned(),
            secret: "not the secret of this server at all".into(),
        },
        agent_name: "teller".to_owned(),
        slots: NonZeroUsize::MIN,
        drain: DrainConfig {
            grace: Duration::ZERO,
            farewell: Duration::ZERO,
        },
    };
    let worker = Worker::new(config, Arc::new(Metrics::default()), NoLocks);
    let health = worker.health();
    let (calls, _inbox) = mpsc::channel(1);
    let (_control, follower) = shutdown();
    let run = worker.run(
        Hand {
            calls,
            panics: false,
        },
        follower,
    );
    let ended = timeout(Duration::from_millis(1_500), run).await;
    assert!(ended.is_err(), "the worker gave up");
    assert!(!health.is_registered());
}

#[tokio::test]
async fn a_draining_worker_takes_no_call_and_asks_the_last_one_to_leave() {
    let server = LiveKit::start();
    let mut worker = worker(&server, "teller", 2, false).await;
    create_room(&server, "call-1").await;
    dispatch(&server, "teller", "call-1").await;
    let mut call = next_call(&mut worker, &server).await;
    worker.control.next();
    // The worker runs on this thread: woken before the room is asked for, it drains before it is answered.
    create_room(&server, "call-2").await;
    dispatch(&server, "teller", "call-2").await;
    nobody_calls(&mut worker, Duration::from_millis(300)).await;

    let reason = timeout(PATIENCE, call.assignment.stop.requested()).await;
    assert_eq!(reason.ok(), Some(StopReason::Draining));
    assert_eq!(call.reports.succeeded().await, Delivery::Written);
    drop(call);
    worker.tasks.close();
    let ended = timeout(PATIENCE, worker.tasks.wait()).await;
    assert!(ended.is_ok(), "the drained worker does not end");
}

#[tokio::test]
async fn a_second_signal_ends_the_worker_during_a_call() {
    let server = LiveKit::start();
    // Only the second signal can end it within our patience.
    let drain = DrainConfig {
        grace: Duration::from_secs(600),
        farewell: Duration::from_secs(600),
    };
    let mut worker = draining_worker(&server, "teller", 2, false, drain).await;
    create_room(&server, "call-1").await;
    dispatch(&server, "teller", "call-1").await;
    let _call = next_call(&mut worker, &server).await;
    worker.control.next();
    worker.control.next();
    worker.tasks.close();
    let ended = timeout(PATIENCE, worker.tasks.wait()).await;
    assert!(ended.is_ok(), "the worker waits for its call");
}

#[tokio::test]
async fn deleting_the_dispatch_stops_its_call() {
    let server = LiveKit::start();
    let mut worker = worker(&server, "teller", 2, false).await;
    create_room(&server, "call-1").await;
    dispatch(&server, "teller", "call-1").await;
    let mut call = next_call(&mut worker, &server).await;
    let id = call.assignment.job.dispatch_id.clone();
    let deleted = dispatches(&server).delete_dispatch(id, "call-1").await;
    deleted.expect("the dispatch is deleted");
    let reason = timeout(PATIENCE, call.assignment.stop.requested()).await;
    assert_eq!(reason.ok(), Some(StopReason::Terminated));
}

#[tokio::test]
async fn the_watcher_sends_an_agent_to_a_caller_who_came_before_the_worker() {
    let server = LiveKit::start();
    let config = WatcherConfig {
        url: server.url(),
        keys: keys(),
        agent_name: "teller".to_owned(),
        room_prefix: "call-".to_owned(),
    };
    create_room(&server, "call-lonely").await;
    create_room(&server, "elsewhere").await;
    // This dispatch finds no worker, and the server never tries again.
    dispatch(&server, "teller", "call-lonely").await;
    let _caller = caller(&server, "call-lonely").await;
    let _other = caller(&server, "elsewhere").await;
    let mut worker = worker(&server, "teller", 4, false).await;
    nobody_calls(&mut worker, Duration::from_millis(500)).await;

    let (_control, follower) = shutdown();
    let watcher = Watcher::new(config, NoLocks, Arc::clone(&worker.metrics));
    worker.tasks.spawn(watcher.run(follower));
    let call = next_call(&mut worker, &server).await;
    let room = call.assignment.job.room.clone().unwrap_or_default();
    assert_eq!(room.name, "call-lonely");
    // The next rounds find the job pending and leave it to that worker.
    nobody_calls(&mut worker, Duration::from_secs(5)).await;
}
