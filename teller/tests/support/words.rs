//! The words of made-up calls.

use database::SessionId;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

/// What was said in a turn of a made-up call: a proof knows it without having heard it.
pub(crate) fn words(session: SessionId, seq: i32) -> String {
    const WORDS: [&str; 16] = [
        "account",
        "transfer",
        "balance",
        "branch",
        "card",
        "loan",
        "rate",
        "savings",
        "open",
        "close",
        "limit",
        "statement",
        "fee",
        "exchange",
        "payment",
        "insurance",
    ];
    let mut random = StdRng::seed_from_u64((session.0.as_u128() as u64) ^ (seq as u64) << 32);
    let length = random.random_range(4..24);
    let mut said = format!("turn {seq}:");
    for _ in 0..length {
        said.push(' ');
        said.push_str(WORDS[random.random_range(0..WORDS.len())]);
    }
    said
}
