//! A request to a server until it is answered (RFC 8489 section 6.2).

use std::time::{Duration, Instant};

use super::stun::TransactionId;

/// Wait for an answer before the first repetition over UDP; doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Longest wait between two repetitions.
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// Requests sent over UDP before the server counts as silent, 15.5 s after the first.
const ATTEMPTS: u32 = 6;

/// Over a stream nothing is repeated: it is what the stream does.
const STREAM_PATIENCE: Duration = Duration::from_secs(15);

/// What is to be done now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Send,
    Wait,
    /// The server does not answer.
    GiveUp,
}

/// One outstanding request.
#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) id: TransactionId,
    pub(crate) bytes: Vec<u8>,
    attempts_left: u32,
    wait: Duration,
    next: Instant,
}

impl Transaction {
    /// To be sent with the first [`Self::step`].
    pub(crate) const fn new(
        id: TransactionId,
        bytes: Vec<u8>,
        over_stream: bool,
        now: Instant,
    ) -> Self {
        Self {
            id,
            bytes,
            attempts_left: if over_stream { 1 } else { ATTEMPTS },
            wait: if over_stream {
                STREAM_PATIENCE
            } else {
                FIRST_WAIT
            },
            next: now,
        }
    }

    /// When to ask [`Self::step`] again.
    pub(crate) const fn deadline(&self) -> Instant {
        self.next
    }

    pub(crate) fn step(&mut self, now: Instant) -> Step {
        if now < self.next {
            return Step::Wait;
        }
        if self.attempts_left == 0 {
            return Step::GiveUp;
        }
        self.attempts_left -= 1;
        self.next = now + self.wait;
        if self.wait < LONGEST_WAIT {
            self.wait = (self.wait * 2).min(LONGEST_WAIT);
        }
        Step::Send
    }
}

/// A transaction nobody can guess.
pub(crate) fn new_id() -> TransactionId {
    rand::random()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_at(over_stream: bool) -> (Vec<u128>, u128) {
        let start = crate::engine::test_support::start();
        let mut transaction = Transaction::new([0; 12], vec![], over_stream, start);
        let mut sent = Vec::new();
        loop {
            let now = transaction.deadline();
            match transaction.step(now) {
                Step::Send => sent.push((now - start).as_millis()),
                Step::Wait => panic!("waits at its deadline"),
                Step::GiveUp => return (sent, (now - start).as_millis()),
            }
        }
    }

    #[test]
    fn over_udp_a_request_is_repeated_ever_more_rarely() {
        let (sent, given_up) = sent_at(false);
        assert_eq!(sent, [0, 500, 1_500, 3_500, 7_500, 11_500]);
        assert_eq!(given_up, 15_500);
    }

    #[test]
    fn over_a_stream_it_is_sent_once() {
        assert_eq!(sent_at(true), (vec![0], 15_000));
    }
}
