//! A prompt as the messages and functions of a request.

use async_openai::types::chat::{
    ChatCompletionMessageToolCall, ChatCompletionMessageToolCalls,
    ChatCompletionRequestAssistantMessage, ChatCompletionRequestMessage,
    ChatCompletionRequestSystemMessage, ChatCompletionRequestToolMessage,
    ChatCompletionRequestUserMessage, ChatCompletionTool, ChatCompletionTools, FunctionCall,
    FunctionObject,
};
use call::{Speaker, Turn};
use prompts::caller_words;

use crate::conversation::{Exchange, Function, ModelCall, Prompt};

/// Bytes of English to a token, about.
const BYTES_PER_TOKEN: usize = 4;
/// Of a function's name, as the interface allows it.
const MAX_NAME: usize = 64;

/// The messages in order: orders, the past, the question, what was called for it.
pub(super) fn messages(prompt: &Prompt) -> Vec<ChatCompletionRequestMessage> {
    let rules = ChatCompletionRequestSystemMessage::from(prompt.rules.as_str());
    let mut messages = vec![rules.into()];
    messages.extend(prompt.turns.iter().map(|said| turn(said)));
    messages.push(caller(&prompt.question));
    messages.extend(prompt.exchanges.iter().flat_map(exchange));
    messages
}

/// The functions that may be called; none where there are none.
pub(super) fn functions(prompt: &Prompt) -> Option<Vec<ChatCompletionTools>> {
    let tool = |function: &Function| {
        ChatCompletionTools::Function(ChatCompletionTool {
            function: FunctionObject {
                name: function.name.clone(),
                description: Some(function.description.clone()),
                parameters: Some(function.parameters.clone()),
                strict: None,
            },
        })
    };
    let functions: Vec<ChatCompletionTools> = prompt.functions.iter().map(tool).collect();
    (!functions.is_empty()).then_some(functions)
}

/// What a prompt takes, before the server says so.
pub(super) fn estimated_tokens(prompt: &Prompt) -> u64 {
    let turns = prompt.turns.iter().map(|turn| turn.text.len());
    let functions = prompt.functions.iter().map(|function| {
        function.name.len() + function.description.len() + function.parameters.to_string().len()
    });
    let exchanges = prompt.exchanges.iter().map(|exchange| {
        let results: usize = exchange.results.iter().map(String::len).sum();
        exchange.text.len() + results
    });
    let bytes: usize = turns.chain(functions).chain(exchanges).sum();
    tokens(prompt.rules.len() + prompt.question.len() + bytes)
}

pub(super) fn tokens(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(BYTES_PER_TOKEN)).unwrap_or(u64::MAX)
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

/// What the model asked for, and what came of it.
fn exchange(exchange: &Exchange) -> impl Iterator<Item = ChatCompletionRequestMessage> {
    let calls = exchange.calls.iter().map(tool_call).collect();
    let text = Some(exchange.text.trim()).filter(|text| !text.is_empty());
    let asked = ChatCompletionRequestAssistantMessage {
        content: text.map(Into::into),
        tool_calls: Some(calls),
        ..ChatCompletionRequestAssistantMessage::default()
    };
    let results = exchange.calls.iter().zip(&exchange.results);
    let results = results.map(|(call, result)| {
        let message = ChatCompletionRequestToolMessage {
            content: result.as_str().into(),
            tool_call_id: call.id.clone(),
        };
        message.into()
    });
    std::iter::once(asked.into()).chain(results)
}

/// A call as the interface has it: what the model made of name and arguments need not keep to it.
fn tool_call(call: &ModelCall) -> ChatCompletionMessageToolCalls {
    let is_name = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let name: String = call.name.chars().filter(is_name).take(MAX_NAME).collect();
    let is_json = serde_json::from_str::<serde_json::Value>(&call.arguments).is_ok();
    ChatCompletionMessageToolCalls::Function(ChatCompletionMessageToolCall {
        id: call.id.clone(),
        function: FunctionCall {
            name: if name.is_empty() {
                "unknown".to_owned()
            } else {
                name
            },
            arguments: if is_json {
                call.arguments.clone()
            } else {
                "{}".to_owned()
            },
        },
    })
}
