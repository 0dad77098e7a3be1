//! The points at which a life is ended, from the first question to what was told and is on the disk.

use std::time::Duration;

use rand::{Rng as _, rngs::StdRng};
use serde_json::{Value, json};

use super::gate::Fate;

/// How a life is ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kill {
    /// So long after the caller said this turn.
    InTurn(usize, Duration),
    /// At the first sentence of the reading back.
    ReadBack,
    /// Where the worker stops or dies by itself.
    At(Value),
    /// Where the gate has the request, or its answer.
    Gate(Fate),
    /// At the first sentence behind the yes.
    Told,
    /// When what was told is on the disk.
    Kept,
}

impl Kill {
    /// Where the worker stops by itself.
    pub(crate) fn stop(&self) -> Option<Value> {
        match self {
            Self::At(stop) => Some(stop.clone()),
            _ => None,
        }
    }
}

/// Points that are reached when nobody saw what came of a deed.
const NO_TICKET: &str = "unconfirmed, no ticket yet";
const TICKET: &str = "ticket on the disk";

/// The names of the points, in their order.
pub(crate) const POINTS: [&str; 19] = [
    "values are asked for",
    "it is read back",
    "the yes",
    "intent not written",
    "intent on its way",
    "intent on the disk",
    "request never arrived",
    "request in flight",
    "done, not answered",
    "answer half read",
    "answer read",
    "outcome on its way",
    "outcome on the disk",
    NO_TICKET,
    TICKET,
    "told",
    "told, on its way",
    "told, on the disk",
    "any moment",
];

/// How a life is ended at this point.
pub(crate) fn kill(point: &str, random: &mut StdRng) -> Kill {
    let places = ["before_append", "mid_frame", "after_append"];
    let place = places[random.random_range(0..places.len())];
    let micros = |random: &mut StdRng, most| Duration::from_micros(random.random_range(0..most));
    match point {
        "values are asked for" => Kill::InTurn(random.random_range(0..3), micros(random, 20_000)),
        "it is read back" => Kill::ReadBack,
        "the yes" => Kill::InTurn(3, Duration::ZERO),
        "intent not written" => Kill::At(json!("intent_unwritten")),
        "intent on its way" => Kill::At(json!({ "intent_on_its_way": place })),
        "intent on the disk" => Kill::At(json!("intent_written")),
        "request never arrived" => Kill::Gate(Fate::Held { arrives: false }),
        "request in flight" => Kill::Gate(match random.random_bool(0.5) {
            true => Fate::HeldLong,
            false => Fate::Held { arrives: true },
        }),
        "done, not answered" => Kill::Gate(Fate::Unanswered),
        "answer half read" => Kill::Gate(Fate::HalfAnswered),
        "answer read" => Kill::At(json!("answer_read")),
        "outcome on its way" => Kill::At(json!({ "outcome_on_its_way": place })),
        "outcome on the disk" => Kill::At(json!("outcome_written")),
        NO_TICKET => Kill::At(json!("ticket_unwritten")),
        TICKET => Kill::At(json!("ticket_written")),
        "told" => Kill::Told,
        "told, on its way" => Kill::At(json!({ "told_on_its_way": place })),
        "told, on the disk" => Kill::Kept,
        _ => Kill::InTurn(3, micros(random, 60_000)),
    }
}

/// What becomes of the requests of a life that is ended so.
pub(crate) fn fates_before(point: &str, kill: &Kill, random: &mut StdRng) -> Vec<Fate> {
    match kill {
        Kill::Gate(fate) => vec![*fate],
        _ if matches!(point, NO_TICKET | TICKET) => vec![Fate::Broken; 2],
        _ => fates(random),
    }
}

/// What becomes of the requests of a call: half of them go well.
pub(crate) fn fates(random: &mut StdRng) -> Vec<Fate> {
    const WRONG: [Fate; 6] = [
        Fate::Lost,
        Fate::Refused,
        Fate::Broken,
        Fate::Cut,
        Fate::Late,
        Fate::Straggles,
    ];
    let mut one = |odds| match random.random_bool(odds) {
        true => WRONG[random.random_range(0..WRONG.len())],
        false => Fate::Pass,
    };
    vec![one(0.5), one(0.3)]
}
