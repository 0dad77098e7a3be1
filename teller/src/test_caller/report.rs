//! What a call was like for its caller.

use std::fmt;

use serde::Serialize;

/// The whole call.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CallReport {
    /// Room name.
    pub room: String,
    /// From the start of joining until the agent was audible, milliseconds.
    pub join_to_first_audio_ms: Option<u64>,
    /// Each thing the caller said or typed, and the answer.
    pub turns: Vec<TurnReport>,
    /// Both sides as transcribed, in the order shown.
    pub transcript: Vec<Line>,
    /// The agent's states in order.
    pub agent_states: Vec<String>,
    /// The agent left, or the room was closed, before the caller hung up.
    pub ended_by_agent: bool,
    /// Expectations that did not come true.
    pub failures: Vec<String>,
}

/// One thing said and how long the answer took.
#[derive(Debug, Clone, Serialize)]
pub struct TurnReport {
    /// What the caller said or typed.
    pub said: String,
    /// From the caller's last sound until the agent was audible, milliseconds.
    pub speech_end_to_first_audio_ms: Option<u64>,
}

/// One line of the transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// `caller` or `agent`.
    pub who: &'static str,
    /// The text.
    pub text: String,
}

impl fmt::Display for CallReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "room {}", self.room)?;
        for line in &self.transcript {
            writeln!(f, "{:>7}  {}", line.who, line.text)?;
        }
        if let Some(ms) = self.join_to_first_audio_ms {
            writeln!(f, "join to first audio {ms} ms")?;
        }
        for turn in &self.turns {
            match turn.speech_end_to_first_audio_ms {
                Some(ms) => writeln!(f, "end of speech to first audio {ms} ms  ({})", turn.said)?,
                None => writeln!(f, "no audible answer  ({})", turn.said)?,
            }
        }
        for failure in &self.failures {
            writeln!(f, "FAILED {failure}")?;
        }
        Ok(())
    }
}
