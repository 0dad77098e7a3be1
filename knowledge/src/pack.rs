//! What a pack says: who the agent is, what it may speak about, and in which words.
//!
//! A pack is one folder of plain files, edited by the people who run the bank's line. These types are
//! what is in them after checking; [`Pack::load`] is in `load.rs`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A trade's whole configuration and knowledge.
#[derive(Clone, Debug)]
pub struct Pack {
    /// `pack.toml`.
    pub settings: Settings,
    /// `topics.toml`, in the author's order.
    pub topics: Vec<Topic>,
    /// `banking_words.toml`.
    pub words: BankingWords,
    /// `small_talk.toml`.
    pub small_talk: Vec<SmallTalk>,
    /// `actions.toml`.
    pub actions: Actions,
    /// `documents/*.md`, by source.
    pub documents: Vec<DocumentText>,
}

impl Pack {
    /// The topic of this id.
    pub fn topic(&self, id: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.id == id)
    }

    /// The topic as it is spoken: "cardless withdrawal" for `cardless_withdrawal`.
    pub fn topic_label(&self, id: &str) -> Option<&str> {
        self.topic(id).map(|topic| topic.label.as_str())
    }

    /// An answer to small talk of this kind. `turn` picks among the variants, so that a caller who
    /// says hello twice does not hear the same sentence twice.
    pub fn small_talk_answer(&self, kind: &str, turn: usize) -> Option<&str> {
        let kind = self.small_talk.iter().find(|talk| talk.kind == kind)?;
        kind.answers
            .get(turn % kind.answers.len().max(1))
            .map(String::as_str)
    }
}

/// Name, voice, limits and fixed sentences.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The pack's own name, `bank`.
    pub name: String,
    /// The company, as spoken.
    pub bank_name: String,
    /// What the agent calls itself.
    pub agent_name: String,
    /// ISO 3166 country code.
    pub country: String,
    /// ISO 4217 currency code.
    pub currency: String,
    /// The currency as spoken, "dollars".
    pub currency_spoken: String,
    /// How the agent sounds in words, given to a language model: "calm, brief, plain".
    pub tone: String,
    /// How much support an answer needs.
    #[serde(default)]
    pub grounding_mode: GroundingMode,
    /// Where phone calls are transferred, E.164; none means that people call back.
    #[serde(default)]
    pub transfer_number: Option<String>,
    /// The voice.
    pub voice: VoiceSettings,
    /// How long silence may last.
    pub silence: SilenceSettings,
    /// The fixed sentences.
    pub lines: Lines,
}

/// When an answer counts as supported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroundingMode {
    /// At least two sources must support an answer.
    Strict,
    /// One source supports it; a language model may phrase it.
    #[default]
    Blended,
}

/// The voice that speaks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoiceSettings {
    /// The name a speech engine knows it by, `slt`.
    pub name: String,
    /// Speed; 1.0 is the voice's own.
    pub rate: f32,
}

/// Limits of silence, both counted since the caller or agent last spoke.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SilenceSettings {
    /// Seconds until "are you still there?".
    pub away_s: u32,
    /// Seconds until the goodbye.
    pub hangup_s: u32,
}

/// The fixed sentences. `{bank}` and `{agent}` are filled in when the pack loads; `{name}` is left
/// for the speaker in the one line that may have it, `authenticated`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    /// Said first, whole, whatever the caller does: automated, recorded.
    pub disclosure: String,
    /// After the disclosure.
    pub greeting: String,
    /// Instead of `greeting` for a device or number seen before; names nobody and nothing.
    pub welcome_back: String,
    /// The turn held no intelligible words; in turn.
    pub did_not_catch: Vec<String>,
    /// After `silence.away_s`.
    pub still_there: String,
    /// Before hanging up.
    pub goodbye: String,
    /// Before hanging up after silence.
    pub silence_goodbye: String,
    /// Before leaving because the service stops.
    pub service_goodbye: String,
    /// Something of ours failed.
    pub technical_problem: String,
    /// Not this bank's business; in turn.
    pub out_of_scope: Vec<String>,
    /// Words were heard but their meaning was not; in turn.
    pub unclear: Vec<String>,
    /// A banking question that no document answers.
    pub unsupported: String,
    /// After an answer, when nothing else was asked.
    pub anything_else: String,
    /// "Repeat that" before anything was said.
    pub nothing_to_repeat: String,
    /// Asked for a person, on a phone call that can be transferred.
    pub transfer_offer: String,
    /// The transfer begins.
    pub transferring: String,
    /// The transfer failed.
    pub transfer_failed: String,
    /// Asked for a person, and a transfer is not possible.
    pub callback_offer: String,
    /// The callback was agreed to.
    pub callback_promised: String,
    /// Neither was wanted.
    pub offer_declined: String,
    /// "What is my balance", from someone not authenticated.
    pub balance: String,
    /// "What is my balance", from an authenticated caller, while accounts are not connected.
    pub balance_authenticated: String,
    /// Wants to authenticate, in a browser.
    pub authenticate_web: String,
    /// Wants to authenticate, on a phone: enter the number on the keypad.
    pub authenticate_phone: String,
    /// Authentication is not set up, or this customer cannot be reached by a code.
    pub authentication_unavailable: String,
    /// The one-time code is on its way (said whether or not the customer exists).
    pub code_sent: String,
    /// The code was wrong, another try is allowed.
    pub code_wrong: String,
    /// Too many wrong codes or too many requests.
    pub code_limit: String,
    /// Authenticated; may say `{name}`.
    pub authenticated: String,
    /// Wants to authenticate, but already is.
    pub already_authenticated: String,
}

/// One subject callers ask about.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// `cardless_withdrawal`.
    pub id: String,
    /// As spoken: "cardless withdrawal".
    pub label: String,
    /// Phrases that ask about it, in the cue notation of `cue.rs`.
    pub cues: Vec<String>,
    /// Phrases that rule it out.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Not a moment to sell anything: complaint, fraud, loss, bereavement.
    #[serde(default)]
    pub selling_off: bool,
}

impl Topic {
    /// Its cues as plain phrases, alternatives written out, for matchers that know no notation.
    pub fn phrases(&self) -> Vec<String> {
        self.cues
            .iter()
            .flat_map(|cue| language::phrase::written_out(cue))
            .collect()
    }
}

/// What makes a question a banking question.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankingWords {
    /// Words that only a bank's caller says: "ATM", "overdraft".
    pub strong: Vec<String>,
    /// Words that a bank's caller says too: "card", "money".
    pub weak: Vec<String>,
    /// Words of other trades; they speak against banking.
    pub foreign: Vec<String>,
    /// Words that keep a banking conversation going: "how much does it cost".
    pub follow_ups: Vec<String>,
    /// Words and what the documents call them: `"cash machine" = "atm"`.
    pub synonyms: BTreeMap<String, String>,
    /// Words that are no form of another word: "banking" means more than "bank".
    #[serde(default)]
    pub whole: Vec<String>,
}

/// Conversation beside the subject.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmallTalk {
    /// `greeting`, `thanks`, `robot` …
    pub kind: String,
    /// Phrases, in the cue notation of `cue.rs`.
    pub cues: Vec<String>,
    /// Phrases that rule it out.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Words that mean nothing more once a cue matched: the "today" in "how are you today".
    #[serde(default)]
    pub with: Vec<String>,
    /// What follows the cue belongs to it: "my name is …", whatever the name.
    #[serde(default)]
    pub leads: bool,
    /// It opens a request: with one banking word beside it the turn is a banking question.
    #[serde(default)]
    pub opens: bool,
    /// What to answer, in turn.
    pub answers: Vec<String>,
}

/// Phrases that ask for a deed instead of an answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actions {
    /// Speak to a person.
    pub human: CueSet,
    /// The caller's own balance.
    pub balance: CueSet,
    /// Prove who they are.
    pub authenticate: CueSet,
    /// Say that again.
    pub repeat: CueSet,
    /// The end of the call.
    pub goodbye: CueSet,
    /// Yes.
    pub affirm: CueSet,
    /// No.
    pub deny: CueSet,
}

/// Phrases and their exceptions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CueSet {
    /// Any of these.
    pub cues: Vec<String>,
    /// And none of these.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Words that mean nothing more once a cue matched.
    #[serde(default)]
    pub with: Vec<String>,
}

/// One document, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentText {
    /// Its name in citations, `bank/cardless-withdrawal`; unique.
    pub source: String,
    /// Its title.
    pub title: String,
    /// The topic it belongs to; none for a document that no pack knows.
    pub topic: Option<String>,
    /// Other ways callers ask for it; searched, never spoken.
    pub asks: Vec<String>,
    /// The prose; its first paragraph is the direct answer.
    pub text: String,
}
