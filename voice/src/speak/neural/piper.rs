//! A Piper voice: an encoder reads the sentence, a decoder makes sound of a window of its frames at a time.

mod file;

use std::path::{Path, PathBuf};

use ort::environment::Environment;
use ort::session::Session;
use ort::value::Tensor;

use super::halt::Halt;
use super::sentence::{Frames, Sentence};
use super::{Network, OpenError, graph, runtime};
pub(super) use file::PiperFile;

/// The first node of the decoder, as every Piper voice names it.
const DECODER: &str = "dec/conv_pre/Conv";
/// The input that says which of several speakers speaks.
const SPEAKER: &str = "sid";
/// Frames on either side of a window that the decoder sees and whose sound is thrown away: with 10 the windows joined
/// equal the whole: the difference lies 120 dB below it.
const CONTEXT: usize = 10;
/// Frames of the first window, 0.23 s of sound: short, so that it is heard early.
const FIRST_WINDOW: usize = 20;
/// Of the later ones, 0.7 s in about 40 ms.
const WINDOW: usize = 60;

/// A voice loaded; of one thread at a time.
pub(super) struct Piper {
    encoder: Session,
    decoder: Session,
    file: PiperFile,
}

impl Piper {
    /// Loads a voice, in about 0.3 s. The file is cut here and not beforehand: any Piper voice can be used as it is
    /// published, and no second file can belong to another one.
    pub(super) fn open(
        environment: &Environment,
        model: &Path,
        file: &PiperFile,
    ) -> Result<Self, OpenError> {
        let unusable = |reason: String| OpenError::Voice {
            path: model.to_owned(),
            reason,
        };
        let bytes = std::fs::read(model).map_err(|error| unusable(error.to_string()))?;
        let halves =
            graph::cut(&bytes, DECODER, SPEAKER).map_err(|error| unusable(error.to_string()))?;
        drop(bytes);
        Ok(Self {
            encoder: runtime::session(environment, &halves.encoder).map_err(unusable)?,
            decoder: runtime::session(environment, &halves.decoder).map_err(unusable)?,
            file: file.clone(),
        })
    }

    /// The json beside a model: `voice.onnx.json`.
    pub(super) fn beside(model: &Path) -> PathBuf {
        let mut name = model.as_os_str().to_owned();
        name.push(".json");
        name.into()
    }

    /// The frames of the next breath.
    fn encode(&mut self, sentence: &mut Sentence, halt: &Halt) -> Result<(), String> {
        let Some(breath) = sentence.take_breath() else {
            return Ok(());
        };
        let ids = self.file.ids(&breath.phonemes);
        let count = ids.len();
        let lengths = vec![i64::try_from(count).map_err(|error| error.to_string())?];
        let mut inputs = ort::inputs![
            "input" => Tensor::from_array(([1, count], ids)).map_err(text)?,
            "input_lengths" => Tensor::from_array(([1_usize], lengths)).map_err(text)?,
            "scales" => Tensor::from_array(([3_usize], self.file.scales())).map_err(text)?,
        ];
        if has_input(&self.encoder, SPEAKER) {
            inputs.push((
                SPEAKER.into(),
                Tensor::from_array(([1_usize], vec![0_i64]))
                    .map_err(text)?
                    .into(),
            ));
        }
        let (hop, silence) = (self.file.hop, self.silence(breath.pause_ms));
        let output = self
            .encoder
            .run_with_options(inputs, halt.options()?)
            .map_err(text)?;
        let (shape, values) = output[0].try_extract_tensor::<f32>().map_err(text)?;
        let [1, channels, frames] = shape[..] else {
            return Err(format!("its frames have the shape {shape:?}"));
        };
        let size = |length: i64| usize::try_from(length).map_err(|error| error.to_string());
        let frames = Frames {
            values: values.to_vec(),
            channels: size(channels)?,
            count: size(frames)?,
            next: 0,
            pause_ms: breath.pause_ms,
        };
        let samples = (frames.count * hop) as u64 + silence;
        sentence.learn(&breath, samples);
        sentence.frames = Some(frames);
        Ok(())
    }

    /// The sound of so many frames from the next one on.
    fn decode(
        &mut self,
        frames: &mut Frames,
        window: usize,
        halt: &Halt,
    ) -> Result<Vec<f32>, String> {
        let take = window.min(frames.count - frames.next);
        let from = frames.next.saturating_sub(CONTEXT);
        let to = (frames.next + take + CONTEXT).min(frames.count);
        let rows = frames.values.chunks_exact(frames.count.max(1));
        let values: Vec<f32> = rows.flat_map(|row| row[from..to].iter().copied()).collect();
        let input = Tensor::from_array(([1, frames.channels, to - from], values)).map_err(text)?;
        let cut = self
            .decoder
            .inputs()
            .iter()
            .map(|input| input.name().to_owned());
        let cut = cut
            .into_iter()
            .find(|name| name != SPEAKER)
            .ok_or("its decoder takes nothing")?;
        let mut inputs = ort::inputs![cut => input];
        if has_input(&self.decoder, SPEAKER) {
            inputs.push((
                SPEAKER.into(),
                Tensor::from_array(([1_usize], vec![0_i64]))
                    .map_err(text)?
                    .into(),
            ));
        }
        let output = self
            .decoder
            .run_with_options(inputs, halt.options()?)
            .map_err(text)?;
        let (_, sound) = output[0].try_extract_tensor::<f32>().map_err(text)?;
        let hop = sound.len() / (to - from).max(1);
        if hop != self.file.hop {
            return Err(format!(
                "a frame is {hop} samples of sound, and not {}",
                self.file.hop
            ));
        }
        let start = (frames.next - from) * hop;
        let sound = sound
            .get(start..start + take * hop)
            .ok_or("its sound is too short")?;
        frames.next += take;
        Ok(sound.to_vec())
    }

    fn silence(&self, ms: u32) -> u64 {
        u64::from(self.file.rate_hz) * u64::from(ms) / 1_000
    }
}

#[cfg(test)]
impl Piper {
    /// A breath's sound by one window, as the file makes it uncut.
    pub(super) fn whole(&mut self, phonemes: &str) -> Result<Vec<f32>, String> {
        let halt = Halt::default();
        let breath = super::Breath {
            phonemes: phonemes.to_owned(),
            pause_ms: 0,
        };
        let mut sentence = Sentence::new(vec![breath]);
        self.encode(&mut sentence, &halt)?;
        let mut frames = sentence.frames.take().ok_or("no frames")?;
        self.decode(&mut frames, usize::MAX / 2, &halt)
    }
}

impl Network for Piper {
    fn rate_hz(&self) -> u32 {
        self.file.rate_hz
    }

    fn step(&mut self, sentence: &mut Sentence, halt: &Halt) -> Result<Vec<f32>, String> {
        let window = if sentence.is_new() {
            FIRST_WINDOW
        } else {
            WINDOW
        };
        if sentence.frames.is_none() {
            self.encode(sentence, halt)?;
        }
        let Some(mut frames) = sentence.frames.take() else {
            return Ok(Vec::new());
        };
        let mut sound = self.decode(&mut frames, window, halt)?;
        if frames.next < frames.count {
            sentence.frames = Some(frames);
        } else {
            let silence = usize::try_from(self.silence(frames.pause_ms)).unwrap_or_default();
            sound.resize(sound.len() + silence, 0.0);
        }
        Ok(sound)
    }
}

fn has_input(session: &Session, name: &str) -> bool {
    session.inputs().iter().any(|input| input.name() == name)
}

fn text(error: ort::Error) -> String {
    error.to_string()
}
