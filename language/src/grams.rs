//! Words, pairs and groups of letters as numbers below a bound ("buckets"), for linear models that look at these. What
//! was learned is kept by bucket, so nothing here may change without learning all anew.

use std::ops::RangeInclusive;

/// Letters that are looked at together.
const LETTERS: RangeInclusive<usize> = 3..=5;

/// The bucket, below `buckets`, of parts that belong together. The first tells sorts apart: `["w", word]`.
#[must_use]
pub fn bucket(parts: &[&str], buckets: u16) -> u16 {
    let bytes = parts.iter().flat_map(|part| part.bytes());
    fold(bytes.fold(BEGIN, put), buckets)
}

/// The buckets of each group of three to five letters of a word, its two ends counted as letters.
pub fn groups(word: &str, buckets: u16) -> impl Iterator<Item = u16> {
    let letters: Vec<char> = ['<'].into_iter().chain(word.chars()).chain(['>']).collect();
    let begin = put(BEGIN, b'c');
    (0..letters.len()).flat_map(move |from| {
        let letters = letters.iter().skip(from).take(*LETTERS.end());
        let mut hash = begin;
        let mut found = [None; 3];
        for (at, letter) in letters.enumerate() {
            let mut bytes = [0; 4];
            hash = letter.encode_utf8(&mut bytes).bytes().fold(hash, put);
            if let Some(place) = (at + 1).checked_sub(*LETTERS.start()) {
                found[place] = Some(fold(hash, buckets));
            }
        }
        found.into_iter().flatten()
    })
}

/// FNV-1a.
const BEGIN: u64 = 0xcbf2_9ce4_8422_2325;

fn put(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

fn fold(hash: u64, buckets: u16) -> u16 {
    let within = (hash ^ (hash >> 32)) % u64::from(buckets.max(1));
    u16::try_from(within).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{bucket, groups};

    #[test]
    fn groups_are_those_of_three_to_five_letters_with_the_ends() {
        let mut wanted: Vec<u16> = ["<né", "né>", "<né>"]
            .iter()
            .map(|group| bucket(&["c", group], 1 << 13))
            .collect();
        let mut found: Vec<u16> = groups("né", 1 << 13).collect();
        wanted.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, wanted);
        assert_eq!(groups("", 8).count(), 0, "two ends are no group");
        assert_eq!(groups("a".repeat(9).as_str(), 8).count(), 9 + 8 + 7);
    }

    /// The weights of packs and of feelings were learned by these.
    #[test]
    fn buckets_stay_what_they_were() {
        let found = [
            bucket(&["w", "renew"], 1 << 14),
            bucket(&["p", "my", " ", "book"], 1 << 14),
            bucket(&["w", "renew"], 1 << 13),
            bucket(&["c", "<re"], 1 << 13),
        ];
        assert_eq!(found, [8654, 5884, 462, 773]);
    }
}
