//! Who hears a track: encoders of a local one, listeners of a remote one.

use std::{
    ops::ControlFlow,
    sync::{Arc, Weak},
};

use super::{
    lock::{LeafMutex, SinkMutex},
    ticker::Ticker,
};

/// Receives 10 ms blocks of interleaved PCM.
pub(crate) trait Sink: Send {
    /// Takes one block. A sink that breaks is removed from its set.
    fn on_block(&mut self, pcm: &[i16], format: Format) -> ControlFlow<()>;

    /// Time passed without blocks: so many of 10 ms were skipped after a stall.
    fn on_missed(&mut self, _blocks: u32) {}

    /// The format this sink would convert to anyway, so that a decoder can produce it directly.
    fn wanted_format(&self) -> Option<Format> {
        None
    }

    /// Where its blocks go on to: they are best made there.
    fn home(&self) -> Option<Arc<dyn Ticker>> {
        None
    }
}

/// Shape of a block of interleaved `i16` samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) rate_hz: u32,
    pub(crate) channels: u32,
}

impl Format {
    /// Samples in 10 ms, all channels together.
    pub(crate) const fn block_samples(self) -> usize {
        (self.rate_hz / 100 * self.channels) as usize
    }
}

/// What gives a set its blocks, and rests while there is nobody to give them to.
pub(crate) trait Feeder: Send + Sync {
    /// A sink was added, which may have a home. Called without a lock held.
    fn wake(self: Arc<Self>, home: Option<Arc<dyn Ticker>>);
}

type SharedSink = Arc<SinkMutex<Box<dyn Sink>>>;

#[derive(Clone)]
struct Entry {
    id: u64,
    wanted: Option<Format>,
    sink: SharedSink,
}

/// The sinks of one track. They outlive connections: after a reconnect the same source feeds a
/// new encoder.
#[derive(Default)]
pub(crate) struct SinkSet {
    /// Replaced as a whole, so that blocks are delivered without holding the list: an encoder
    /// takes its connection's lock, and `remove_track` comes here with that lock held.
    list: LeafMutex<List>,
}

#[derive(Default)]
struct List {
    entries: Arc<Vec<Entry>>,
    last_id: u64,
    feeder: Option<Weak<dyn Feeder>>,
}

impl SinkSet {
    /// Who is to be woken for each sink that is added from now on. Whoever this replaces is not.
    pub(crate) fn set_feeder(&self, feeder: Weak<dyn Feeder>) {
        let old = self.list.lock().feeder.replace(feeder);
        drop(old);
    }

    /// Adds a sink; the number returned removes it.
    pub(crate) fn add(&self, sink: Box<dyn Sink>) -> u64 {
        let (wanted, home) = (sink.wanted_format(), sink.home());
        let (id, feeder) = {
            let mut list = self.list.lock();
            list.last_id += 1;
            let id = list.last_id;
            let mut entries = Vec::clone(&list.entries);
            entries.push(Entry {
                id,
                wanted,
                sink: Arc::new(SinkMutex::new(sink)),
            });
            list.entries = Arc::new(entries);
            (id, list.feeder.clone())
        };
        if let Some(feeder) = feeder.and_then(|feeder| feeder.upgrade()) {
            feeder.wake(home);
        }
        id
    }

    /// Removes a sink. A block that is being delivered may still reach it.
    pub(crate) fn remove(&self, id: u64) {
        let mut list = self.list.lock();
        let kept = list
            .entries
            .iter()
            .filter(|entry| entry.id != id)
            .cloned()
            .collect();
        list.entries = Arc::new(kept);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.lock().entries.is_empty()
    }

    /// Who hears the track now: looked up once for each block.
    pub(crate) fn hearers(&self) -> Hearers<'_> {
        Hearers {
            set: self,
            entries: Arc::clone(&self.list.lock().entries),
        }
    }

    /// Gives every sink a block.
    pub(crate) fn push(&self, pcm: &[i16], format: Format) {
        self.hearers().push(pcm, format);
    }
}

/// The sinks of one moment. Those removed since may still get a block.
pub(crate) struct Hearers<'a> {
    set: &'a SinkSet,
    entries: Arc<Vec<Entry>>,
}

impl Hearers<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The one format that all sinks want, if they agree.
    pub(crate) fn common_format(&self) -> Option<Format> {
        let first = self.entries.first()?.wanted?;
        self.entries
            .iter()
            .all(|entry| entry.wanted == Some(first))
            .then_some(first)
    }

    /// Notifies every sink that so many blocks were skipped.
    pub(crate) fn miss(&self, blocks: u32) {
        for entry in self.entries.iter() {
            entry.sink.lock().on_missed(blocks);
        }
    }

    /// Gives every sink a block.
    pub(crate) fn push(&self, pcm: &[i16], format: Format) {
        for entry in self.entries.iter() {
            let flow = entry.sink.lock().on_block(pcm, format);
            if flow.is_break() {
                self.set.remove(entry.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    const MONO_16K: Format = Format {
        rate_hz: 16_000,
        channels: 1,
    };
    const MONO_48K: Format = Format {
        rate_hz: 48_000,
        channels: 1,
    };

    struct Counter {
        blocks: Arc<Mutex<u32>>,
        until: u32,
        wanted: Option<Format>,
    }

    impl Sink for Counter {
        fn on_block(&mut self, _: &[i16], _: Format) -> ControlFlow<()> {
            let mut blocks = self.blocks.lock();
            *blocks += 1;
            if *blocks >= self.until {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }

        fn wanted_format(&self) -> Option<Format> {
            self.wanted
        }
    }

    fn add(set: &SinkSet, until: u32, wanted: Option<Format>) -> (u64, Arc<Mutex<u32>>) {
        let blocks = Arc::new(Mutex::new(0));
        let id = set.add(Box::new(Counter {
            blocks: Arc::clone(&blocks),
            until,
            wanted,
        }));
        (id, blocks)
    }

    #[test]
    fn a_removed_sink_hears_nothing_more() {
        let set = SinkSet::default();
        let (first, heard_first) = add(&set, u32::MAX, None);
        let (_, heard_second) = add(&set, u32::MAX, None);
        set.push(&[0], MONO_16K);
        set.remove(first);
        set.push(&[0], MONO_16K);
        assert_eq!((*heard_first.lock(), *heard_second.lock()), (1, 2));
    }

    #[test]
    fn a_sink_that_breaks_is_removed() {
        let set = SinkSet::default();
        let (_, heard) = add(&set, 2, None);
        for _ in 0..5 {
            set.push(&[0], MONO_16K);
        }
        assert_eq!(*heard.lock(), 2);
        assert!(set.is_empty());
    }

    #[test]
    fn a_common_format_needs_agreement() {
        let set = SinkSet::default();
        assert_eq!(set.hearers().common_format(), None);
        add(&set, u32::MAX, Some(MONO_16K));
        assert_eq!(set.hearers().common_format(), Some(MONO_16K));
        let (other, _) = add(&set, u32::MAX, Some(MONO_48K));
        assert_eq!(set.hearers().common_format(), None);
        set.remove(other);
        assert_eq!(set.hearers().common_format(), Some(MONO_16K));
    }
}
