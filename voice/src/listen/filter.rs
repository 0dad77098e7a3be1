//! What a recogniser invents when nobody speaks, taken out of its answers.
//!
//! Whisper was trained on subtitles: it labels noise ("[BLANK_AUDIO]", "(water running)"), thanks an audience, says
//! "you" to silence and repeats itself to the end of its memory when lost. The voice detector keeps most such
//! sounds away; what slips through must not become something a caller said.

use std::time::Duration;

use language::{keys, numbers::is_digit};

/// The words that were said: annotations removed, loops cut, inventions emptied. `voice` is the utterance's length.
pub(super) fn clean(raw: &str, voice: Duration) -> String {
    let spoken = without_annotations(raw);
    let words: Vec<&str> = spoken.split_whitespace().map(without_inner_loop).collect();
    let words = without_loops(&words);
    let words = without_echo(words, voice);
    let text = words.join(" ");
    let plain = plain(&text);
    if plain.is_empty() || INVENTIONS.contains(&plain.as_str()) || too_fast(words.len(), voice) {
        return String::new();
    }
    text
}

/// Whole answers that are never what a caller said. "Thank you" and "bye" are not here: callers say them.
const INVENTIONS: [&str; 22] = [
    "you",
    "blank audio",
    "the",
    "so",
    "i",
    "a",
    "oh",
    "mm",
    "hmm",
    "uh",
    "um",
    "ah",
    "beep",
    "music",
    "silence",
    "thank you for watching",
    "thanks for watching",
    "thank you so much for watching",
    "thanks for watching and i'll see you next time",
    "please subscribe",
    "subtitles by the amara org community",
    "we'll be right back",
];

/// Nobody says more than seven words a second; whoever seems to was not understood.
fn too_fast(words: usize, voice: Duration) -> bool {
    words as f32 > 4.0 + 7.0 * voice.as_secs_f32()
}

/// Lower-case words apart by single spaces.
fn plain(text: &str) -> String {
    keys(text).join(" ")
}

/// Without (sounds), [labels], *stage directions*, <tags> and notes of music, closed or not.
fn without_annotations(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        let close = match c {
            '(' => ')',
            '[' => ']',
            '<' => '>',
            '*' if text[at + 1..].starts_with(char::is_alphabetic) => '*',
            '♪' | '♫' | '*' => {
                // A service code such as *236# keeps its star.
                if c == '*' && text[at + 1..].starts_with(|next: char| next.is_ascii_digit()) {
                    out.push(c);
                }
                continue;
            }
            _ => {
                out.push(c);
                continue;
            }
        };
        // An annotation that never closes reaches to the end.
        chars.by_ref().find(|(_, inner)| *inner == close);
        out.push(' ');
    }
    out
}

/// A phrase that repeats like a broken record is kept once, and all after it dropped.
///
/// People repeat too: "no no no no", "zero zero zero zero". A single word may come five times, a digit twelve times,
/// a longer phrase three times.
fn without_loops<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let same = |a: &str, b: &str| plain(a) == plain(b);
    for start in 0..words.len() {
        for length in 1..=(words.len() - start) / 2 {
            let phrase = &words[start..start + length];
            let repeats = words[start..]
                .chunks(length)
                .take_while(|chunk| {
                    chunk.iter().zip(phrase).all(|(a, b)| same(a, b)) && chunk.len() == length
                })
                .count();
            let allowed = match phrase {
                [digit] if is_digit(&plain(digit)) => 12,
                [_] => 5,
                _ => 3,
            };
            if repeats > allowed {
                return words[..start + length].to_vec();
            }
        }
    }
    words.to_vec()
}

/// A word in which one part repeats like a broken record is cut behind its first: "no-no-no-…", "1.5.5.5.…", "hahaha…".
fn without_inner_loop(word: &str) -> &str {
    let is_sign = |c: char| matches!(c, '-' | '.' | ',' | '/' | '–' | '—' | '…');
    let parts: Vec<&str> = word
        .split(is_sign)
        .filter(|part| !part.is_empty())
        .collect();
    let kept = without_loops(&parts);
    if kept.len() < parts.len() {
        let last = kept[kept.len() - 1];
        let end = last.as_ptr() as usize - word.as_ptr() as usize + last.len();
        return &word[..end];
    }
    without_letter_loop(word)
}

/// A group of up to four letters that stands more than eight times in a row is kept once, and all after it dropped. Numbers
/// may have as many zeros as they like.
fn without_letter_loop(word: &str) -> &str {
    let letters: Vec<(usize, char)> = word.char_indices().collect();
    for start in 0..letters.len() {
        for length in 1..=4.min((letters.len() - start) / 8) {
            let group = &letters[start..start + length];
            let repeats = letters[start..]
                .chunks_exact(length)
                .take_while(|chunk| chunk.iter().zip(group).all(|((_, a), (_, b))| a == b))
                .count();
            if repeats > 8 && group.iter().all(|(_, letter)| letter.is_alphabetic()) {
                let end = letters
                    .get(start + length)
                    .map_or(word.len(), |(at, _)| *at);
                return &word[..end];
            }
        }
    }
    word
}

/// A short question that whisper writes twice is kept once: "What are your fees? What are your fees?"
///
/// People say a thing twice too, and take the time for it: this is about words for which there was none. Half a
/// second of `voice` is the pre-roll and the silence that ended it; 3.5 words a second is brisk speech.
fn without_echo(words: Vec<&str>, voice: Duration) -> Vec<&str> {
    let length = words.len() / 2;
    let (once, again) = words.split_at(length);
    let twice = words.len().is_multiple_of(2)
        && length >= 3
        && once.iter().zip(again).all(|(a, b)| plain(a) == plain(b));
    let brisk = 3.5 * (voice.as_secs_f32() - 0.5).max(0.0);
    if twice && words.len() as f32 > brisk {
        once.to_vec()
    } else {
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_written_twice_is_kept_once_unless_there_was_time_to_say_it_twice() {
        let twice = "What are your opening hours? What are your opening hours?";
        let of = |seconds: f32| clean(twice, Duration::from_secs_f32(seconds));
        assert_eq!(of(2.5), "What are your opening hours?");
        assert_eq!(of(4.5), twice);
    }

    #[test]
    fn inventions_are_emptied_and_words_are_kept() {
        let loop_of = |phrase: &str| [phrase; 40].join(" ");
        let cases = [
            (" you", ""),
            ("You.", ""),
            ("[BLANK_AUDIO]", ""),
            ("(water running)", ""),
            ("(", ""),
            ("[", ""),
            ("( ( ( ( ( ( ( (", ""),
            ("...", ""),
            (". . .", ""),
            ("-", ""),
            ("Thanks for watching!", ""),
            ("Thank you for watching.", ""),
            ("We'll be right back.", ""),
            ("♪ ♪", ""),
            ("♪ la la", "la la"),
            ("*beep*", ""),
            ("(clears throat) What is my balance?", "What is my balance?"),
            ("What is my balance? [BLANK_AUDIO]", "What is my balance?"),
            ("What is my balance? (music", "What is my balance?"),
            (" Thank you.", "Thank you."),
            ("Thank you very much.", "Thank you very much."),
            ("Bye.", "Bye."),
            ("No, no, no.", "No, no, no."),
            (
                "Zero zero zero zero zero zero.",
                "Zero zero zero zero zero zero.",
            ),
            ("I dialled *236# twice.", "I dialled *236# twice."),
            (&loop_of("you"), ""),
            (&loop_of("(music)"), ""),
            (&format!("God-E-L-{}", ["E"; 60].join("-")), "God-E-L-E"),
            (&format!("{}.", ["no"; 30].join("-")), "no"),
            (&format!("It is 1.{}", ["5"; 40].join(".")), "It is 1.5"),
            (&"ha".repeat(30), "ha"),
            (
                "Oh nooo, well-to-do, 1000000000.",
                "Oh nooo, well-to-do, 1000000000.",
            ),
            ("It is 0-7-7-1-2-3-4-5-6-7.", "It is 0-7-7-1-2-3-4-5-6-7."),
            (
                &format!("I lost my card {}", loop_of("and then")),
                "I lost my card and then",
            ),
            ("", ""),
        ];
        for (raw, expected) in cases {
            assert_eq!(clean(raw, Duration::from_secs(4)), expected, "from {raw:?}");
        }
    }

    #[test]
    fn more_words_than_fit_the_time_are_not_believed() {
        let words = "one two three four five six seven eight nine ten eleven twelve";
        assert_eq!(
            clean(words, Duration::from_millis(800)),
            "",
            "twelve words in 0.8 s were believed"
        );
        assert_eq!(
            clean(words, Duration::from_secs(4)),
            words,
            "twelve words in 4 s were not believed"
        );
    }
}
