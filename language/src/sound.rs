//! How alike two words are to the ear and to the eye: what a recogniser or a caller makes of a name.

/// Letters of a word that are compared at most; longer ones are no words.
const MAX_LETTERS: usize = 40;
/// A sound of one letter says nothing.
const MIN_SOUND: usize = 2;

/// The sound of a word in letters: vowels after the first letter are left out, and letters that sound alike are
/// written alike. "Sarjapur" and "sarjapore" have one sound, and so have "Yelahanka" and "elahanka".
#[must_use]
pub fn sound(word: &str) -> String {
    let letters: Vec<char> = word
        .chars()
        .flat_map(char::to_lowercase)
        .filter(char::is_ascii_alphanumeric)
        .take(MAX_LETTERS)
        .collect();
    let mut out = String::with_capacity(letters.len());
    let mut at = 0;
    while at < letters.len() {
        let (code, taken) = code(&letters, at);
        // "Tilda" and "tilder" end alike.
        let ends = at > 0 && at + 1 == letters.len() && letters[at] == 'r';
        at += taken;
        if ends {
            break;
        }
        let Some(code) = code else { continue };
        let is_vowel = code == 'a';
        let repeats = out.ends_with(code);
        if !repeats && (!is_vowel || out.is_empty()) {
            out.push(code);
        }
    }
    out
}

/// The sound that begins at this letter, and how many letters it takes.
fn code(letters: &[char], at: usize) -> (Option<char>, usize) {
    let next = letters.get(at + 1).copied().unwrap_or(' ');
    let pair = |code: char| (Some(code), 2);
    match (letters[at], next) {
        ('p', 'h') => pair('f'),
        ('g', 'h') if at > 0 => (None, 2),
        ('c', 'k') | ('k', 'h') | ('c' | 'q', 'u') => pair('k'),
        ('c' | 's', 'h') => pair('x'),
        ('t', 'h') => pair('t'),
        ('d', 'h') => pair('t'),
        ('b', 'h') => pair('p'),
        ('w', 'h') => pair('v'),
        ('w', 'r') | ('k', 'n') if at == 0 => (Some(if letters[at] == 'w' { 'r' } else { 'n' }), 2),
        ('s', 'c') if matches!(letters.get(at + 2), Some('e' | 'i')) => pair('s'),
        ('c', 'e' | 'i' | 'y') => (Some('s'), 1),
        ('c' | 'q' | 'g', _) => (Some('k'), 1),
        ('k', _) => (Some('k'), 1),
        // As in Freja.
        ('j', 'a' | 'e' | 'i' | 'o' | 'u') if at > 0 && is_vowel(letters[at - 1]) => (None, 1),
        ('j', _) => (Some('x'), 1),
        ('z', _) => (Some('s'), 1),
        ('v' | 'w', _) => (Some('v'), 1),
        ('d', _) => (Some('t'), 1),
        ('b', _) => (Some('p'), 1),
        ('x', _) => (Some('k'), 1),
        ('h', _) => (None, 1),
        ('y', _) if at > 0 => (Some('a'), 1),
        ('y' | 'a' | 'e' | 'i' | 'o' | 'u', _) => (Some('a'), 1),
        (other, _) => (Some(other), 1),
    }
}

fn is_vowel(letter: char) -> bool {
    matches!(letter, 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
}

/// How many letters must be put in, left out, exchanged or swapped with a neighbour to make one word of the other.
#[must_use]
pub fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().take(MAX_LETTERS).collect();
    let other: Vec<char> = other.chars().take(MAX_LETTERS).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut this = vec![row + 1];
        for (column, wanted) in other.iter().enumerate() {
            let exchanged = last[column] + usize::from(letter != wanted);
            let mut least = exchanged.min(last[column + 1] + 1).min(this[column] + 1);
            let swapped =
                row > 0 && column > 0 && *letter == other[column - 1] && one[row - 1] == *wanted;
            if swapped {
                least = least.min(before[column - 1] + 1);
            }
            this.push(least);
        }
        before = std::mem::replace(&mut last, this);
    }
    last.last().copied().unwrap_or(0)
}

/// A word in lower case with its sound, for comparing it with many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sounding {
    word: String,
    sound: String,
    letters: usize,
}

impl Sounding {
    /// Of a word in lower case.
    #[must_use]
    pub fn new(word: &str) -> Self {
        Self {
            sound: sound(word),
            letters: word.chars().count(),
            word: word.to_owned(),
        }
    }

    /// The word.
    #[must_use]
    pub fn word(&self) -> &str {
        &self.word
    }

    /// How many letters are different, if this may be the other word, misspelt or misheard. Short words must agree
    /// letter by letter, since too many others are near to them.
    #[must_use]
    pub fn like(&self, name: &Self) -> Option<usize> {
        if self.word == name.word {
            return Some(0);
        }
        let same = self.sound == name.sound && self.sound.len() >= MIN_SOUND;
        let first = self.sound.chars().next() == name.sound.chars().next();
        let length = self.letters.min(name.letters);
        let most = match length {
            0..3 => return None,
            3 | 4 => usize::from(same),
            5 | 6 if same => 3,
            5 | 6 => usize::from(first),
            7..10 if same => 4,
            7..10 if first => 2,
            _ if same => 5,
            _ if first => 2,
            _ => 0,
        };
        if self.letters.abs_diff(name.letters) > most || most == 0 {
            return None;
        }
        let apart = distance(&self.word, &name.word);
        // Where the sounds differ they must be near, the more so the shorter the words are.
        let sounds = |most: usize| distance(&self.sound, &name.sound) <= most;
        let near = same || length < 7 || sounds(1);
        (apart <= most && near).then_some(apart)
    }
}

/// Whether a word in lower case may be another one that was misspelt or misheard.
#[must_use]
pub fn is_like(heard: &str, name: &str) -> bool {
    Sounding::new(heard).like(&Sounding::new(name)).is_some()
}

#[cfg(test)]
mod tests {
    use super::{distance, is_like};

    #[test]
    fn what_sounds_or_looks_alike_is_alike() {
        for (heard, name) in [
            ("sarjapore", "sarjapur"),
            ("whitfield", "whitefield"),
            ("wightfield", "whitefield"),
            ("koramangla", "koramangala"),
            ("coramangala", "koramangala"),
            ("indranagar", "indiranagar"),
            ("yelahanca", "yelahanka"),
            ("hebal", "hebbal"),
            ("hebble", "hebbal"),
            ("jainagar", "jayanagar"),
            ("marathalli", "marathahalli"),
            ("bergin", "bergen"),
            ("aslo", "oslo"),
            ("tilder", "tilda"),
            ("looka", "lucca"),
            ("fraya", "freja"),
            ("fen", "fenn"),
        ] {
            assert!(is_like(heard, name), "{heard} may be {name}");
        }
    }

    #[test]
    fn other_words_are_other_words() {
        for (heard, name) in [
            ("table", "cable"),
            ("kitchen", "chicken"),
            ("oak", "oat"),
            ("book", "look"),
            ("ready", "reading"),
            ("sorry", "sorrel"),
            ("comfortable", "coffeetable"),
        ] {
            assert!(!is_like(heard, name), "{heard} is not {name}");
        }
    }

    #[test]
    fn letters_put_in_left_out_exchanged_and_swapped_are_counted() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
        assert_eq!(distance("acb", "abc"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
