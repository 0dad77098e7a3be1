//! One engine thread: its share of the streams, timers and sockets.
//!
//! A thread sleeps until the next of: a packet, a tick of the common grid if it has streams, the
//! earliest deadline of its connections. With none of these it sleeps for good.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Builder, Handle},
    sync::Notify,
};

use super::{
    alarm::Alarm,
    clock::{Clock, Stream, permille},
};
use crate::engine::{lock::LeafMutex, ticker::Tick, wakers};

/// Below this share of its time, in thousandths, a thread takes more streams before the next
/// thread gets any: shared wake-ups and caches are what makes a stream cheap (fifty streams cost
/// 5 to 7 % less on one processor than on two). The last stream of a full thread is 6 ms late.
const FILL_TO_PERMILLE: u32 = 600;

/// What a connection's packets are taken to cost, in thousandths of a thread.
const CONNECTION_PERMILLE: usize = 2;

/// A thread this much busier than another gives streams away to it.
const IMBALANCE_PERMILLE: u32 = 150;

/// How often a thread looks at how busy the others are.
const BALANCE_EVERY: Duration = Duration::from_millis(500);

/// Callbacks that may block at the same time, for the connections of one thread. More wait.
const CALLBACK_THREADS: usize = 16;

/// An engine thread as others see it.
pub(crate) struct Shard {
    handle: Handle,
    arrivals: LeafMutex<Arrivals>,
    wake: Notify,
    /// When the thread wakes by itself, [`Alarm`] time; the largest value while it is deciding.
    wakes_at: AtomicU64,
    connections: AtomicUsize,
    /// Work of the streams, thousandths of the thread's time.
    load: AtomicU32,
    streams: AtomicUsize,
    /// Ticks that could not be run.
    skipped: AtomicU64,
}

/// What the thread has not yet taken over. As many as were created in its last millisecond.
#[derive(Default)]
struct Arrivals {
    streams: Vec<Stream>,
    alarms: Vec<Arc<Alarm>>,
}

impl Shard {
    /// Starts the thread.
    pub(super) fn start(index: usize) -> Arc<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(CALLBACK_THREADS)
            .thread_name("rtc-callback")
            .build()
            .expect("the operating system gives the media engine its event queue");
        let shard = Arc::new(Self {
            handle: runtime.handle().clone(),
            arrivals: LeafMutex::default(),
            wake: Notify::new(),
            wakes_at: AtomicU64::new(u64::MAX),
            connections: AtomicUsize::new(0),
            load: AtomicU32::new(0),
            streams: AtomicUsize::new(0),
            skipped: AtomicU64::new(0),
        });
        let own = Arc::clone(&shard);
        std::thread::Builder::new()
            .name(format!("rtc-engine-{index}"))
            .spawn(move || runtime.block_on(Worker::new(own).run()))
            .expect("the operating system gives the media engine its threads");
        shard
    }

    /// The thread's event queue: sockets and tasks made in it belong to this thread.
    pub(crate) const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ticks of 10 ms that were skipped for all streams of this thread.
    pub(super) fn skipped(&self) -> u64 {
        self.skipped.load(SeqCst)
    }

    pub(super) fn streams(&self) -> usize {
        self.streams.load(SeqCst)
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    /// Share of the thread's time that its streams take, thousandths.
    pub(super) fn load(&self) -> u32 {
        self.load.load(SeqCst)
    }

    /// Streams and connections together, thousandths of the thread's time.
    fn expected_load(&self) -> u32 {
        let connections = self.connections.load(SeqCst) * CONNECTION_PERMILLE;
        self.load() + u32::try_from(connections).unwrap_or(u32::MAX / 2)
    }

    /// Whether it takes more before another thread gets any.
    pub(super) fn has_room(&self) -> bool {
        self.expected_load() < FILL_TO_PERMILLE
    }

    /// The thread for something new: the first that has room, else the least busy.
    pub(super) fn choose(shards: &[Arc<Self>]) -> &Arc<Self> {
        shards
            .iter()
            .find(|shard| shard.has_room())
            .or_else(|| shards.iter().min_by_key(|shard| shard.expected_load()))
            .expect("the engine has at least one thread")
    }

    /// Calls `tick` every 10 ms until it breaks.
    pub(super) fn add_tick(&self, tick: Tick) {
        self.add_stream(Stream::new(tick));
    }

    fn add_stream(&self, stream: Stream) {
        self.load.fetch_add(permille(stream.cost()), SeqCst);
        self.arrivals.lock().streams.push(stream);
        self.wake.notify_one();
    }

    /// Calls a connection when its alarm is due.
    pub(super) fn add_alarm(&self, alarm: Arc<Alarm>) {
        self.connections.fetch_add(1, SeqCst);
        self.arrivals.lock().alarms.push(alarm);
    }

    pub(super) fn remove_connection(&self) {
        self.connections.fetch_sub(1, SeqCst);
    }

    /// An alarm was set: wakes the thread if it would sleep past it.
    pub(super) fn on_alarm_set(&self, due: u64) {
        if due < self.wakes_at.load(SeqCst) {
            self.wake.notify_one();
        }
    }
}

/// The thread itself.
struct Worker {
    shard: Arc<Shard>,
    clock: Clock,
    alarms: Vec<Arc<Alarm>>,
    balance_at: Instant,
}

impl Worker {
    fn new(shard: Arc<Shard>) -> Self {
        let now = super::now();
        Self {
            shard,
            clock: Clock::new(*super::EPOCH, now),
            alarms: Vec::new(),
            balance_at: now,
        }
    }

    async fn run(mut self) {
        loop {
            self.sleep().await;
            self.play().await;
            self.ring().await;
            self.balance();
        }
    }

    async fn sleep(&mut self) {
        // Whoever sets an alarm from here on wakes this thread, or is seen below.
        self.shard.wakes_at.store(u64::MAX, SeqCst);
        self.take_arrivals();
        let alarm = self.alarms.iter().map(|alarm| alarm.due()).min();
        let alarm = alarm.unwrap_or(u64::MAX);
        let tick = self.clock.deadline().map_or(u64::MAX, super::alarm::after);
        let wakes_at = alarm.min(tick);
        self.shard.wakes_at.store(wakes_at, SeqCst);
        let woken = self.shard.wake.notified();
        match super::alarm::at(wakes_at) {
            None => woken.await,
            // Woken or timed out: either way everything is looked at.
            Some(at) => tokio::time::timeout_at(at.into(), woken)
                .await
                .unwrap_or(()),
        }
    }

    fn take_arrivals(&mut self) {
        let arrivals = std::mem::take(&mut *self.shard.arrivals.lock());
        let now = super::now();
        for stream in arrivals.streams {
            self.clock.add(stream, *super::EPOCH, now);
        }
        self.alarms.extend(arrivals.alarms);
    }

    /// One round of the clock, if it is due.
    async fn play(&mut self) {
        let Some(mut round) = self.clock.begin(super::now()) else {
            return;
        };
        while wakers::slice(|| self.clock.play(&mut round, super::now)).is_continue() {
            tokio::task::yield_now().await;
        }
        self.shard.skipped.store(self.clock.skipped(), SeqCst);
        self.shard.streams.store(self.clock.streams(), SeqCst);
    }

    /// Lets time pass in the connections that asked for it.
    async fn ring(&mut self) {
        let now = super::alarm::after(super::now());
        let mut index = 0;
        let mut rung = 0;
        while let Some(alarm) = self.alarms.get(index) {
            if alarm.is_abandoned() {
                self.alarms.swap_remove(index);
                continue;
            }
            index += 1;
            if alarm.due() <= now {
                alarm.ring();
                rung += 1;
                if rung % 32 == 0 {
                    tokio::task::yield_now().await; // packets are waiting
                }
            }
        }
    }

    /// Says how busy the thread is, and gives a stream to one that is much less so.
    fn balance(&mut self) {
        let now = super::now();
        if now < self.balance_at {
            return;
        }
        self.balance_at = now + BALANCE_EVERY;
        self.shard.load.store(permille(self.clock.cost()), SeqCst);
        let load = self.shard.expected_load();
        if load <= FILL_TO_PERMILLE {
            return;
        }
        let shards = super::shards();
        let Some(idlest) = shards.iter().min_by_key(|shard| shard.expected_load()) else {
            return;
        };
        let difference = load.saturating_sub(idlest.expected_load());
        if difference < IMBALANCE_PERMILLE {
            return;
        }
        // Half the difference, in streams of whatever size.
        let mut surplus = super::pacer::PERIOD * (difference / 2) / 1_000;
        while let Some(stream) = self.clock.give_away(surplus) {
            surplus -= stream.cost();
            idlest.add_stream(stream);
        }
    }
}
