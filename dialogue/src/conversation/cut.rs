//! An answer that was cut short: if that came to nothing, it goes on from where it was.

use knowledge::Route;

use super::{Conversation, Event, Mood, Purpose, Reply, Step};
use crate::{Awaiting, ReplyMeta};

/// Sentences kept of one reply; of a longer one the end is not brought back.
const SENTENCES: usize = 40;

/// Words out of place are something when there are more.
const FEW_WORDS: usize = 3;

/// What the reply under way says, and what nobody heard of the one before it.
#[derive(Debug, Clone, Default)]
pub(super) struct Telling {
    sentences: Vec<String>,
    /// What was left of it when it was cut, from the sentence in which that happened.
    unheard: Vec<String>,
    /// What the reply is, and what it asks, once it is complete.
    whole: Option<(ReplyMeta, Awaiting)>,
}

impl Telling {
    /// A reply was cut short after so many words.
    fn cut(&mut self, heard_words: usize) {
        let mut left = heard_words;
        let first = self.sentences.iter().position(|sentence| {
            let words = sentence.split_whitespace().count();
            let is_heard = words <= left;
            left = left.saturating_sub(words);
            !is_heard
        });
        self.unheard = first.map_or_else(Vec::new, |at| self.sentences.split_off(at));
        self.sentences.clear();
    }
}

impl Conversation {
    /// Keeps what a reply says; what is said beside one is no part of it.
    pub(super) fn note_telling(&mut self, is_reply: bool, steps: &[Step]) {
        if !is_reply {
            return;
        }
        for step in steps {
            match step {
                Step::Say(sentence) if self.telling.sentences.len() < SENTENCES => {
                    self.telling.sentences.push(sentence.clone());
                }
                Step::Done(meta) => {
                    let asks = match self.reply {
                        Reply::Complete { asks } => asks,
                        _ => Awaiting::None,
                    };
                    self.telling.whole = Some(((**meta).clone(), asks));
                }
                _ => {}
            }
        }
    }

    /// The reply under way is over. What came of a deed is told by the next one, unless it was told and only its message was
    /// waited for.
    pub(super) fn cancelled(&mut self) {
        let untold = self.untold.take();
        let is_told = matches!(
            std::mem::replace(&mut self.reply, Reply::None),
            Reply::Calling {
                purpose: Purpose::Notice(..),
                ..
            }
        );
        if let Some(untold) = untold.filter(|_| !is_told) {
            self.aside = self.task.replace(untold).or_else(|| self.aside.take());
        }
    }

    /// The reply was cut short after so many words.
    pub(super) fn cut_short(&mut self, heard_words: usize) {
        self.telling.cut(heard_words);
    }

    /// What cut the last reply short was nothing: says the rest of it, as the reply that it was. `false` where nothing is
    /// left, or the turn is something: an answer to what a task or the reply itself asks is.
    pub(super) fn go_on_telling(
        &mut self,
        (text, mood): (&str, &Mood),
        route: &Route,
        steps: &mut Vec<Step>,
    ) -> bool {
        let Telling { unheard, whole, .. } = std::mem::take(&mut self.telling);
        let Some((meta, asks)) = whole.filter(|(meta, _)| !meta.is_useless()) else {
            return false;
        };
        let is_answered = self.task.is_some() || (asks != Awaiting::None && is_answer(route));
        let is_over = unheard.is_empty() || meta.action.is_some() || is_answered;
        if is_over || !self.is_nothing(text, mood, route) {
            return false;
        }
        steps.extend(unheard.into_iter().map(Step::Say));
        let meta = ReplyMeta {
            continues: true,
            ..meta
        };
        self.complete(meta, asks, steps);
        true
    }
}

impl Conversation {
    /// Whether a turn says nothing: a listener's words, or a few that nobody understood, that ask for nothing and are said
    /// in no temper.
    fn is_nothing(&self, text: &str, mood: &Mood, route: &Route) -> bool {
        let listening = &self.base.pack().listening;
        let is_short = text.split_whitespace().count() <= FEW_WORDS;
        let is_calm = mood.now.is_none() && mood.frustration == 0;
        let is_lost = match route {
            Route::Unclear => !text.contains('?'),
            Route::OutOfScope => is_short && !text.contains('?'),
            _ => false,
        };
        is_calm && (listening.is_backchannel(text) || is_lost && !listening.is_stop(text))
    }
}

/// Whether a turn may answer a question.
fn is_answer(route: &Route) -> bool {
    matches!(route, Route::Affirm | Route::Deny)
}

impl Event {
    /// Whether what follows from it is said as a part of the reply to a turn.
    pub(super) const fn is_of_reply(&self) -> bool {
        matches!(
            self,
            Self::CallerSaid(_)
                | Self::Read(_)
                | Self::Found(_)
                | Self::WebFound(_)
                | Self::ModelWrote(_)
                | Self::ToolDone(..)
                | Self::ToolsDone(_)
                | Self::ToolsSlow
        )
    }
}
