//! What a call remembers between turns.

use std::collections::VecDeque;

use language::{contains_any, numbers::What};

use call::Speaker;

use crate::{
    english::english,
    redact::{
        Kind,
        judge::{Cut, MAX_PLAIN_DIGITS, Turn, is_empty_word, string_digits},
        labels::{self, Label},
    },
};

/// Caller turns for which a question stands: "hold on", "let me look", then the code.
const ASK_TURNS: u8 = 3;
/// Turns over which one number may be spread.
const TAIL_TURNS: u8 = 3;
/// Secrets kept to recognise them again; the oldest goes when more are heard.
const MAX_SECRETS: usize = 16;
/// Digits from which a repetition is not a coincidence.
const MIN_SECRET_DIGITS: usize = 4;
const MIN_PART_DIGITS: usize = 6;

/// What the last question was after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Ask {
    #[default]
    Nothing,
    /// A phone number, an amount, a date.
    Harmless,
    Secret(Kind),
}

/// Digits at the end of the caller's last turns.
pub(super) struct Tail {
    pub(super) digits: String,
    /// They were taken out as this.
    pub(super) kind: Option<Kind>,
    turns: u8,
}

/// The state of one call.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) ask: Ask,
    ask_turns: u8,
    pub(super) tail: Option<Tail>,
    secrets: VecDeque<(String, Kind)>,
}

impl Memory {
    /// What `digits` were when they were said before.
    pub(super) fn known(&self, digits: &str) -> Option<Kind> {
        let same = |secret: &str| {
            secret == digits
                || (secret.len() >= MIN_PART_DIGITS && digits.contains(secret))
                || (digits.len() >= MIN_PART_DIGITS && secret.contains(digits))
        };
        self.secrets
            .iter()
            .find(|(secret, _)| same(secret))
            .map(|(_, kind)| *kind)
    }

    /// What the next turn answers is not known: digits are taken for secret.
    pub(super) fn asked_unheard(&mut self) {
        self.ask = Ask::Secret(Kind::Number);
        self.ask_turns = ASK_TURNS;
    }

    /// Takes note of a turn; `cuts` has one entry for each chain of it.
    pub(super) fn after(&mut self, turn: &Turn<'_>, cuts: &[Option<Cut>]) {
        for (chain, cut) in turn.chains.iter().zip(cuts) {
            let digits = string_digits(chain);
            if let Some(cut) = cut
                && digits.len() >= MIN_SECRET_DIGITS
                && self.known(&digits).is_none()
            {
                if self.secrets.len() == MAX_SECRETS {
                    self.secrets.pop_front();
                }
                self.secrets.push_back((digits, cut.kind));
            }
        }
        match turn.speaker {
            Speaker::Agent => self.after_agent(turn),
            Speaker::Caller => self.after_caller(turn, cuts),
        }
    }

    fn after_agent(&mut self, turn: &Turn<'_>) {
        let lists = &english().redaction;
        let asks = turn.text.contains('?') || contains_any(turn.text, &lists.asks);
        if !asks || contains_any(turn.text, &lists.warns) {
            return;
        }
        let labels = labels::all(&turn.items);
        let secret = labels.iter().rev().find_map(|l| match l.label {
            Label::Secret(kind) => Some(kind),
            _ => None,
        });
        let harmless = labels
            .iter()
            .any(|l| matches!(l.label, Label::Harmless | Label::Vague))
            || contains_any(turn.text, &lists.asks_how_much);
        if let Some(kind) = secret {
            self.expect(Ask::Secret(kind), ASK_TURNS);
        } else if harmless {
            self.expect(Ask::Harmless, ASK_TURNS);
            self.tail = None;
        }
    }

    fn after_caller(&mut self, turn: &Turn<'_>, cuts: &[Option<Cut>]) {
        let told = cuts.iter().any(Option::is_some)
            || turn.items.iter().any(|i| matches!(i.what, What::Opaque(_)));
        let tail = self.tail_after(turn, cuts);
        // While one number goes on over turns, the question for it stands.
        let goes_on = self.ask == Ask::Harmless
            && tail
                .as_ref()
                .is_some_and(|t| t.digits.len() < MAX_PLAIN_DIGITS);
        self.tail = tail;
        if !goes_on {
            self.ask_turns = if told {
                0
            } else {
                self.ask_turns.saturating_sub(1)
            };
            if self.ask_turns == 0 {
                self.ask = Ask::Nothing;
            }
        }
        // "My PIN is" … and the rest in the next turn.
        if let Some(last) = labels::all(&turn.items).last()
            && (last.end + 1..turn.items.len())
                .all(|at| is_empty_word(&turn.items, at) && !turn.items[at].is_numeral())
        {
            match last.label {
                Label::Secret(kind) => self.expect(Ask::Secret(kind), 1),
                Label::Harmless => self.expect(Ask::Harmless, 1),
                Label::Card | Label::Vague => {}
            }
        }
    }

    fn expect(&mut self, ask: Ask, turns: u8) {
        self.ask = ask;
        self.ask_turns = turns;
    }

    fn tail_after(&self, turn: &Turn<'_>, cuts: &[Option<Cut>]) -> Option<Tail> {
        let last = (0..turn.items.len())
            .rev()
            .find(|at| !is_empty_word(&turn.items, *at) || turn.items[*at].is_numeral())?;
        let before = self.tail.as_ref().filter(|_| turn.chains.len() < 2);
        let turns = before.map_or(1, |t| t.turns + 1);
        if turns > TAIL_TURNS {
            return None;
        }
        if let What::Opaque(which) = turn.items[last].what {
            return Some(Tail {
                digits: String::new(),
                kind: Some(Kind::ALL[which]),
                turns,
            });
        }
        let (chain, cut) = turn
            .chains
            .iter()
            .zip(cuts)
            .find(|(c, _)| c.items.contains(&last))?;
        if !turn.ends_with(chain) || chain.pieces.last().is_some_and(|p| p.measure) {
            return None;
        }
        let mut digits = before
            .filter(|_| turn.bare)
            .map_or_else(String::new, |t| t.digits.clone());
        digits.push_str(&string_digits(chain));
        Some(Tail {
            digits,
            kind: cut.as_ref().map(|c| c.kind),
            turns,
        })
    }
}
