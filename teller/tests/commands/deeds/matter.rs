//! What a caller wants to have done, over all calls that they make about it, and what they heard.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::life::new_session;

/// The deeds of the pack, and how a caller asks for them.
pub(crate) const DEEDS: [(&str, &str); 3] = [
    ("keep_volume", "I want you to keep a volume"),
    ("extend_volume", "I want you to extend a volume"),
    ("order_volume", "I want you to order a volume"),
];
/// Its systems honour keys; those of the others are given another key each time, so that what comes twice is done twice.
pub(crate) const HONOURS_KEYS: &str = "keep_volume";
/// Its systems can be asked about nothing: no request comes twice.
pub(crate) const ONCE: &str = "order_volume";

/// How it is told that nothing was done.
const NOT_DONE: [&str; 2] = ["It was declined", "That did not work, and nothing was done"];

/// What a caller was told of a deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// It is done, and called this, if the caller heard so far.
    Done(Option<String>),
    /// It was not done.
    NotDone,
    /// Nobody knows; a person looks into it, under this reference.
    Unconfirmed(String),
}

/// One call, with all lives that it goes on over.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    pub(crate) sessions: Vec<Uuid>,
    pub(crate) agreed: bool,
    pub(crate) words: Vec<Word>,
}

#[derive(Debug, Clone)]
pub(crate) struct Matter {
    pub(crate) deed: usize,
    /// Of the volume, which nobody else asks for.
    pub(crate) number: u32,
    /// Where its workers were killed, and whether they had come so far.
    pub(crate) points: Vec<(&'static str, bool)>,
    is_declined: bool,
    pub(crate) calls: Vec<Call>,
    pub(crate) heard: Vec<String>,
}

impl Matter {
    pub(crate) fn new(deed: usize, number: u32, is_declined: bool) -> Self {
        Self {
            deed,
            number,
            points: Vec::new(),
            is_declined,
            calls: vec![Call::default()],
            heard: Vec::new(),
        }
    }

    pub(crate) fn deed(&self) -> &'static str {
        DEEDS[self.deed].0
    }

    /// The caller calls again, and nothing is known of the call before.
    pub(crate) fn call_again(&mut self) {
        self.calls.push(Call::default());
    }

    fn call(&mut self) -> &mut Call {
        self.calls.last_mut().expect("it begins with one")
    }

    /// A session for the next life of the call.
    pub(crate) fn begin(&mut self) -> Uuid {
        let session = new_session();
        self.call().sessions.push(session);
        session
    }

    /// The sessions of the lives before this one.
    pub(crate) fn continues(&mut self) -> Vec<Uuid> {
        let sessions = &self.call().sessions;
        sessions[..sessions.len() - 1].to_vec()
    }

    pub(crate) fn turns(&self) -> [String; 4] {
        let desk = match self.is_declined {
            true => "the harbour desk",
            false => "the north desk",
        };
        [
            DEEDS[self.deed].1.to_owned(),
            self.number.to_string(),
            desk.to_owned(),
            "Yes please".to_owned(),
        ]
    }

    pub(crate) fn agree(&mut self) {
        self.call().agreed = true;
    }

    /// How often the caller agreed to it.
    pub(crate) fn consents(&self) -> usize {
        self.calls.iter().filter(|call| call.agreed).count()
    }

    pub(crate) fn hear(&mut self, sentence: String) {
        let words = &mut self.call().words;
        if sentence.starts_with("It is done") {
            words.push(Word::Done(None));
        } else if let Some(reference) = sentence.strip_prefix("The reference is ") {
            *words.last_mut().expect("it was told before") = Word::Done(Some(bare(reference)));
        } else if let Some((_, reference)) = sentence.split_once("with the reference ") {
            words.push(Word::Unconfirmed(bare(reference)));
        } else if NOT_DONE.iter().any(|line| sentence.starts_with(line)) {
            words.push(Word::NotDone);
        }
        self.heard.push(sentence);
    }

    /// All sessions of all calls.
    pub(crate) fn sessions(&self) -> BTreeSet<Uuid> {
        let calls = self.calls.iter();
        calls
            .flat_map(|call| call.sessions.iter().copied())
            .collect()
    }
}

/// A reference as it is stored, however it is spoken.
pub(crate) fn bare(spoken: &str) -> String {
    let letters = spoken.chars().filter(char::is_ascii_alphanumeric);
    letters.collect()
}
