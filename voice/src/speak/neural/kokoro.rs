//! A Kokoro voice: the best to hear, and half a second of work for each second of sound.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ort::environment::Environment;
use ort::session::Session;
use ort::value::Tensor;
use serde::Deserialize;

use super::halt::Halt;
use super::sentence::Sentence;
use super::{Network, OpenError, runtime};

/// What it speaks at, Hz.
const RATE_HZ: u32 = 24_000;
/// Sounds that it takes at once, at most.
const MOST_SOUNDS: usize = 509;
/// Numbers of one style; a voice has a row of them for each number of sounds.
const STYLE: usize = 256;

/// Files of its folder.
const MODEL: &str = "kokoro-v1.0.int8.onnx";
const ALPHABET: &str = "vocab.json";
/// The voice unless one is named.
pub(super) const DEFAULT_VOICE: &str = "af_heart";

/// The voice loaded; of one thread at a time.
pub(super) struct Kokoro {
    session: Session,
    alphabet: HashMap<char, i64>,
    style: Vec<f32>,
}

#[derive(Deserialize)]
struct Alphabet {
    vocab: HashMap<String, i64>,
}

impl Kokoro {
    /// Loads a voice from the model's folder, in about a second.
    pub(super) fn open(
        environment: &Environment,
        folder: &Path,
        voice: &str,
    ) -> Result<Self, OpenError> {
        let style = style_file(folder, voice);
        let read = |path: &Path| {
            let unusable = |error: std::io::Error| OpenError::Voice {
                path: path.to_owned(),
                reason: error.to_string(),
            };
            std::fs::read(path).map_err(unusable)
        };
        let unusable = |path: &Path, reason: String| OpenError::Voice {
            path: path.to_owned(),
            reason,
        };
        // It comes from a setting and becomes a part of a path.
        if !voice.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            let reason = format!("{voice:?} is no name of a voice, such as {DEFAULT_VOICE}");
            return Err(unusable(&style, reason));
        }
        let bytes = read(&style)?;
        if bytes.is_empty() || bytes.len() % (4 * STYLE) != 0 {
            let reason = format!("it has {} bytes, which is no list of styles", bytes.len());
            return Err(unusable(&style, reason));
        }
        let style = bytes
            .chunks_exact(4)
            .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
        let style = style.collect();
        let path = folder.join(ALPHABET);
        let alphabet: Alphabet = serde_json::from_slice(&read(&path)?)
            .map_err(|error| unusable(&path, error.to_string()))?;
        let single = |(symbol, id): (String, i64)| {
            let mut chars = symbol.chars();
            Some((chars.next().filter(|_| chars.next().is_none())?, id))
        };
        let path = folder.join(MODEL);
        let model = read(&path)?;
        Ok(Self {
            session: runtime::session(environment, &model)
                .map_err(|error| unusable(&path, error))?,
            alphabet: alphabet.vocab.into_iter().filter_map(single).collect(),
            style,
        })
    }
}

impl Network for Kokoro {
    fn rate_hz(&self) -> u32 {
        RATE_HZ
    }

    fn step(&mut self, sentence: &mut Sentence, halt: &Halt) -> Result<Vec<f32>, String> {
        let text = |error: ort::Error| error.to_string();
        let Some(breath) = sentence.take_breath() else {
            return Ok(Vec::new());
        };
        let sounds = own_alphabet(&breath.phonemes);
        let rows = self.style.len() / STYLE;
        let known = sounds
            .chars()
            .filter_map(|sound| self.alphabet.get(&sound).copied());
        let known: Vec<i64> = known.take(MOST_SOUNDS.min(rows - 1)).collect();
        let row = known.len() * STYLE;
        let style = self.style[row..row + STYLE].to_vec();
        let framed: Vec<i64> = std::iter::once(0).chain(known).chain([0]).collect();
        let inputs = ort::inputs![
            "tokens" => Tensor::from_array(([1, framed.len()], framed)).map_err(text)?,
            "style" => Tensor::from_array(([1, STYLE], style)).map_err(text)?,
            "speed" => Tensor::from_array(([1_usize], vec![1.0_f32])).map_err(text)?,
        ];
        let output = self
            .session
            .run_with_options(inputs, halt.options()?)
            .map_err(text)?;
        let (_, sound) = output[0].try_extract_tensor::<f32>().map_err(text)?;
        let mut sound = sound.to_vec();
        let silence = RATE_HZ as usize * breath.pause_ms as usize / 1_000;
        sound.resize(sound.len() + silence, 0.0);
        sentence.learn(&breath, sound.len() as u64);
        Ok(sound)
    }
}

/// Where a voice's styles lie.
pub(super) fn style_file(folder: &Path, voice: &str) -> PathBuf {
    folder.join("voices").join(format!("{voice}.bin"))
}

/// espeak-ng's IPA in the letters that Kokoro learnt: diphthongs and affricates are one letter each, length is none.
fn own_alphabet(ipa: &str) -> String {
    const LETTERS: [(&str, &str); 17] = [
        ("ʲ", "j"),
        ("r", "ɹ"),
        ("x", "k"),
        ("ɬ", "l"),
        ("eɪ", "A"),
        ("aɪ", "I"),
        ("aʊ", "W"),
        ("ɔɪ", "Y"),
        ("oʊ", "O"),
        ("dʒ", "ʤ"),
        ("tʃ", "ʧ"),
        ("ɚ", "əɹ"),
        ("ɜː", "ɜɹ"),
        ("ɜɹɹ", "ɜɹ"),
        ("ɐ", "ə"),
        ("ː", ""),
        ("ɾ", "T"),
    ];
    let sounds = LETTERS
        .iter()
        .fold(ipa.to_owned(), |sounds, (theirs, own)| {
            sounds.replace(theirs, own)
        });
    // "I" alone is swallowed unless it is stressed.
    let words = sounds.split(' ').map(|word| match word.strip_prefix('I') {
        Some(rest) if !rest.contains(char::is_alphabetic) => format!("ˌI{rest}"),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipa_becomes_the_alphabet_that_was_learnt() {
        for (ipa, own) in [
            ("həlˈoʊ wˈɜːld", "həlˈO wˈɜɹld"),
            ("tʃˈeɪndʒ", "ʧˈAnʤ"),
            ("wˈɔːɾɚ", "wˈɔTəɹ"),
            ("aɪ nˈoʊ", "ˌI nˈO"),
            ("aɪ, tˈuː", "ˌI, tˈu"),
            ("aɪd", "Id"),
        ] {
            assert_eq!(own_alphabet(ipa), own);
        }
    }
}
