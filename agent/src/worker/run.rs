//! The worker's loop: it owns the clock, the socket and the calls' tasks, and
//! does what [`Protocol`] decides.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use livekit_protocol::{JobAssignment, worker_message};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinError;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::drain::{Drain, DrainStep};
use super::protocol::{Action, Input, Protocol};
use super::socket::{Endpoint, Socket, SocketEvent, install_crypto_provider};
use super::{
    Assignment, CallRunner, CallStop, Command, JobReporter, LinkState, Lock, LockName, Locks,
    Phase, Shutdown, SlotGuard, StopReason, Worker, WorkerError,
};

/// Reports waiting for the loop. A call sends three in its life; when full its
/// reporter waits, for a second at most.
const COMMANDS: usize = 256;
/// A caller waits no longer than this for the lock of its room.
const ROOM_LOCK_TIMEOUT: Duration = Duration::from_millis(500);

/// Runs `worker` until it is drained or ended.
pub(super) async fn run<L: Locks, R: CallRunner>(
    worker: Worker<L>,
    runner: R,
    shutdown: Shutdown,
) -> Result<(), WorkerError> {
    install_crypto_provider();
    let endpoint = Endpoint::new(&worker.config.url, worker.config.keys.clone())?;
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let protocol = Protocol::new(worker.config.agent_name.clone(), worker.slots.clone());
    let shell = Shell {
        protocol,
        socket: Socket::new(endpoint),
        started: Instant::now(),
        drain: Drain::Serving,
        commands,
        tasks: TaskTracker::new(),
        ended: FuturesUnordered::new(),
        stops: HashMap::new(),
        runner,
        worker,
    };
    shell.serve(inbox, shutdown).await;
    Ok(())
}

type Ended = BoxFuture<'static, (String, Result<(), JoinError>)>;

struct Shell<L, R> {
    protocol: Protocol,
    socket: Socket,
    started: Instant,
    drain: Drain,
    commands: mpsc::Sender<Command>,
    tasks: TaskTracker,
    /// The calls' tasks; as many as there are slots at most.
    ended: FuturesUnordered<Ended>,
    /// How to end each call, by job id.
    stops: HashMap<String, watch::Sender<Option<StopReason>>>,
    runner: R,
    worker: Worker<L>,
}

impl<L: Locks, R: CallRunner> Shell<L, R> {
    async fn serve(mut self, mut inbox: mpsc::Receiver<Command>, shutdown: Shutdown) {
        let mut slots = self.worker.slots.watch();
        let (mut draining, mut ending) = (shutdown.clone(), shutdown);
        loop {
            self.gauge();
            let deadline = self.deadline();
            tokio::select! {
                () = ending.reached(Phase::Now) => return,
                () = draining.reached(Phase::Draining), if self.drain == Drain::Serving => {
                    tracing::info!(calls = self.stops.len(), "draining: no new calls");
                    self.drain = Drain::begin(&self.worker.config.drain, self.now());
                    self.feed(Input::Drain).await;
                }
                event = self.socket.next() => self.on_socket(event).await,
                Some(command) = inbox.recv() => self.on_command(command).await,
                Some((job_id, outcome)) = self.ended.next() => {
                    self.on_call_ended(job_id, outcome).await;
                }
                Ok(()) = slots.changed() => {
                    self.feed(Input::SlotsChanged).await;
                }
                () = sleep_until(deadline) => {
                    self.feed(Input::Tick).await;
                }
            }
            if self.drained() {
                break;
            }
        }
        self.socket.close().await;
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn deadline(&self) -> Instant {
        // Without anything to wait for, a look once an hour costs nothing.
        let idle = self.now() + Duration::from_secs(3_600);
        let deadlines = [self.protocol.deadline(), self.drain.deadline()];
        let next = deadlines.into_iter().flatten().min();
        self.started + next.map_or(idle, |next| next.min(idle))
    }

    /// Whether the drain is over; asks the remaining calls to leave in time.
    fn drained(&mut self) -> bool {
        let (now, idle) = (self.now(), self.protocol.is_idle());
        match self.drain.step(&self.worker.config.drain, idle, now) {
            DrainStep::Wait => false,
            DrainStep::AskToLeave => {
                tracing::warn!(calls = self.stops.len(), "asking calls to end");
                for stop in self.stops.values() {
                    stop.send_replace(Some(StopReason::Draining));
                }
                false
            }
            DrainStep::Done => {
                tracing::info!(given_up = self.stops.len(), "drained");
                true
            }
        }
    }

    async fn on_socket(&mut self, event: SocketEvent) {
        match event {
            SocketEvent::Opened => self.feed(Input::Connected).await,
            SocketEvent::Message(message) => self.feed(Input::Server(message)).await,
            SocketEvent::Pong => self.feed(Input::Pong).await,
            SocketEvent::Closed { why } => {
                self.lost(&why);
                true
            }
        };
    }

    async fn on_command(&mut self, command: Command) {
        let registered = self.protocol.is_registered();
        let Command {
            job_id,
            report,
            written,
        } = command;
        let sent = self.feed(Input::Report { job_id, report }).await;
        if registered && sent && written.send(()).is_err() {
            tracing::debug!("a call no longer waits for its report");
        }
    }

    async fn on_call_ended(&mut self, job_id: String, outcome: Result<(), JoinError>) {
        self.stops.remove(&job_id);
        let outcome = outcome.map_err(|error| {
            self.worker.metrics.call_panicked();
            tracing::error!(job.id = %job_id, panicked = error.is_panic(), "a call broke off");
            "the call broke off".to_owned()
        });
        self.feed(Input::CallEnded { job_id, outcome }).await;
    }

    /// Takes an event to the protocol and does what it says; `false` when a
    /// message could not be written.
    async fn feed(&mut self, input: Input) -> bool {
        let actions = self.protocol.on(input, self.now());
        let mut connected = true;
        for action in actions {
            match action {
                Action::Send(message) => connected = self.send(message, connected).await,
                Action::Ping => connected = connected && self.socket.ping().await,
                Action::Registered { worker_id } => self.registered(worker_id),
                Action::Start { assignment, slot } => self.start(*assignment, slot),
                Action::Stop { job_id } => {
                    if let Some(stop) = self.stops.get(&job_id) {
                        stop.send_replace(Some(StopReason::Terminated));
                    }
                }
                Action::Reconnect { why } => {
                    self.socket.reconnect(why);
                    self.lost(why);
                }
            }
        }
        if !connected {
            let why = "a message could not be written";
            self.socket.reconnect(why);
            self.lost(why);
        }
        connected
    }

    async fn send(&mut self, message: worker_message::Message, connected: bool) -> bool {
        use worker_message::Message;
        if let Message::Availability(answer) = &message {
            self.worker.metrics.offer_answered(answer.available);
        }
        let report = match &message {
            Message::UpdateJob(update) => Some(update.clone()),
            _ => None,
        };
        let sent = connected && self.socket.send(message).await;
        if let (false, Some(update)) = (sent, report) {
            // Keeping a report asks for nothing to be done.
            drop(self.protocol.on(Input::NotWritten(update), self.now()));
        }
        sent
    }

    fn registered(&self, worker_id: String) {
        let (agent, slots) = (&self.worker.config.agent_name, self.worker.slots.total());
        tracing::info!(worker.id = %worker_id, agent, slots, "registered with the LiveKit server");
        self.worker.metrics.set_registered(true);
        self.worker
            .link
            .send_replace(LinkState::Registered { worker_id });
    }

    fn lost(&mut self, why: &str) {
        // Without a link nothing is written, so nothing is to be done.
        drop(self.protocol.on(Input::Disconnected, self.now()));
        tracing::warn!(why, "no connection to the LiveKit server; trying again");
        self.worker.metrics.set_registered(false);
        self.worker.link.send_if_modified(|link| {
            let was_up = matches!(link, LinkState::Registered { .. });
            if was_up {
                let since = Instant::now();
                *link = LinkState::Lost { since };
            }
            was_up
        });
    }

    fn start(&mut self, assignment: JobAssignment, slot: SlotGuard) {
        let job = assignment.job.unwrap_or_default();
        let room = job.room.clone().unwrap_or_default();
        let span = tracing::info_span!("room", job.id = %job.id, room.id = %room.sid);
        let (stop, reasons) = watch::channel(None);
        self.stops.insert(job.id.clone(), stop);
        let reports = JobReporter {
            job_id: job.id.clone(),
            commands: self.commands.clone(),
        };
        let job_id = job.id.clone();
        let assignment = Assignment {
            url: assignment
                .url
                .filter(|url| !url.is_empty())
                .unwrap_or_else(|| self.worker.config.url.clone()),
            token: assignment.token,
            stop: CallStop::new(reasons),
            job,
        };
        let (runner, locks) = (self.runner.clone(), self.worker.locks.clone());
        let call = async move {
            hold(&runner, &locks, assignment, slot, reports).await;
        };
        let task = self.tasks.spawn(call.instrument(span));
        self.ended
            .push(Box::pin(async move { (job_id, task.await) }));
    }

    fn gauge(&self) {
        let slots = &self.worker.slots;
        let metrics = &self.worker.metrics;
        metrics.set_slots(slots.used(), slots.total(), slots.load());
    }
}

/// Runs one call under the lock of its room, or leaves the room to the agent
/// that is there already.
async fn hold<L: Locks>(
    runner: &impl CallRunner,
    locks: &L,
    assignment: Assignment,
    slot: SlotGuard,
    reports: JobReporter,
) {
    let room = assignment.job.room.as_ref().map_or("", |room| &room.sid);
    let lock = match timeout(ROOM_LOCK_TIMEOUT, locks.try_lock(LockName::Room(room))).await {
        Ok(Lock::Taken) => {
            tracing::info!("another agent serves this room");
            reports.succeeded().await;
            return;
        }
        Ok(Lock::Held(guard)) => Some(guard),
        // A database that is away or slow must not cost the caller the call.
        Ok(Lock::Unknown) | Err(_) => None,
    };
    runner.run(assignment, slot, reports).await;
    drop(lock);
}
