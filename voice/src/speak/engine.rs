//! flite and espeak-ng as child processes.
//!
//! A process of its own keeps a crash away from the calls, and espeak-ng (GPL) a separate program. The text goes to its
//! standard input: it can never be read as an option, and does not show in the list of processes.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::fd::AsRawFd as _;
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::{Speech, TtsError, wav};

/// An engine and its voice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Engine {
    Flite { voice: String },
    Espeak { voice: String },
}

impl Engine {
    pub(super) fn flite(voice: Option<&str>) -> Self {
        let voice = voice.unwrap_or("slt").to_owned();
        Self::Flite { voice }
    }

    pub(super) fn espeak(voice: Option<&str>) -> Self {
        let voice = voice.unwrap_or("en-us").to_owned();
        Self::Espeak { voice }
    }

    pub(super) fn program(&self) -> &'static str {
        match self {
            Self::Flite { .. } => "flite",
            Self::Espeak { .. } => "espeak-ng",
        }
    }

    /// The other engine, for a machine where this one is missing.
    pub(super) fn other(&self) -> Self {
        match self {
            Self::Flite { .. } => Self::espeak(None),
            Self::Espeak { .. } => Self::flite(None),
        }
    }

    /// Speaks one text, by the other engine where this one is not installed.
    pub(super) async fn speak_or_other(&self, text: &str) -> Result<Speech, TtsError> {
        match self.speak(text).await {
            Err(TtsError::Missing { engine: missing }) => {
                tracing::warn!(missing, "the engine is not installed; the other one speaks");
                let answer = self.other().speak(text).await;
                answer.map_err(|error| match error {
                    TtsError::Missing { .. } => TtsError::NoEngine,
                    error => error,
                })
            }
            answer => answer,
        }
    }

    /// Speaks one text. The child dies with the future.
    pub(super) async fn speak(&self, text: &str) -> Result<Speech, TtsError> {
        let wave = match self {
            Self::Espeak { voice } => {
                let arguments = ["-v", voice, "--stdin", "--stdout"];
                run(self.program(), &arguments, text).await?
            }
            // flite goes back into its file to append a second sentence, so a pipe will not do: it would wait for ever.
            Self::Flite { voice } => {
                let mut file = tempfile::tempfile().map_err(|error| self.failed(error))?;
                // The file has no name: one of a worker that was killed would stay, with what it said. flite opens it
                // through ours.
                let path = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
                run(
                    self.program(),
                    &["-voice", voice, "-f", "/dev/stdin", "-o", &path],
                    text,
                )
                .await?;
                read_back(&mut file).map_err(|error| self.failed(error))?
            }
        };
        let (samples, rate_hz) = wav::read(&wave)
            .ok_or_else(|| self.failed("it gave no sound; is the voice installed?"))?;
        Ok(Speech::from_pcm(&samples, rate_hz))
    }

    fn failed(&self, reason: impl ToString) -> TtsError {
        TtsError::Engine {
            engine: self.program(),
            reason: reason.to_string(),
        }
    }
}

/// Runs a program with the text on its standard input and returns its standard output.
pub(super) async fn run(
    program: &'static str,
    arguments: &[&str],
    text: &str,
) -> Result<Vec<u8>, TtsError> {
    let failed = |reason: String| TtsError::Engine {
        engine: program,
        reason,
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => TtsError::Missing { engine: program },
        _ => failed(error.to_string()),
    })?;
    let Some(mut input) = child.stdin.take() else {
        return Err(failed("it has no pipes".to_owned()));
    };
    // Both at once: a child that fills its output before it has read its input would wait for ever.
    let write = async {
        // A child that does not want all of its text is judged by its exit status.
        if input.write_all(text.as_bytes()).await.is_ok() && input.write_all(b"\n").await.is_err() {
            tracing::trace!("the engine closed its input early");
        }
        drop(input);
    };
    let ((), output) = tokio::join!(write, child.wait_with_output());
    let output = output.map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(failed(output.status.to_string()))
    }
}

/// A second of speech is 32 kB in memory: nobody waits for a disk here.
fn read_back(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut wave = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut wave)?;
    Ok(wave)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engines() -> [Engine; 2] {
        [
            Engine::Flite {
                voice: "slt".into(),
            },
            Engine::Espeak {
                voice: "en-us".into(),
            },
        ]
    }

    #[tokio::test]
    async fn both_engines_speak_one_sentence_and_several() {
        for engine in engines() {
            let one = engine
                .speak("Your card is blocked.")
                .await
                .expect("it speaks")
                .duration();
            let several = engine
                .speak("Your card is blocked. Is there anything else? Yes.")
                .await
                .expect("it speaks")
                .duration();
            assert!(
                one.as_secs_f32() > 0.8 && one.as_secs_f32() < 2.5,
                "{engine:?} took {one:?}"
            );
            assert!(
                several > one * 3 / 2,
                "{engine:?}: {several:?} for three sentences, {one:?} for one"
            );
        }
    }

    #[tokio::test]
    async fn a_text_that_looks_like_options_is_spoken() {
        for engine in engines() {
            for text in [
                "-v hello there my friend",
                "--version of the card",
                "-o /nonexistent/file is said",
            ] {
                let speech = engine.speak(text).await.expect("it is text");
                assert!(
                    speech.duration().as_secs_f32() > 0.6,
                    "{engine:?} took {text:?} for an option"
                );
            }
        }
    }

    /// A process number comes again, in a container at every start.
    #[tokio::test]
    async fn what_a_killed_worker_left_behind_does_not_silence_the_next_one() {
        let left = |number| {
            std::env::temp_dir().join(format!("teller-{}-{number}.wav", std::process::id()))
        };
        for number in 0..64 {
            std::fs::write(left(number), "").expect("a temporary folder");
        }
        let flite = Engine::Flite {
            voice: "slt".into(),
        };
        let speech = flite.speak("Good morning.").await;
        for number in 0..64 {
            std::fs::remove_file(left(number)).expect("ours");
        }
        assert!(speech.is_ok(), "{speech:?}");
    }

    #[tokio::test]
    async fn a_voice_that_does_not_exist_is_an_error_of_espeak() {
        let answer = Engine::Espeak {
            voice: "nosuch".into(),
        }
        .speak("Hello.")
        .await;
        assert!(
            matches!(
                answer,
                Err(TtsError::Engine {
                    engine: "espeak-ng",
                    ..
                })
            ),
            "{answer:?}"
        );
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_told_apart() {
        let answer = run("teller-no-such-engine", &[], "Hello.").await;
        assert!(
            matches!(answer, Err(TtsError::Missing { .. })),
            "{answer:?}"
        );
    }
}
