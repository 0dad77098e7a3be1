//! A scripted call: what to say, when, and what to expect. See docs/call-scripts.md.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use call::input::decode_file;
use serde::Deserialize;
use serde_json::Value;

use super::{Caller, Clip, voice::CallerVoice};

/// How long a step waits for the agent unless it says otherwise.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a step waits for a file that somebody else writes.
const FILE_PATIENCE: Duration = Duration::from_secs(120);

/// Steps in order.
#[derive(Debug, Clone, Default)]
pub struct Script {
    steps: Vec<Step>,
    folder: PathBuf,
}

/// One step of a script.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Says a text with the caller's voice and goes on when it was said.
    Say(String),
    /// Plays a file, relative to the script's folder.
    Wav(PathBuf),
    /// Waits until the agent has spoken (since the last thing said) and fell silent; seconds of patience.
    Wait(f64),
    /// Says nothing for so many seconds.
    Pause(f64),
    /// Says nothing until a file is there, relative to the script's folder: until something happened elsewhere.
    UntilFile(PathBuf),
    /// Waits until the agent begins to speak (after the last thing said and after the last `wait`), then so many
    /// seconds, then says a text over it.
    Interrupt {
        /// Seconds after the agent began.
        after: f64,
        /// What to say.
        say: Option<String>,
        /// Or play.
        wav: Option<PathBuf>,
    },
    /// Sends a chat message.
    Type(String),
    /// Presses keys of the phone.
    Dial(String),
    /// Presses the keys that a file holds, relative to the script's folder; waits for the file.
    DialFrom(PathBuf),
    /// A phone call becomes active: it is answered.
    Active,
    /// Calls a method of the agent; every text of `expect` must occur in the answer.
    Rpc {
        /// `teller.session`, `teller.authenticate`, `teller.verify`, `teller.hangup`.
        method: String,
        /// JSON.
        #[serde(default)]
        payload: Value,
        /// Texts the answer must contain.
        #[serde(default)]
        expect: Vec<String>,
    },
    /// The agent's words since the caller last spoke contain this (letter case does not matter).
    ExpectAgent(String),
    /// As transcribed, the caller's words since then contain this.
    ExpectCaller(String),
    /// The agent must end the call within so many seconds.
    ExpectEnd(f64),
    /// Leaves without a goodbye to the server, as a dead battery does.
    Vanish,
    /// The same in the middle of a sentence.
    VanishWhileSaying {
        /// The sentence.
        say: String,
        /// Seconds after its first sound.
        after: f64,
    },
}

impl Step {
    /// The text that is said in it.
    fn said(&self) -> Option<&str> {
        match self {
            Self::Say(text) | Self::VanishWhileSaying { say: text, .. } => Some(text),
            Self::Interrupt { say, .. } => say.as_deref(),
            _ => None,
        }
    }

    /// Whether it only looks at what happened.
    const fn judges(&self) -> bool {
        matches!(
            self,
            Self::ExpectAgent(_) | Self::ExpectCaller(_) | Self::ExpectEnd(_)
        )
    }
}

impl Script {
    /// Says each text and plays each file, waiting for an answer after each.
    pub(super) fn of(say: &[String], wav: &[PathBuf]) -> Self {
        let mut steps = vec![Step::Wait(30.0)];
        for text in say {
            steps.extend([Step::Say(text.clone()), Step::Wait(30.0)]);
        }
        for file in wav {
            steps.extend([Step::Wav(file.clone()), Step::Wait(30.0)]);
        }
        if steps.len() == 1 {
            steps.push(Step::Pause(10.0));
        }
        Self {
            steps,
            folder: PathBuf::new(),
        }
    }

    /// Reads a script.
    ///
    /// # Errors
    /// When the file is missing or a step is not understood; the message names the line.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let reading = || format!("reading {}", path.display());
        let bytes = std::fs::read(path).with_context(reading)?;
        let text = decode_file(&bytes).with_context(reading)?;
        let reader = serde_yaml_ng::Deserializer::from_str(&text);
        let steps = serde_yaml_ng::with::singleton_map_recursive::deserialize(reader)
            .with_context(|| format!("{} is no call script", path.display()))?;
        Ok(Self {
            steps,
            folder: path.parent().map(Path::to_path_buf).unwrap_or_default(),
        })
    }

    /// Has everything voiced that will be said, so that no turn waits for it.
    ///
    /// # Errors
    /// When the voice cannot be used.
    pub(super) async fn prepare(&self, voice: &CallerVoice) -> anyhow::Result<()> {
        for step in &self.steps {
            if let Some(text) = step.said() {
                voice.say(text).await?;
            }
        }
        Ok(())
    }

    /// Follows the script to its end; returns what did not come true.
    pub(super) async fn follow(&self, caller: &mut Caller, voice: &CallerVoice) -> Vec<String> {
        let mut failures = Vec::new();
        for (i, step) in self.steps.iter().enumerate() {
            // After an early end nobody can speak any more; what was expected is missing all the same.
            if caller.is_over() && !step.judges() {
                continue;
            }
            if let Err(error) = self.take(step, caller, voice).await {
                failures.push(format!("step {}: {error:#}", i + 1));
            }
        }
        failures
    }

    async fn take(
        &self,
        step: &Step,
        caller: &mut Caller,
        voice: &CallerVoice,
    ) -> anyhow::Result<()> {
        match step {
            Step::Say(text) => caller.say(Clip::say(voice, text).await?).await,
            Step::Wav(file) => caller.say(Clip::read(&self.folder.join(file))?).await,
            Step::Wait(patience) => return caller.wait_for_agent(seconds(*patience)).await,
            Step::Pause(pause) => caller.pause(seconds(*pause)).await,
            Step::UntilFile(file) => {
                wait_for_file(&self.folder.join(file), |_any| true).await?;
            }
            Step::Interrupt { after, say, wav } => {
                let clip = match (say, wav) {
                    (Some(text), None) => Clip::say(voice, text).await?,
                    (None, Some(file)) => Clip::read(&self.folder.join(file))?,
                    _ => anyhow::bail!("interrupt takes either say or wav"),
                };
                caller.wait_until_audible(PATIENCE).await?;
                caller.pause(seconds(*after)).await;
                caller.say(clip).await;
            }
            Step::Type(text) => return caller.type_text(text).await,
            Step::Dial(keys) => return caller.dial(keys).await,
            Step::DialFrom(file) => {
                let keys = wait_for_file(&self.folder.join(file), |text| !text.is_empty()).await?;
                return caller.dial(keys.trim()).await;
            }
            Step::Active => return caller.become_active().await,
            Step::Rpc {
                method,
                payload,
                expect,
            } => {
                let answer = caller.rpc(method, payload).await?;
                for text in expect {
                    anyhow::ensure!(
                        answer.contains(text.as_str()),
                        "{method} answered {answer}, which lacks `{text}`"
                    );
                }
            }
            Step::ExpectAgent(text) => return caller.expect_agent(text).await,
            Step::ExpectCaller(text) => return caller.expect_caller(text).await,
            Step::ExpectEnd(patience) => return caller.expect_end(seconds(*patience)).await,
            Step::Vanish => caller.vanish(),
            Step::VanishWhileSaying { say, after } => {
                let clip = Clip::say(voice, say).await?;
                return caller.vanish_while_saying(clip, seconds(*after)).await;
            }
        }
        Ok(())
    }
}

/// The text of a file once it is there and `whole`.
async fn wait_for_file(file: &Path, whole: impl Fn(&str) -> bool) -> anyhow::Result<String> {
    let read = async {
        loop {
            if let Ok(text) = tokio::fs::read_to_string(file).await
                && whole(&text)
            {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(FILE_PATIENCE, read)
        .await
        .with_context(|| format!("{} did not come", file.display()))
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(PATIENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<Step>, serde_yaml_ng::Error> {
        serde_yaml_ng::with::singleton_map_recursive::deserialize(
            serde_yaml_ng::Deserializer::from_str(text),
        )
    }

    #[test]
    fn every_step_has_a_plain_form() {
        let steps = parse(
            "- wait: 10\n- say: Hello there\n- wav: hello.wav\n- pause: 1.5\n- until_file: done\n- interrupt: {after: 0.5, say: Stop}\n\
             - type: What are your fees?\n- dial: 100234#\n- active\n\
             - rpc: {method: teller.session, payload: {}, expect: [summary_token]}\n\
             - expect_agent: fees\n- expect_caller: hello\n- expect_end: 5\n- vanish\n\
             - vanish_while_saying: {say: I would like, after: 0.5}\n",
        )
        .expect("all forms are accepted");
        assert_eq!(steps.len(), 15);
    }

    #[test]
    fn a_misspelt_step_is_named() {
        let error = parse("- shout: Hello").unwrap_err().to_string();
        assert!(error.contains("shout"), "{error}");
    }
}
