//! The json beside a Piper voice: its rate, its alphabet, how it was trained to be run.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization as _;

use super::super::OpenError;

/// Samples of sound in one frame: what all of Piper's qualities were trained with.
const HOP: usize = 256;

/// What a voice says of itself, checked.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct PiperFile {
    pub(super) rate_hz: u32,
    pub(super) hop: usize,
    /// The voice of espeak-ng whose sounds it learnt.
    pub(in super::super) espeak: String,
    ids: HashMap<char, Vec<i64>>,
    /// Noise of the sound, length (1 / speed), noise of the durations.
    scales: [f32; 3],
}

#[derive(Deserialize)]
struct Raw {
    audio: Audio,
    espeak: Espeak,
    #[serde(default)]
    inference: Inference,
    phoneme_type: Option<String>,
    phoneme_id_map: HashMap<String, Vec<i64>>,
    num_symbols: Option<i64>,
    hop_length: Option<usize>,
}

#[derive(Deserialize)]
struct Audio {
    sample_rate: u32,
}

#[derive(Deserialize)]
struct Espeak {
    voice: String,
}

#[derive(Deserialize)]
#[serde(default)]
struct Inference {
    noise_scale: f32,
    length_scale: f32,
    noise_w: f32,
}

impl Default for Inference {
    fn default() -> Self {
        Self {
            noise_scale: 0.667,
            length_scale: 1.0,
            noise_w: 0.8,
        }
    }
}

/// Where a text begins, what stands between its sounds, and where it ends.
const BEGIN: char = '^';
const BETWEEN: char = '_';
const END: char = '$';

impl PiperFile {
    pub(in super::super) fn read(path: &Path) -> Result<Self, OpenError> {
        let unusable = |reason: String| OpenError::Voice {
            path: path.to_owned(),
            reason,
        };
        let text = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
        Self::parse(&text).map_err(unusable)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let raw: Raw = serde_json::from_str(text)
            .map_err(|error| format!("it is no description of a Piper voice: {error}"))?;
        let refuse = |key: &str, value: &dyn std::fmt::Display, accepted: &str| {
            Err(format!("{key} is {value}; accepted: {accepted}"))
        };
        let rate_hz = raw.audio.sample_rate;
        if !(8_000..=48_000).contains(&rate_hz) {
            return refuse("audio.sample_rate", &rate_hz, "8000 to 48000");
        }
        if let Some(kind) = raw.phoneme_type.filter(|kind| kind != "espeak") {
            return refuse("phoneme_type", &kind, "espeak");
        }
        let scales = [
            raw.inference.noise_scale,
            raw.inference.length_scale,
            raw.inference.noise_w,
        ];
        if !scales.iter().all(|scale| (0.0..=5.0).contains(scale)) || scales[1] < 0.2 {
            let [noise, length, width] = scales;
            let value = format!("{noise}, {length}, {width}");
            return refuse(
                "inference",
                &value,
                "noise_scale and noise_w from 0 to 5, length_scale from 0.2 to 5",
            );
        }
        let most = raw.num_symbols.unwrap_or(256);
        let mut ids = HashMap::new();
        for (symbol, places) in raw.phoneme_id_map {
            if places.is_empty() || places.iter().any(|place| !(0..most).contains(place)) {
                return refuse(
                    &format!("phoneme_id_map.{symbol}"),
                    &format!("{places:?}"),
                    &format!("numbers from 0, below num_symbols ({most})"),
                );
            }
            let mut chars = symbol.chars();
            if let (Some(symbol), None) = (chars.next(), chars.next()) {
                ids.insert(symbol, places);
            }
        }
        if let Some(symbol) = [BEGIN, BETWEEN, END]
            .into_iter()
            .find(|symbol| !ids.contains_key(symbol))
        {
            return refuse(
                "phoneme_id_map",
                &format!("without {symbol:?}"),
                "an alphabet with ^, _ and $",
            );
        }
        Ok(Self {
            rate_hz,
            hop: raw.hop_length.unwrap_or(HOP),
            espeak: raw.espeak.voice,
            ids,
            scales,
        })
    }

    /// A text's sounds as the network takes them; those it did not learn are left out.
    pub(super) fn ids(&self, phonemes: &str) -> Vec<i64> {
        let sounds = phonemes.nfd().filter_map(|symbol| self.ids.get(&symbol));
        let between = &self.ids[&BETWEEN];
        let mut all = self.ids[&BEGIN].clone();
        all.extend(between);
        for sound in sounds {
            all.extend(sound);
            all.extend(between);
        }
        all.extend(&self.ids[&END]);
        all
    }

    pub(super) fn scales(&self) -> Vec<f32> {
        self.scales.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(change: impl FnOnce(&mut serde_json::Value)) -> String {
        let mut json = serde_json::json!({
            "audio": {"sample_rate": 22050, "quality": "medium"},
            "espeak": {"voice": "en-us"},
            "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
            "phoneme_type": "espeak",
            "phoneme_id_map": {"_": [0], "^": [1], "$": [2], "a": [3], "c": [4], "\u{327}": [5]},
            "num_symbols": 256,
        });
        change(&mut json);
        json.to_string()
    }

    #[test]
    fn sounds_become_numbers_with_their_frame_and_unknown_ones_are_left_out() {
        let file = PiperFile::parse(&json(|_| ())).expect("it is right");
        assert_eq!(file.ids("a?a"), [1, 0, 3, 0, 3, 0, 2]);
        assert_eq!(
            file.ids("ç"),
            [1, 0, 4, 0, 5, 0, 2],
            "it learnt letter and mark apart"
        );
        assert_eq!(file.ids(""), [1, 0, 2]);
        assert_eq!((file.rate_hz, file.espeak.as_str()), (22_050, "en-us"));
    }

    #[test]
    fn a_description_that_does_not_fit_is_refused_by_key_value_and_form() {
        type Change = fn(&mut serde_json::Value);
        let cases: [(Change, &str); 7] = [
            (
                |json| json["audio"]["sample_rate"] = 3.into(),
                "audio.sample_rate is 3; accepted: 8000 to 48000",
            ),
            (
                |json| json["phoneme_type"] = "text".into(),
                "phoneme_type is text; accepted: espeak",
            ),
            (
                |json| json["inference"]["length_scale"] = 0.into(),
                "length_scale from 0.2 to 5",
            ),
            (
                |json| json["phoneme_id_map"]["a"] = serde_json::json!([256]),
                "phoneme_id_map.a is [256]",
            ),
            (
                |json| json["phoneme_id_map"]["a"] = serde_json::json!([]),
                "phoneme_id_map.a is []",
            ),
            (
                |json| json["phoneme_id_map"] = serde_json::json!({"_": [0]}),
                "an alphabet with ^, _ and $",
            ),
            (
                |json| json["espeak"] = serde_json::Value::Null,
                "no description of a Piper voice",
            ),
        ];
        for (change, told) in cases {
            let error = PiperFile::parse(&json(change)).expect_err("it does not fit");
            assert!(error.contains(told), "{error}");
        }
        assert!(PiperFile::parse("").is_err() && PiperFile::parse("[]").is_err());
    }
}
