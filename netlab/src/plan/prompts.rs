//! The recordings as Debian installs them.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};

use super::{RATE_HZ, resample};

const TRANSCRIPTS: &str = "/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz";
const FOLDER: &str = "/usr/share/asterisk/sounds/en_US_f_Allison";
const INSTALL: &str =
    "scripts/setup --test installs asterisk-core-sounds-en-wav and asterisk-core-sounds-en";
/// Fewer words are hardly a sentence, and one error would weigh too much.
const LEAST_WORDS: usize = 6;
/// whisper hears 30 s at once; longer prompts would also make rooms uneven.
const LONGEST_S: f64 = 15.0;
/// Of the recordings.
const RECORDED_HZ: u32 = 8_000;

/// A recording and what is said in it.
#[derive(Debug, Clone)]
pub(super) struct Prompt {
    pub(super) id: String,
    pub(super) wav: PathBuf,
    pub(super) text: String,
}

/// All sentences, in the order of the transcripts.
pub(super) fn installed() -> anyhow::Result<Vec<Prompt>> {
    let file = File::open(TRANSCRIPTS).with_context(|| format!("{TRANSCRIPTS}: {INSTALL}"))?;
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file)
        .read_to_end(&mut bytes)
        .context(TRANSCRIPTS)?;
    let mut prompts = Vec::new();
    for (id, text) in sentences(&String::from_utf8_lossy(&bytes)) {
        let wav = Path::new(FOLDER).join(format!("{id}.wav"));
        if wav.exists() && seconds(&wav)? < LONGEST_S {
            prompts.push(Prompt { id, wav, text });
        }
    }
    ensure!(!prompts.is_empty(), "{FOLDER} has no recordings: {INSTALL}");
    Ok(prompts)
}

/// Name and text of each line that is a sentence: not a comment, a sound effect or a note about the recording.
fn sentences(transcripts: &str) -> Vec<(String, String)> {
    let lines = transcripts.lines().filter(|line| !line.starts_with(';'));
    let pairs = lines.filter_map(|line| line.split_once(": "));
    pairs
        .filter(|(_, text)| !text.contains(['[', '(']))
        .filter(|(_, text)| text.split_whitespace().count() >= LEAST_WORDS)
        .map(|(id, text)| (id.to_owned(), text.trim().to_owned()))
        .collect()
}

fn seconds(wav: &Path) -> anyhow::Result<f64> {
    let reader = hound::WavReader::open(wav).with_context(|| format!("{}", wav.display()))?;
    Ok(f64::from(reader.duration()) / f64::from(reader.spec().sample_rate))
}

/// Writes a recording at twice its rate; gives its length in milliseconds.
pub(super) fn convert(from: &Path, to: &Path) -> anyhow::Result<u64> {
    let mut reader = hound::WavReader::open(from).with_context(|| format!("{}", from.display()))?;
    let spec = reader.spec();
    ensure!(
        spec.sample_rate == RECORDED_HZ && spec.channels == 1 && spec.bits_per_sample == 16,
        "{} is not mono 16-bit at {RECORDED_HZ} Hz",
        from.display()
    );
    let narrow = reader.samples::<i16>().collect::<Result<Vec<_>, _>>()?;
    let wide = resample::double(&narrow);
    crate::peer::write_wav(to, &wide)?;
    Ok(wide.len() as u64 * 1_000 / u64::from(RATE_HZ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_kept_and_effects_notes_and_short_prompts_are_not() {
        let text = "; Core Sounds\n\nactivated: Activated.\nbeep: [this is a very simple beep tone]\n\
             spy: IAX (note: does not say the number)\nvm-next: Press 6 to play the next message. \n";
        let expected = (
            "vm-next".to_owned(),
            "Press 6 to play the next message.".to_owned(),
        );
        assert_eq!(sentences(text), [expected]);
    }
}
