use crate::Speaker;

/// One finished turn of one side, already redacted; of the agent's speech, what was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who said it.
    pub speaker: Speaker,
    /// What was said.
    pub text: String,
}
