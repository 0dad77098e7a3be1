//! An answer that was cut short: if that came to nothing, it goes on from where it was.

use knowledge::Route;

use super::{Conversation, Event, Step};
use crate::{ReplyMeta, Source};

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
    /// What the cut reply rests on.
    sources: Vec<Source>,
    /// It says that nothing can be said.
    is_useless: bool,
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
                    self.telling.sources.clone_from(&meta.sources);
                    self.telling.is_useless = meta.is_useless();
                }
                _ => {}
            }
        }
    }

    /// The reply was cut short after so many words.
    pub(super) fn cut_short(&mut self, heard_words: usize) {
        self.telling.cut(heard_words);
    }

    /// What cut the last reply short was nothing: says the rest of it. Gives `meta` back where nothing is left, or the turn
    /// is something.
    pub(super) fn go_on_telling(
        &mut self,
        text: &str,
        route: &Route,
        mut meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) -> Option<ReplyMeta> {
        let Telling {
            unheard,
            sources,
            is_useless,
            ..
        } = std::mem::take(&mut self.telling);
        if unheard.is_empty() || is_useless || !self.is_nothing(text, route) {
            return Some(meta);
        }
        meta.sources = sources;
        steps.extend(unheard.into_iter().map(Step::Say));
        self.complete(meta, self.awaiting, steps);
        None
    }
}

impl Conversation {
    /// Whether a turn says nothing: a listener's words, or a few that nobody understood and that ask for nothing.
    fn is_nothing(&self, text: &str, route: &Route) -> bool {
        let listening = &self.base.pack().listening;
        let is_short = text.split_whitespace().count() <= FEW_WORDS && !text.contains('?');
        let is_lost = match route {
            Route::Unclear => true,
            Route::OutOfScope => is_short,
            _ => false,
        };
        listening.is_backchannel(text) || is_lost && !listening.is_stop(text)
    }
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
        )
    }
}
