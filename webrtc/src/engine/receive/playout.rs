//! Decides what the decoder does next, so that speech plays at the target delay without gaps.
//!
//! Sound is due when it is [`Arrivals::target`] behind the fastest packet. One rule serves the
//! start of a stream, its return from silence and the end of a gap: play the next packet when it
//! is due. What is missing meanwhile is made good from a copy (RED), from the FEC of the packet
//! after it, or concealed. When nothing is there the decoder conceals and waits; a packet that
//! comes late is then played late rather than lost, and the delay it leaves is stretched away.

mod intake;

use std::time::Instant;

pub(crate) use self::intake::Arrival;
use super::{
    arrivals::Arrivals,
    buffer::{Packet, PacketBuffer},
    counters::ReceiveCounters,
    ticks::{self, BLOCK_TICKS, ms},
};

/// Concealment is full sound up to here, then fades.
const FADE_AFTER: i64 = ms(120);

/// How long it takes to fade to silence.
const FADE: i64 = ms(200);

/// Concealed in a row before the stream counts as paused; what follows is silence, not loss.
const MAX_CONCEALED: i64 = ms(1_000);

/// Comfort noise without news of the sender. In silence, browsers send a packet each 400 ms.
const MAX_NOISE: i64 = ms(2_000);

/// Ticks that are missing for longer are a stall of this machine: what came meanwhile is skipped.
const STALL: i64 = ms(100);

/// So much above the target, speech is skipped, not played faster: time-stretch would take
/// seconds, and the answer must not wait for it.
const MAX_EXCESS: i64 = ms(600);

/// How far the delay may be off the target, above and below, before it is stretched; and from
/// where on that is urgent.
const ABOVE: i64 = ms(10);
const BELOW: i64 = ms(10);
const URGENT: i64 = ms(70);

/// The playout clock follows the machine's, a share of the difference with each tick.
const CLOCK_SHARE: i64 = 32;

/// What the decoder does next.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Decode(Packet),
    /// Decode the FEC of this packet, which is the one after the loss; so many ticks.
    Recover(Packet, i64),
    /// Invent 10 ms, at this loudness at its end (0 to 1).
    Conceal(f32),
    /// The sender is silent: 10 ms of comfort noise, at this loudness at its end.
    Noise(f32),
    /// Nothing is being received.
    Silence,
}

/// How the pace must change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    Keep,
    Shorten { urgent: bool },
    Lengthen,
}

/// The playout of one remote track.
#[derive(Debug, Default)]
pub(crate) struct Playout {
    pub(crate) counters: ReceiveCounters,
    sender: Option<intake::Sender>,
    arrivals: Arrivals,
    buffer: PacketBuffer,
    state: State,
    /// Where ticks are counted from.
    epoch: Option<Instant>,
    /// When the present block is played.
    clock: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// Waits for a packet to become due.
    #[default]
    Filling,
    Playing {
        /// The RTP time to decode next.
        next: i64,
        /// Sequence number of the packet decoded last.
        sequence: u64,
        gap: Gap,
    },
}

/// What has been played since the last packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    None,
    Concealed(i64),
    Noise(i64),
}

impl Playout {
    /// A tick at `now`. True after a stall: what is decoded and not played is out of date.
    pub(crate) fn tick(&mut self, now: Instant) -> bool {
        let epoch = *self.epoch.get_or_insert(now);
        let now = ticks::since(epoch, now);
        let due = self.clock.map_or(now, |last| last + BLOCK_TICKS);
        let behind = now - due;
        let stalled = behind > STALL;
        self.clock = Some(if behind.abs() > STALL {
            now
        } else {
            due + behind / CLOCK_SHARE
        });
        let excess = self
            .buffer
            .first()
            .and_then(|first| self.delay_of(first.time, 0))
            .is_some_and(|delay| delay > self.arrivals.target() + MAX_EXCESS);
        if stalled || excess {
            self.skip_to_target();
        }
        stalled
    }

    /// How late the sound is that follows what is already decoded (`queued` ticks).
    pub(crate) fn delay(&self, queued: i64) -> Option<i64> {
        let next = match self.state {
            State::Playing { next, .. } => next,
            State::Filling => self.buffer.first()?.time,
        };
        self.delay_of(next, queued)
    }

    /// Packets that wait for their turn.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn held(&self) -> usize {
        self.buffer.len()
    }

    fn delay_of(&self, time: i64, queued: i64) -> Option<i64> {
        self.arrivals.delay_at(self.clock? + queued, time)
    }

    /// Drops what is later than the target.
    fn skip_to_target(&mut self) {
        let target = self.arrivals.target();
        while self.buffer.len() > 1
            && let Some(first) = self.buffer.first()
            && self
                .delay_of(first.time, 0)
                .is_some_and(|delay| delay > target)
        {
            self.buffer.pop();
            self.counters.discarded += 1;
        }
        if let (
            State::Playing {
                next,
                sequence,
                gap,
            },
            Some(first),
        ) = (self.state, self.buffer.first())
        {
            let skipped = first.time > next;
            self.state = State::Playing {
                next: next.max(first.time),
                sequence: if skipped {
                    first.sequence.saturating_sub(1)
                } else {
                    sequence
                },
                gap,
            };
        }
    }

    /// Whether the next packet can be decoded at once.
    pub(crate) fn has_next(&self) -> bool {
        match self.state {
            State::Playing { next, .. } => {
                self.buffer.first().is_some_and(|first| first.time == next)
            }
            State::Filling => false,
        }
    }

    /// What to do when `queued` ticks are decoded and not played yet.
    pub(crate) fn step(&mut self, queued: i64) -> Step {
        match self.state {
            State::Filling => self.begin(queued),
            State::Playing {
                next,
                sequence,
                gap,
            } => self.go_on(next, sequence, gap, queued),
        }
    }

    fn begin(&mut self, queued: i64) -> Step {
        let due = self
            .buffer
            .first()
            .and_then(|first| self.delay_of(first.time, queued))
            .is_some_and(|delay| delay >= self.arrivals.target());
        if due {
            self.decode(queued)
        } else {
            Step::Silence
        }
    }

    fn go_on(&mut self, next: i64, sequence: u64, gap: Gap, queued: i64) -> Step {
        let Some(first) = self.buffer.first() else {
            return self.wait(next, sequence, gap);
        };
        let missing = first.time - next;
        if missing <= 0 {
            return self.decode(queued);
        }
        let until_due = self
            .delay_of(first.time, queued)
            .map_or(0, |delay| self.arrivals.target() - delay);
        // A pause of the sender, not a loss: noise until the next packet is due.
        if matches!(gap, Gap::Noise(_)) || first.sequence <= sequence.saturating_add(1) {
            return if until_due <= 0 {
                self.decode(queued)
            } else {
                self.noise(next, sequence, gap)
            };
        }
        let concealed = match gap {
            Gap::Concealed(ticks) => ticks,
            Gap::None | Gap::Noise(_) => 0,
        };
        let to_fill = (missing - concealed).min(until_due);
        if first.facts.fec && to_fill <= first.facts.frame && concealed < missing {
            return self.recover(first.clone());
        }
        // At least a little is concealed, which carries the decoder over the gap.
        if to_fill <= 0 && concealed > 0 {
            return self.decode(queued);
        }
        self.conceal(next, sequence, concealed)
    }

    /// Nothing is there.
    fn wait(&mut self, next: i64, sequence: u64, gap: Gap) -> Step {
        match gap {
            Gap::Noise(ticks) if ticks < MAX_NOISE => self.noise(next, sequence, gap),
            Gap::None => self.conceal(next, sequence, 0),
            Gap::Concealed(ticks) if ticks < MAX_CONCEALED => self.conceal(next, sequence, ticks),
            Gap::Concealed(_) | Gap::Noise(_) => {
                self.state = State::Filling;
                Step::Silence
            }
        }
    }

    fn decode(&mut self, queued: i64) -> Step {
        let Some(packet) = self.buffer.pop() else {
            return Step::Silence;
        };
        let waited = self.clock.unwrap_or(packet.arrived) + queued - packet.arrived;
        let target = self.arrivals.target();
        self.counters.emit(packet.facts.duration, waited, target);
        self.state = State::Playing {
            next: packet.time + packet.facts.duration,
            sequence: packet.sequence,
            gap: if packet.facts.dtx {
                Gap::Noise(0)
            } else {
                Gap::None
            },
        };
        Step::Decode(packet)
    }

    fn recover(&mut self, packet: Packet) -> Step {
        self.counters.recovered += 1;
        let duration = packet.facts.frame;
        self.state = State::Playing {
            next: packet.time,
            sequence: packet.sequence.saturating_sub(1),
            gap: Gap::None,
        };
        if let Some(sender) = &mut self.sender {
            sender.remember_recovered(packet.time - duration);
        }
        Step::Recover(packet, duration)
    }

    fn conceal(&mut self, next: i64, sequence: u64, concealed: i64) -> Step {
        let after = concealed + BLOCK_TICKS;
        let loudness = fade(after, FADE_AFTER, FADE);
        self.counters.concealed += BLOCK_TICKS.unsigned_abs();
        if concealed == 0 {
            self.counters.concealment_events += 1;
        }
        if loudness <= 0.0 {
            self.counters.concealed_silent += BLOCK_TICKS.unsigned_abs();
        }
        self.state = State::Playing {
            next,
            sequence,
            gap: Gap::Concealed(after),
        };
        Step::Conceal(loudness)
    }

    fn noise(&mut self, next: i64, sequence: u64, gap: Gap) -> Step {
        let played = match gap {
            Gap::Noise(ticks) => ticks,
            Gap::None | Gap::Concealed(_) => 0,
        };
        let after = played + BLOCK_TICKS;
        self.state = State::Playing {
            next,
            sequence,
            gap: Gap::Noise(after),
        };
        Step::Noise(fade(after, MAX_NOISE / 2, MAX_NOISE / 2))
    }

    /// Whether to stretch, with `queued` ticks decoded and not played.
    pub(crate) fn pace(&self, queued: i64) -> Pace {
        let State::Playing { gap: Gap::None, .. } = self.state else {
            return Pace::Keep;
        };
        let Some(delay) = self.delay(queued) else {
            return Pace::Keep;
        };
        let target = self.arrivals.target();
        if delay > target + ABOVE {
            Pace::Shorten {
                urgent: delay > target + URGENT,
            }
        } else if delay < target - BELOW {
            Pace::Lengthen
        } else {
            Pace::Keep
        }
    }
}

/// 1 up to `after`, falling to 0 within `fade`.
fn fade(ticks: i64, after: i64, fade: i64) -> f32 {
    (1.0 - (ticks - after) as f32 / fade as f32).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests;
