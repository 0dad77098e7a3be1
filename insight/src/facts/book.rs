//! What a call has said so far of its caller: bounded, and enough to know what "forget that" means.

use super::{EVERYTHING, Fact, FactReader, Forgotten, OFF, ON, Wish};

/// Facts of a call at most.
const MOST: usize = 64;

/// What a call said so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    count: usize,
    /// What "that" would be.
    that: Option<Forgotten>,
    /// The caller was asked what to forget.
    asks_what: bool,
}

/// What one turn says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// What is to be kept, in the order in which it counts.
    pub facts: Vec<Fact>,
    /// What the caller wishes of what is remembered.
    pub wish: Option<Wish>,
}

impl Book {
    /// The caller said this, redacted. The same turns always give the same.
    pub fn turn(&mut self, text: &str, reader: &FactReader) -> Heard {
        let was_asked = std::mem::take(&mut self.asks_what);
        let wish = match reader.wish(text) {
            None if was_asked => reader.named(text).map(Wish::Forget),
            Some(Wish::Forget(Forgotten::Unclear)) => {
                let that = self.that.take().unwrap_or(Forgotten::Unclear);
                Some(Wish::Forget(that))
            }
            wish => wish,
        };
        let mut facts = match &wish {
            Some(Wish::Forget(Forgotten::Everything)) => vec![Fact::forgotten(EVERYTHING)],
            Some(Wish::Forget(Forgotten::Keys(keys))) => {
                keys.iter().map(|key| Fact::forgotten(key)).collect()
            }
            Some(Wish::SellNothing) => vec![Fact::selling(OFF)],
            Some(Wish::SellAgain) => vec![Fact::selling(ON)],
            Some(Wish::Forget(Forgotten::Unclear) | Wish::Known | Wish::Asked) => Vec::new(),
            Some(Wish::Told) | None => reader.read(text),
        };
        self.asks_what = wish == Some(Wish::Forget(Forgotten::Unclear));
        let is_learning = matches!(wish, Some(Wish::Told) | None);
        if is_learning {
            facts.truncate(MOST.saturating_sub(self.count));
            self.count += facts.len();
        }
        self.that = match &wish {
            Some(Wish::Known) => Some(Forgotten::Everything),
            Some(_) if !is_learning => None,
            _ => {
                let mut keys: Vec<String> = facts.iter().map(|fact| fact.key.clone()).collect();
                keys.dedup();
                (!keys.is_empty()).then_some(Forgotten::Keys(keys))
            }
        };
        Heard { facts, wish }
    }
}
