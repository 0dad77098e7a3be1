//! What the model receives: the texts of `prompts`, put together for one turn.

use std::sync::Arc;

use call::Turn;
use knowledge::{Passage, Settings};
use prompts::{AnswerPrompt, SpokenRules, TalkPrompt};

use super::{Function, ModelCall, answer::Question};

/// Turns of the past that a model is shown; the rest of the history serves other ends.
const TURNS: usize = 10;

/// What a language model is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Who it is, how it speaks, and the passages it may use: the system message.
    pub rules: String,
    /// What was said before, oldest first.
    pub turns: Vec<Arc<Turn>>,
    /// What is to be answered.
    pub question: String,
    /// What it may have called.
    pub functions: Vec<Function>,
    /// What it had called in this turn, and what came of it, oldest first.
    pub exchanges: Vec<Exchange>,
}

/// A message of the model that asked for functions, with their results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// What was spoken of it.
    pub text: String,
    /// The calls, in its order.
    pub calls: Vec<ModelCall>,
    /// The result of each, fenced.
    pub results: Vec<String>,
}

impl Prompt {
    /// For one question about the trade. `caller_name`: of a caller who has proved who they are.
    pub(super) fn answer(
        settings: &Settings,
        question: &Question,
        passages: &[Passage],
        caller_name: Option<&str>,
        functions: Vec<Function>,
    ) -> Self {
        let texts: Vec<String> = passages.iter().map(text).collect();
        let passages: Vec<prompts::Passage<'_>> = passages
            .iter()
            .zip(&texts)
            .map(|(passage, text)| prompts::Passage {
                title: &passage.title,
                text,
            })
            .collect();
        let pack_rules: Vec<&str> = settings.rules.iter().map(String::as_str).collect();
        let prompt = AnswerPrompt {
            rules: spoken_rules(settings, &pack_rules, !functions.is_empty()),
            passages: &passages,
            caller_name,
        };
        Self::new(prompt.render(), question, functions)
    }

    /// For a turn that the documents say nothing to, where the company would say this line.
    pub(super) fn talk(
        settings: &Settings,
        question: &Question,
        line: &str,
        caller_name: Option<&str>,
        functions: Vec<Function>,
    ) -> Self {
        let pack_rules: Vec<&str> = settings.rules.iter().map(String::as_str).collect();
        let prompt = TalkPrompt {
            rules: spoken_rules(settings, &pack_rules, !functions.is_empty()),
            line,
            caller_name,
        };
        Self::new(prompt.render(), question, functions)
    }

    fn new(rules: String, question: &Question, functions: Vec<Function>) -> Self {
        let recent = question.history.len().saturating_sub(TURNS);
        Self {
            rules,
            turns: question.history[recent..].to_vec(),
            question: question.text.clone(),
            functions,
            exchanges: Vec::new(),
        }
    }
}

fn spoken_rules<'a>(
    settings: &'a Settings,
    pack_rules: &'a [&'a str],
    has_tools: bool,
) -> SpokenRules<'a> {
    SpokenRules {
        company_name: &settings.company_name,
        agent_name: &settings.agent_name,
        tone: &settings.tone,
        pack_rules,
        has_tools,
    }
}

/// The orders in a system message: without who speaks and for whom, what the company would say, and passages. Those may
/// be told.
pub(super) fn orders(rules: &str) -> String {
    let orders = rules.split("<passage number").next().unwrap_or_default();
    let orders = orders.split_once(". ").map_or("", |(_, orders)| orders);
    let lines = orders.lines();
    let kept = lines.filter(|line| !line.starts_with("The company would say:"));
    kept.collect::<Vec<_>>().join("\n")
}

/// A passage's text, with what is to be said before it.
pub(super) fn text(passage: &Passage) -> String {
    let introduction = passage.introduction.as_deref();
    introduction.map_or_else(
        || passage.text.clone(),
        |introduction| format!("{introduction}\n\n{}", passage.text),
    )
}

#[cfg(test)]
mod tests {
    use super::{Passage, text};

    #[test]
    fn a_model_reads_first_that_a_passage_is_outdated() {
        let mut passage = Passage {
            source: "library/printing".to_owned(),
            title: "Printing".to_owned(),
            topic: None,
            text: "A page costs 10 cents.".to_owned(),
            score: 1.0,
            words: 1.0,
            nearness: None,
            learned: 0.0,
            coverage: 1.0,
            support: 1.0,
            provenance: knowledge::Provenance::default(),
            introduction: None,
        };
        assert_eq!(text(&passage), "A page costs 10 cents.");
        passage.introduction = Some("That was so on 7 March 2025.".to_owned());
        assert_eq!(
            text(&passage),
            "That was so on 7 March 2025.\n\nA page costs 10 cents."
        );
    }
}
