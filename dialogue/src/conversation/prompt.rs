//! What the model receives: the texts of `prompts`, put together for one turn.

use std::sync::Arc;

use call::Turn;
use knowledge::{Passage, Settings};
use prompts::{AnswerPrompt, SpokenRules};

use super::answer::Question;

/// Turns of the past that a model is shown; the rest of the history serves other ends.
const TURNS: usize = 10;

/// What a language model is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// Who it is, how it speaks, and the passages it may use: the system message.
    pub rules: String,
    /// What was said before, oldest first.
    pub turns: Vec<Arc<Turn>>,
    /// What is to be answered.
    pub question: String,
}

impl Prompt {
    /// For one question about the trade. `caller_name`: of a caller who has proved who they are.
    pub(super) fn new(
        settings: &Settings,
        question: &Question,
        passages: &[Passage],
        caller_name: Option<&str>,
    ) -> Self {
        let recent = question.history.len().saturating_sub(TURNS);
        Self {
            rules: rules(settings, passages, caller_name),
            turns: question.history[recent..].to_vec(),
            question: question.text.clone(),
        }
    }
}

fn rules(settings: &Settings, passages: &[Passage], caller_name: Option<&str>) -> String {
    let passages: Vec<prompts::Passage<'_>> = passages
        .iter()
        .map(|passage| prompts::Passage {
            title: &passage.title,
            text: &passage.text,
        })
        .collect();
    let pack_rules: Vec<&str> = settings.rules.iter().map(String::as_str).collect();
    let prompt = AnswerPrompt {
        rules: SpokenRules {
            company_name: &settings.company_name,
            agent_name: &settings.agent_name,
            tone: &settings.tone,
            pack_rules: &pack_rules,
        },
        passages: &passages,
        caller_name,
    };
    prompt.render()
}
