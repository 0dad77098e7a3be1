//! The recordings: whole sentences, and digits and words put together.

use std::{collections::HashMap, io::Read as _, path::Path};

use crate::Kind;

const SOUNDS: &str = "/usr/share/asterisk/sounds/en_US_f_Allison";
const TRANSCRIPTS: &str = "/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz";
/// A network that sees eight seconds is not tried on longer ones; whisper reads thirty.
const LONGEST: usize = 14 * 16_000;
const FEWEST_WORDS: usize = 5;
/// Room noise in what is made here, dBFS.
const ROOM_DB: f32 = -65.0;
/// Between the digits of a group.
const GAP_IN_GROUP_S: (f32, f32) = (0.05, 0.12);
/// Between groups, and between the words of a list.
const PAUSE_S: f32 = 0.8;
const DICTATIONS: usize = 40;
/// Digits of each group.
const GROUPS: [&[usize]; 4] = [&[3, 3, 4], &[4, 4, 4, 4], &[2, 2, 2, 2], &[5, 6]];
const DIGITS: [&str; 10] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
];
const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
/// What stands before a number.
const CARRIERS: [(&str, &str); 4] = [
    ("vm-num-i-have", "The number I have is"),
    ("telephone-number", "telephone number"),
    ("you-entered", "you entered"),
    ("number", "Number."),
];

/// A sentence of the set.
pub(crate) struct Prompt {
    pub(crate) name: String,
    pub(crate) text: String,
    /// 16 kHz mono.
    pub(crate) samples: Vec<i16>,
}

impl Prompt {
    /// It ends as a sentence does.
    pub(crate) fn is_whole(&self) -> bool {
        !self.text.ends_with("...") && self.text.ends_with(['.', '!', '?'])
    }

    /// Half of all, by name.
    pub(crate) fn is_judged(&self) -> bool {
        let sum = self.name.bytes().fold(7_u32, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(byte.into())
        });
        (sum >> 7) % 2 == 0
    }
}

/// All sentences of five words or more, up to fourteen seconds long, that end with a mark: without one nobody knows whether
/// they are whole.
pub(crate) fn sentences() -> Vec<Prompt> {
    let mut list = String::new();
    let file = std::fs::File::open(TRANSCRIPTS).expect("asterisk-core-sounds-en is installed");
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut list)
        .unwrap();
    let mut texts: Vec<(String, String)> = Vec::new();
    for line in list.lines().filter(|line| !line.starts_with(';')) {
        match line.split_once(": ") {
            Some((name, text)) if !name.contains(' ') => {
                texts.push((name.to_owned(), text.trim().to_owned()))
            }
            _ if line.trim().is_empty() => {}
            _ => {
                if let Some((_, text)) = texts.last_mut() {
                    text.push(' ');
                    text.push_str(line.trim());
                }
            }
        }
    }
    let fits = |text: &str| {
        text.split_whitespace().count() >= FEWEST_WORDS
            && !text.contains(['[', '<', '*', '#'])
            && text.ends_with(['.', '!', '?', ',', ':'])
    };
    let prompts = texts.into_iter().filter(|(_, text)| fits(text));
    let prompts = prompts.filter_map(|(name, text)| {
        let samples = recording(&name)?;
        (samples.len() < LONGEST).then_some(Prompt {
            name,
            text,
            samples,
        })
    });
    // Some sentences were recorded twice under two names.
    let mut seen = HashMap::new();
    prompts
        .filter(|prompt| seen.insert(prompt.text.clone(), ()).is_none())
        .collect()
}

/// What has been said so far.
#[derive(Clone, Default)]
pub(crate) struct Said {
    pub(crate) samples: Vec<i16>,
    pub(crate) text: String,
}

impl Said {
    fn prompt(name: &str, text: &str) -> Self {
        let samples = trimmed(&recording(name).expect("the prompt is installed"));
        let text = text.to_owned();
        Self { samples, text }
    }

    /// More of it, after so much silence.
    fn goes_on(&mut self, more: &Self, after_s: f32, random: &mut Random) {
        if !self.samples.is_empty() {
            self.samples.extend(room(after_s, random));
            self.text.push(' ');
        }
        self.samples.extend_from_slice(&more.samples);
        self.text.push_str(&more.text);
    }
}

/// Dictated numbers in groups, with and without words before them, and lists of days. Each is what has been said by the end
/// of each group; the words are those that are read.
pub(crate) fn dictations() -> Vec<(Kind, Vec<Said>)> {
    let mut random = Random(11);
    let named = |folder: &str, names: &[&str]| -> Vec<Said> {
        let prompts = names.iter().enumerate();
        prompts
            .map(|(at, text)| Said::prompt(&format!("{folder}{at}"), text))
            .collect()
    };
    let digits = named("digits/", &DIGITS);
    let days = named("digits/day-", &DAYS);
    let carriers = CARRIERS.map(|(name, text)| Said::prompt(name, text));
    let mut all = Vec::new();
    for at in 0..DICTATIONS {
        let lead = (at % 2 == 0).then(|| carriers[at / 2 % carriers.len()].clone());
        let mut so_far = lead.unwrap_or_default();
        let mut number = Vec::new();
        for count in GROUPS[at % GROUPS.len()] {
            for place in 0..*count {
                let (least, most) = GAP_IN_GROUP_S;
                let gap = if place > 0 {
                    least + (most - least) * random.share()
                } else {
                    PAUSE_S
                };
                let digit = &digits[random.below(digits.len())];
                so_far.goes_on(digit, gap, &mut random);
            }
            number.push(so_far.clone());
        }
        all.push((Kind::Digits, number));
        let (mut so_far, mut list) = (Said::default(), Vec::new());
        for _ in 0..3 {
            let day = &days[random.below(days.len())];
            so_far.goes_on(day, PAUSE_S, &mut random);
            list.push(so_far.clone());
        }
        all.push((Kind::List, list));
    }
    all
}

fn recording(name: &str) -> Option<Vec<i16>> {
    let mut reader = hound::WavReader::open(Path::new(SOUNDS).join(format!("{name}.wav"))).ok()?;
    let rate = reader.spec().sample_rate;
    let samples: Vec<f32> = reader
        .samples::<i16>()
        .map(|sample| f32::from(sample.unwrap()))
        .collect();
    let samples = resampler::resample(&samples, rate, 16_000);
    Some(
        samples
            .into_iter()
            .map(|sample| sample.clamp(-32_768.0, 32_767.0) as i16)
            .collect(),
    )
}

/// Without the silence around it: from the first to the last 10 ms within 35 dB of the loudest.
pub(crate) fn trimmed(samples: &[i16]) -> Vec<i16> {
    const FRAME: usize = 160;
    let levels: Vec<f32> = samples.chunks_exact(FRAME).map(energy).collect();
    let loudest = levels.iter().copied().fold(0.0, f32::max);
    let loud = |level: &f32| *level > loudest * 10_f32.powf(-3.5);
    let first = levels.iter().position(loud).unwrap_or(0);
    let last = levels.iter().rposition(loud).unwrap_or(0);
    samples[first * FRAME..(last + 1) * FRAME].to_vec()
}

/// Mean square.
pub(crate) fn energy(frame: &[i16]) -> f32 {
    frame
        .iter()
        .map(|sample| f32::from(*sample).powi(2))
        .sum::<f32>()
        / frame.len() as f32
}

/// The noise of a quiet room.
pub(crate) fn room(seconds: f32, random: &mut Random) -> Vec<i16> {
    let amplitude = 10_f32.powf(ROOM_DB / 20.0) * 3_f32.sqrt() * 32_768.0;
    let count = (seconds * 16_000.0) as usize;
    (0..count)
        .map(|_| ((random.share() * 2.0 - 1.0) * amplitude) as i16)
        .collect()
}

/// The same numbers every time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// From 0 to 1.
    pub(crate) fn share(&mut self) -> f32 {
        self.next() as f32 / (1_u64 << 31) as f32
    }

    fn below(&mut self, most: usize) -> usize {
        self.next() as usize % most
    }
}
