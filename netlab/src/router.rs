//! A small IP router in user space, on TUN devices.
//!
//! [`switch`] decides, [`packet`] reads headers, [`tun`] makes the devices; this file is the shell
//! that owns the clock. The router decrements no hop limit and answers nothing: to the hosts, the
//! others are one link away.

pub mod packet;
pub mod switch;
pub mod tun;

use std::{
    io,
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

pub use self::switch::{Counts, Port, Switch};

/// How many packets of one device are taken before due ones are looked at again.
const BATCH: usize = 64;
/// How long the router sleeps at most, so that it notices when it is to end.
const NAP: Duration = Duration::from_millis(50);
/// More urgent than the calls it carries: a router that waits for the processor is jitter nobody asked for.
const NICENESS: i32 = -15;

/// A router at work on a thread of its own; it ends when dropped.
pub struct Router {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<[Counts; 2]>>>,
}

impl Router {
    /// Starts routing between the devices, one a port, in the order of the ports. The links' time
    /// zero is `begins`; until then they are at zero.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        devices: Vec<OwnedFd>,
        ports: Vec<Port>,
        seed: u64,
        begins: Instant,
    ) -> io::Result<Self> {
        let ends = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&ends);
        let thread = std::thread::Builder::new()
            .name("router".to_owned())
            .spawn(move || {
                // Without the right to it the router works all the same, only less evenly.
                rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS).ok();
                let mut switch = Switch::new(ports, seed);
                route(&devices, &mut switch, begins, &ended);
                switch.counts()
            })?;
        Ok(Self {
            ends,
            thread: Some(thread),
        })
    }

    /// Ends it and says what happened on each port, on the way up and on the way down.
    #[must_use]
    pub fn stop(mut self) -> Vec<[Counts; 2]> {
        self.end()
    }

    fn end(&mut self) -> Vec<[Counts; 2]> {
        self.ends.store(true, Ordering::Relaxed);
        self.thread
            .take()
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default()
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        self.end();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the shell that owns the router's clock"
)]
fn route(devices: &[OwnedFd], switch: &mut Switch, begins: Instant, ends: &AtomicBool) {
    let clock = || Instant::now().saturating_duration_since(begins);
    let mut buffer = [0; 65_536];
    while !ends.load(Ordering::Relaxed) {
        for (port, device) in devices.iter().enumerate() {
            for _ in 0..BATCH {
                let Ok(len) = rustix::io::read(device, &mut buffer) else {
                    break;
                };
                switch.receive(port, &buffer[..len], clock());
            }
        }
        while let Some((port, bytes)) = switch.arrived(clock()) {
            // A full device loses the packet, as a network card does.
            rustix::io::write(&devices[port], &bytes).ok();
        }
        let wait = switch
            .next_due()
            .map_or(NAP, |due| due.saturating_sub(clock()).min(NAP));
        let mut polled: Vec<_> = devices
            .iter()
            .map(|device| PollFd::new(device, PollFlags::IN))
            .collect();
        let timeout = Timespec {
            tv_sec: 0,
            tv_nsec: i64::from(wait.subsec_nanos()),
        };
        // Interrupted or not, the loop looks at everything again.
        poll(&mut polled, Some(&timeout)).ok();
    }
}
