//! Sentences already synthesised, so that greetings and announcements cost nothing.

use std::collections::HashMap;
use std::sync::Arc;

use super::Speech;

/// Bounded by the bytes of its sound; the sentence unused for longest goes first.
#[derive(Debug)]
pub(super) struct SpeechCache {
    entries: HashMap<String, Entry>,
    bytes: usize,
    limit: usize,
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    speech: Arc<Speech>,
    last_use: u64,
}

impl SpeechCache {
    pub(super) fn new(limit_bytes: usize) -> Self {
        Self {
            entries: HashMap::new(),
            bytes: 0,
            limit: limit_bytes,
            uses: 0,
        }
    }

    pub(super) fn get(&mut self, text: &str) -> Option<Arc<Speech>> {
        self.uses += 1;
        let entry = self.entries.get_mut(text)?;
        entry.last_use = self.uses;
        Some(entry.speech.clone())
    }

    pub(super) fn insert(&mut self, text: String, speech: Arc<Speech>) {
        let added = size(&speech);
        if added > self.limit {
            return;
        }
        self.uses += 1;
        if let Some(old) = self.entries.insert(
            text,
            Entry {
                speech,
                last_use: self.uses,
            },
        ) {
            self.bytes -= size(&old.speech);
        }
        self.bytes += added;
        while self.bytes > self.limit {
            // A few hundred sentences: looking at all of them is quicker than keeping them in order.
            let Some(oldest) = self
                .entries
                .iter()
                .min_by_key(|(_, entry)| entry.last_use)
                .map(|(text, _)| text.clone())
            else {
                break;
            };
            if let Some(gone) = self.entries.remove(&oldest) {
                self.bytes -= size(&gone.speech);
            }
        }
    }
}

fn size(speech: &Speech) -> usize {
    speech.samples.len() * 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech(samples: usize) -> Arc<Speech> {
        Arc::new(Speech {
            samples: vec![1; samples],
            ..Speech::default()
        })
    }

    #[test]
    fn the_sentence_unused_for_longest_makes_room() {
        let mut cache = SpeechCache::new(400);
        cache.insert("a".into(), speech(100));
        cache.insert("b".into(), speech(100));
        assert!(cache.get("a").is_some());
        cache.insert("c".into(), speech(100));
        assert!(
            cache.get("b").is_none(),
            "b was unused for longest and is still there"
        );
        assert!(
            cache.get("a").is_some() && cache.get("c").is_some(),
            "a sentence in use was dropped"
        );
    }

    #[test]
    fn the_bound_holds_for_replaced_and_oversized_sentences() {
        let mut cache = SpeechCache::new(400);
        for _ in 0..5 {
            cache.insert("a".into(), speech(150));
        }
        assert_eq!(cache.bytes, 300);
        cache.insert("huge".into(), speech(300));
        assert!(
            cache.get("huge").is_none() && cache.get("a").is_some(),
            "a sentence over the bound displaced others"
        );
    }
}
