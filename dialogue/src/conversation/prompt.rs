//! What the model is told: the texts of `prompts`, put together for one turn.

use crate::ReplyRequest;
use async_openai::types::chat::{
    ChatCompletionRequestAssistantMessage, ChatCompletionRequestMessage,
    ChatCompletionRequestSystemMessage, ChatCompletionRequestUserMessage,
};
use call::{Speaker, Turn};
use knowledge::{Passage, Settings};
use prompts::{AnswerPrompt, SpokenRules, caller_words};

/// Turns of the past that a model is shown; the rest of the history serves other ends.
const TURNS: usize = 10;

/// The messages for one question about the trade.
pub(crate) fn messages(
    settings: &Settings,
    request: &ReplyRequest,
    passages: &[Passage],
) -> Vec<ChatCompletionRequestMessage> {
    let mut messages =
        vec![ChatCompletionRequestSystemMessage::from(rules(settings, request, passages)).into()];
    let recent = request.history.len().saturating_sub(TURNS);
    messages.extend(request.history[recent..].iter().map(|said| turn(said)));
    messages.push(caller(&request.text));
    messages
}

fn turn(turn: &Turn) -> ChatCompletionRequestMessage {
    match turn.speaker {
        Speaker::Caller => caller(&turn.text),
        Speaker::Agent => ChatCompletionRequestAssistantMessage::from(turn.text.as_str()).into(),
    }
}

fn caller(text: &str) -> ChatCompletionRequestMessage {
    ChatCompletionRequestUserMessage::from(caller_words(text)).into()
}

fn rules(settings: &Settings, request: &ReplyRequest, passages: &[Passage]) -> String {
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
        caller_name: request.caller.authenticated_name.as_deref(),
    };
    prompt.render()
}
