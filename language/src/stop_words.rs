//! Words that say nothing about a subject.

/// Pronouns, auxiliaries, prepositions and the like.
const FUNCTION: &[&str] = &[
    "i", "you", "he", "she", "it", "we", "they", "me", "him", "her", "us", "them", "my", "your",
    "his", "its", "our", "their", "this", "that", "these", "those", "is", "am", "are", "was",
    "were", "be", "been", "do", "does", "did", "have", "has", "had", "will", "would", "can",
    "could", "should", "may", "might", "shall", "to", "of", "for", "in", "on", "at", "with",
    "from", "by", "about", "as", "and", "or", "but", "if", "then", "than", "there", "here", "very",
    "much", "too", "also", "now", "today", "some", "any", "sir", "madam", "maam", "again", "okay",
    "all", "right", "not", "dear", "friend", "let", "what", "how",
];

/// What every question asks with, whatever it is about.
const ASKING: &[&str] = &[
    "a",
    "an",
    "the",
    "please",
    "when",
    "why",
    "which",
    "who",
    "want",
    "like",
    "know",
    "tell",
    "ask",
    "question",
    "help",
    "hello",
    "hi",
    "thank",
    "thanks",
    "yes",
    "no",
    "so",
    "just",
    "up",
    "out",
    "into",
    "get",
    "got",
    "give",
    "try",
    "trying",
    "something",
    "anything",
    "thing",
    "make",
    "go",
    "going",
    "us",
    "uh",
    "um",
    "whether",
    "need",
    "use",
    "using",
    "once",
    "only",
    "each",
    "same",
    "other",
    "another",
    "more",
    "most",
];

/// Whether a normalised word carries no subject of its own.
#[must_use]
pub fn is_function_word(word: &str) -> bool {
    FUNCTION.contains(&word)
}

/// Whether a normalised word does not distinguish documents: a function word, or one that every question asks with.
#[must_use]
pub fn is_stop_word(word: &str) -> bool {
    is_function_word(word) || ASKING.contains(&word)
}
