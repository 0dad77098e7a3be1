//! A pack: who the agent is, what it may speak about, and in which words.
//!
//! A pack is one folder of plain files, edited by the people who run the line. These types are
//! what is in them after checking; [`Pack::load`] is in `load.rs`.

use std::{collections::BTreeMap, fmt, sync::Arc};

use chrono::FixedOffset;
use language::{
    FactWords, Lexicon, Listening, MomentWords, SummaryWords, guard::Guard, money::Unit,
    pronunciation::Pronunciations,
};
use serde::Deserialize;

use crate::{
    catalogue::{Catalogue, CatalogueWords},
    disclosure::RecordingWords,
    facts::RecallLines,
    hours::People,
    lines::Lines,
    lookup::Lookup,
    meant::MeaningWords,
    review::FigureWords,
    slot::{Country, SlotWords},
    task::Tasks,
    trained::Trained,
    transfer::{TransferSettings, TransferWords},
    trust::FreshnessPolicy,
    web::WebWords,
};

/// A trade's whole configuration and knowledge.
#[derive(Clone, Debug)]
pub struct Pack {
    /// `pack.toml`.
    pub settings: Settings,
    /// `topics.toml`, in the author's order.
    pub topics: Vec<Topic>,
    /// `words.toml`, with the language's own follow-ups and aspects.
    pub words: TradeWords,
    /// `small_talk.toml`.
    pub small_talk: Vec<SmallTalk>,
    /// The language's own phrases and those of `actions.toml`.
    pub actions: Actions,
    /// `lookups.toml`, in the author's order; a pack may have none.
    pub lookups: Vec<Lookup>,
    /// What can be done for callers in several turns: `tasks/*.toml`; a pack may have none.
    pub tasks: Tasks,
    /// `catalogue.toml` with its rows; a pack may have none.
    pub catalogue: Option<Catalogue>,
    /// Words of the language by which catalogues are asked and answer.
    pub(crate) catalogue_words: CatalogueWords,
    /// What it adds to how a caller's turn is read: `moments.toml`; a pack may have none.
    pub moments: MomentWords,
    /// What it remembers of its callers: `facts.toml`; a pack may have none.
    pub facts: FactWords,
    /// What is said of what is remembered: the language's words.
    pub recall: RecallLines,
    /// Words of the language by which turns and replies are judged.
    pub listening: Listening,
    /// Words of the language by which a language model's sentences are judged.
    pub guard: Guard,
    /// Words of the language by which a turn's meaning is found.
    pub(crate) meaning: MeaningWords,
    /// Words of the language by which figures are told apart.
    pub(crate) figures: FigureWords,
    /// Words of the language by which the web is asked.
    pub(crate) web: WebWords,
    /// Words of the language by which calls are put through.
    pub transfer: TransferWords,
    /// Words of the language that say that a call is recorded.
    pub(crate) recording: RecordingWords,
    /// Words of the language by which slots are read.
    pub(crate) slot_words: SlotWords,
    /// What people say elsewhere, to other trades and about nothing: the language's, and the pack's `elsewhere.txt`.
    pub(crate) elsewhere: Elsewhere,
    /// What was learned for it from labelled sentences too: `learned.toml`.
    pub(crate) trained: Option<Arc<Trained>>,
    /// How the voice says the company's own words: `lexicon.toml`; a pack may have none.
    pub pronunciations: Arc<Pronunciations>,
    /// `documents/*.md`, by source.
    pub documents: Vec<DocumentText>,
}

/// Sentences that a pack is told apart from; they are many, and none of its own. The first `of_language` are
/// everybody's; the rest the pack adds, which knows that they have its words.
#[derive(Clone)]
pub(crate) struct Elsewhere {
    pub(crate) sentences: Vec<String>,
    pub(crate) of_language: usize,
}

impl fmt::Debug for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Elsewhere({} sentences)", self.sentences.len())
    }
}

impl Pack {
    /// The pack without every `of`th way of asking, from the `first` on, and these; and without what was learned.
    pub(crate) fn without_asks(&self, first: usize, of: usize) -> (Self, Vec<String>) {
        let mut rest = self.clone();
        rest.trained = None;
        let (mut taken, mut at) = (Vec::new(), 0);
        for document in &mut rest.documents {
            for asks in [&mut document.asks, &mut document.phrasings] {
                asks.retain(|ask| {
                    let is_kept = at % of != first;
                    at += 1;
                    if !is_kept {
                        taken.push(ask.clone());
                    }
                    is_kept
                });
            }
        }
        (rest, taken)
    }

    /// The topic of this id.
    #[must_use]
    pub fn topic(&self, id: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.id == id)
    }

    /// The look-up of this name.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Option<&Lookup> {
        self.lookups.iter().find(|lookup| lookup.name == name)
    }

    /// Whether the answers to small talk of this kind are said as they are.
    #[must_use]
    pub fn is_fixed(&self, kind: &str) -> bool {
        let mut kinds = self.small_talk.iter();
        kinds.any(|talk| talk.kind == kind && talk.fixed)
    }

    /// An answer to small talk of this kind. `turn` picks among the variants, so that a caller who
    /// says hello twice does not hear the same sentence twice.
    #[must_use]
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
    /// The pack's own name, `library`.
    pub name: String,
    /// The company, as spoken.
    pub company_name: String,
    /// What the agent calls itself.
    pub agent_name: String,
    /// The currency of amounts that look-ups find; none where they find no amounts.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// How telephone numbers are said where callers live; without it only numbers with a country's code are read.
    #[serde(default)]
    pub country: Option<Country>,
    /// How the agent sounds in words, given to a language model: "calm, brief, plain".
    pub tone: String,
    /// Rules of this trade for a language model, one sentence each.
    #[serde(default)]
    pub rules: Vec<String>,
    /// How much support an answer needs.
    #[serde(default)]
    pub grounding_mode: GroundingMode,
    /// How long what documents say holds; without it no document is outdated.
    #[serde(default)]
    pub freshness_policy: Option<FreshnessPolicy>,
    /// Which tools may be used beside the pack's own.
    #[serde(default)]
    pub tool_policy: ToolPolicy,
    /// How far the company's clocks are ahead of UTC: `+02:00`.
    #[serde(default)]
    pub utc_offset: Option<UtcOffset>,
    /// Where phone calls are transferred, E.164; none means that people call back.
    #[serde(default)]
    pub transfer_number: Option<String>,
    /// How long is waited for a colleague who is spoken to first.
    #[serde(default)]
    pub transfer: TransferSettings,
    /// When people can be reached; without it they always can.
    #[serde(default)]
    pub people: Option<People>,
    /// How many days a task that a call broke off in can be gone on with; 0: never.
    #[serde(default = "unfinished_days")]
    pub unfinished_days: u32,
    /// The voice.
    pub voice: VoiceSettings,
    /// How long silence may last.
    pub silence: SilenceSettings,
    /// What summaries call this trade's matters.
    pub summary: SummaryWords,
    /// What `teller knowledge check` need not remark on.
    #[serde(default)]
    pub check: CheckSettings,
    /// The fixed sentences.
    pub lines: Lines,
}

fn unfinished_days() -> u32 {
    7
}

/// What the author has looked at and found right.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckSettings {
    /// Single words that other trades say too and that are cues all the same.
    pub cues: Vec<String>,
    /// Pairs of documents, by source, whose figures differ and are right in both.
    pub figures: Vec<[String; 2]>,
}

/// Which tools may be used beside the pack's own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ToolPolicy {
    /// Questions about the trade that no document answers may be asked of the web, where a search is set up.
    pub web_search: bool,
    /// Sites whose results may be used: `www.example.com`, or `*.example.com` for every host below `example.com`.
    pub sites: Vec<String>,
}

/// How far clocks are ahead of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct UtcOffset(pub FixedOffset);

impl TryFrom<String> for UtcOffset {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let offset = text.parse().map(Self);
        offset
            .map_err(|_| format!("{text:?} is no offset; accepted: +02:00, -03:30 and their like"))
    }
}

/// A currency.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Currency {
    /// ISO 4217 code.
    pub code: String,
    /// As spoken, "dollars".
    pub spoken: String,
    /// As spoken of exactly one, "dollar"; like all others unless given.
    #[serde(default)]
    pub one: Option<String>,
}

impl Currency {
    /// Its unit as it is said.
    pub(crate) fn unit(&self) -> Unit<'_> {
        Unit {
            one: self.one.as_deref().unwrap_or(&self.spoken),
            many: &self.spoken,
        }
    }
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

/// One subject callers ask about.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// `opening_hours`.
    pub id: String,
    /// As spoken: "opening hours".
    pub label: String,
    /// Phrases that ask about it, in the notation of [`language::phrase`].
    pub phrases: Vec<String>,
    /// Phrases that rule it out.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Whoever asks about it is in need: the first sentence of its document is said first, before anything else, and
    /// never that nothing is known.
    #[serde(default)]
    pub urgent: bool,
}

impl Topic {
    /// Its phrases as plain words, alternatives written out, for matchers that know no notation.
    #[must_use]
    pub fn plain_phrases(&self) -> Vec<String> {
        let written_out = |phrase: &String| language::phrase::written_out(phrase);
        self.phrases.iter().flat_map(written_out).collect()
    }
}

/// The words of a trade.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TradeWords {
    /// Words that only this trade's callers say: of a library "paperback", "overdue".
    pub strong: Vec<String>,
    /// Words that its callers say too: "title", "page".
    pub weak: Vec<String>,
    /// Words of other trades; they speak against this one.
    pub foreign: Vec<String>,
    /// Words that keep a conversation on its subject: "how much does it cost".
    #[serde(default)]
    pub follow_ups: Vec<String>,
    /// Words and what the documents call them: `"volume" = "book"`.
    #[serde(default)]
    pub synonyms: BTreeMap<String, String>,
    /// Words that are not a form of another word: "booking" means more than "book".
    #[serde(default)]
    pub whole: Vec<String>,
    /// Words that so many questions of this trade hold that they find no document.
    #[serde(default)]
    pub unspecific: Vec<String>,
    /// What a question may want to know in particular, the most specific first.
    #[serde(default, rename = "aspect")]
    pub aspects: Vec<Aspect>,
}

impl TradeWords {
    /// The synonyms, compiled: what phrases of the pack are matched by.
    #[must_use]
    pub fn lexicon(&self) -> Lexicon {
        Lexicon::new(&self.synonyms, &self.whole, &self.unspecific)
    }
}

/// A kind of thing that questions want to know: a cost, a duration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aspect {
    /// `cost`, `duration` …; an aspect of the pack with the name of one of the language adds to it.
    pub name: String,
    /// Phrases that ask for it.
    #[serde(default)]
    pub asks: Vec<String>,
    /// Words of sentences that answer it.
    pub signs: Vec<String>,
}

impl Aspect {
    /// The language's aspects, each with what the pack adds to it, then those of the pack alone.
    pub(crate) fn merged(mut aspects: Vec<Self>, more: Vec<Self>) -> Vec<Self> {
        for aspect in more {
            match aspects.iter_mut().find(|known| known.name == aspect.name) {
                Some(known) => {
                    known.asks.extend(aspect.asks);
                    known.signs.extend(aspect.signs);
                }
                None => aspects.push(aspect),
            }
        }
        aspects
    }
}

/// Conversation beside the subject.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmallTalk {
    /// `greeting`, `thanks`, `robot` …
    pub kind: String,
    /// Phrases, in the notation of [`language::phrase`].
    pub phrases: Vec<String>,
    /// Phrases that rule it out.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Words that mean nothing more once a phrase matched: the "today" in "how are you today".
    #[serde(default)]
    pub with: Vec<String>,
    /// What follows the phrase belongs to it: "my name is …", whatever the name.
    #[serde(default)]
    pub leads: bool,
    /// It opens a request: with one word of the trade beside it the turn is a question about the trade.
    #[serde(default)]
    pub opens: bool,
    /// These lines are said as they are, whoever else could answer: nobody phrases them anew.
    #[serde(default)]
    pub fixed: bool,
    /// What to answer, in turn.
    pub answers: Vec<String>,
}

/// Phrases that ask for an action instead of an answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Actions {
    /// Speak to a person.
    pub human: PhraseSet,
    /// Prove who they are.
    pub authenticate: PhraseSet,
    /// Say that again.
    pub repeat: PhraseSet,
    /// Where does that come from.
    pub source: PhraseSet,
    /// Wants to hear the rest of the last answer.
    #[serde(default)]
    pub more: PhraseSet,
    /// The end of the call.
    pub goodbye: PhraseSet,
    /// Yes.
    pub affirm: PhraseSet,
    /// No.
    pub deny: PhraseSet,
}

impl Actions {
    /// Adds the phrases of `other` to these.
    pub(crate) fn extend(&mut self, other: Self) {
        for (own, more) in [
            (&mut self.human, other.human),
            (&mut self.authenticate, other.authenticate),
            (&mut self.repeat, other.repeat),
            (&mut self.source, other.source),
            (&mut self.more, other.more),
            (&mut self.goodbye, other.goodbye),
            (&mut self.affirm, other.affirm),
            (&mut self.deny, other.deny),
        ] {
            own.phrases.extend(more.phrases);
            own.unless.extend(more.unless);
            own.with.extend(more.with);
        }
    }
}

/// Phrases and their exceptions.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PhraseSet {
    /// Any of these.
    pub phrases: Vec<String>,
    /// And none of these.
    pub unless: Vec<String>,
    /// Words that mean nothing more once a phrase matched.
    pub with: Vec<String>,
}

/// One document, as written.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DocumentText {
    /// Its name in citations, such as `library/opening-hours`; unique.
    pub source: String,
    /// Its title.
    pub title: String,
    /// The topic it belongs to; none for a document that no pack knows.
    pub topic: Option<String>,
    /// Other ways callers ask for it; searched, never spoken.
    pub asks: Vec<String>,
    /// What callers say who ask for it, as they say it: `documents/*.asks.txt`. Many, and compared one by one; the ways
    /// of asking above are few, and the document's words too.
    pub phrasings: Vec<String>,
    /// Which sentence answers one of these, where the pack says so.
    pub answered_by: BTreeMap<String, String>,
    /// Sentences that are quoted as answers and are not in the document: those below them count for all of it.
    pub misquoted: Vec<String>,
    /// The day of its facts, as `2026-01-31`.
    pub date: Option<String>,
    /// How far its source is believed, 0 to 1.
    pub credibility: Option<f32>,
    /// Where it was fetched from: a page's address or a file's path.
    pub address: Option<String>,
    /// The prose; its first paragraph is the direct answer.
    pub text: String,
}
