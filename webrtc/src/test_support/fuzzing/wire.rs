//! Datagrams: of strangers, of the peer but spoilt, and what a peer with the keys puts inside.

use std::{cell::RefCell, time::Duration};

use super::{bytes::Bytes, pair::Pair};

/// Steps of 10 ms that one input may take.
const MAX_ROUNDS: u32 = 300;

/// Inputs after which the connected pair is made anew, so that a crash can be repeated.
const INPUTS_PER_PAIR: u32 = 200;

/// Datagrams that may wait to be sent after one input datagram. A burst of retransmissions is
/// bounded by the congestion window; this is far above it.
const MAX_ANSWERS: usize = 4_096;

/// Times in a row that the engine may ask to be called at once.
const MAX_RESTLESS: u32 = 100;

thread_local! {
    /// Connecting takes milliseconds, an attack microseconds.
    static CONNECTED: RefCell<Option<(Pair, u32)>> = const { RefCell::new(None) };
}

/// Runs an attack on a connected pair, which is kept for the next.
pub(super) fn on_connected(attack: impl FnOnce(&mut Pair)) {
    let kept = CONNECTED.take();
    let (mut pair, uses) = match kept {
        Some((pair, uses)) if uses < INPUTS_PER_PAIR && pair.is_connected() => (pair, uses),
        _ => (Pair::connected(), 0),
    };
    attack(&mut pair);
    CONNECTED.set(Some((pair, uses + 1)));
}

/// UDP datagrams into a connection in any state.
///
/// # Panics
///
/// When a promise is broken.
pub fn datagram(data: &[u8]) {
    let mut script = Bytes::new(data);
    match script.u8().unwrap_or_default() % 4 {
        0 => {
            let mut pair = Pair::negotiated();
            attack_by_datagrams(&mut script, &mut pair);
        }
        1 => {
            let mut pair = Pair::negotiated();
            for _ in 0..data.len() % 16 {
                pair.round(); // somewhere within ICE or DTLS
            }
            attack_by_datagrams(&mut script, &mut pair);
        }
        _ => on_connected(|pair| {
            attack_by_datagrams(&mut script, pair);
        }),
    }
}

fn attack_by_datagrams(script: &mut Bytes<'_>, pair: &mut Pair) -> Option<()> {
    let mut rounds = 0;
    loop {
        match script.u8()? % 6 {
            0 => {
                let length = usize::from(script.u16()?);
                pair.deliver(script.take(length));
            }
            1 => {
                let port = script.u16()?;
                let length = usize::from(script.u8()?);
                pair.deliver_from(([10, 0, 0, 3], port).into(), script.take(length));
            }
            2 => {
                // The peer's next datagram, spoilt.
                pair.poll_evil();
                let (at, value) = (usize::from(script.u8()?), script.u8()?);
                if let Some(mut datagram) = pair.inbound.pop_front() {
                    let index = at % datagram.len().max(1);
                    if let Some(byte) = datagram.get_mut(index) {
                        *byte = value;
                    }
                    pair.deliver(&datagram);
                }
            }
            3 => {
                // One of its earlier datagrams again, whole or cut.
                let index = usize::from(script.u8()?) % pair.delivered.len().max(1);
                let length = usize::from(script.u8()?) * 8;
                if let Some(datagram) = pair.delivered.get(index).cloned() {
                    pair.deliver(datagram.get(..length).unwrap_or(&datagram));
                }
            }
            4 => {
                let length = usize::from(script.u8()?);
                let bytes = script.take(length).to_vec();
                pair.inject(bytes);
            }
            _ => pass(script, pair, &mut rounds)?,
        }
        check(pair);
    }
}

/// Lets time pass.
pub(super) fn pass(script: &mut Bytes<'_>, pair: &mut Pair, rounds: &mut u32) -> Option<()> {
    for _ in 0..script.u8()? % 32 {
        *rounds += 1;
        if *rounds > MAX_ROUNDS {
            return None;
        }
        pair.round();
    }
    Some(())
}

/// What must be true after every step.
pub(super) fn check(pair: &mut Pair) {
    let waiting = pair.core.outbox.datagrams.len();
    assert!(waiting < MAX_ANSWERS, "{waiting} datagrams wait to be sent");
    let events = pair.core.outbox.events.len();
    assert!(events < MAX_ANSWERS, "{events} events from one input");
    pair.settle();
    let rested = (0..MAX_RESTLESS).any(|_| {
        let rests = pair.core.deadline() > pair.now;
        if !rests {
            pair.now += Duration::from_millis(1);
            pair.settle();
        }
        rests
    });
    assert!(
        rested,
        "the engine never stops asking for a time that has passed: the timer spins"
    );
}
