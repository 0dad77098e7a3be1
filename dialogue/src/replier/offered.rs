//! What a language model may ask for, made once for each call: look-ups, tables of the catalogue, listed tools of MCP
//! servers, and tasks.

use std::{collections::BTreeSet, sync::Arc};

use call::AuthLevel;
use knowledge::{KnowledgeBase, Task};
use language::phrase::written_out;
use serde_json::{Value, json};
use tools::{LookupTool, McpTool, Tool as _};

use super::MAX_ARGUMENT;
use crate::conversation::{
    Function, FunctionKind,
    functions::{BEGINS, SEARCHES},
};

/// Ways of asking for something that a language model is told.
const EXAMPLES: usize = 6;

/// All of them; tasks whose tools are in `connected`. Of one name the first is the one.
pub(super) fn functions(
    base: &KnowledgeBase,
    look_ups: &[LookupTool],
    mcp: &[McpTool],
    connected: &BTreeSet<String>,
) -> Vec<Function> {
    look_ups
        .iter()
        .map(|tool| look_up(base, tool))
        .chain(row_functions(base))
        .chain(mcp.iter().map(mcp_function))
        .chain(task_functions(base, connected))
        .collect()
}

fn look_up(base: &KnowledgeBase, tool: &LookupTool) -> Function {
    let spec = tool.spec();
    let look_up = base.pack().lookup(&spec.name);
    let phrases = look_up.into_iter().flat_map(|look_up| &look_up.phrases);
    let (asked_by, examples) = asked(phrases);
    Function {
        name: spec.name.clone(),
        description: format!(
            "Finds the {} for the caller, who asks in words such as: {examples}.",
            spec.name.replace('_', " "),
        ),
        parameters: spec.arguments.clone(),
        asked_by,
        kind: FunctionKind::LookUp,
    }
}

fn mcp_function(tool: &McpTool) -> Function {
    let spec = tool.spec();
    let (asked_by, examples) = asked(tool.phrases().iter());
    Function {
        name: spec.name.clone(),
        description: format!(
            "{} The caller asks in words such as: {examples}.",
            spec.description
        ),
        parameters: spec.arguments.clone(),
        asked_by,
        kind: FunctionKind::Listed {
            needs_proof: tool.needs() > AuthLevel::Anonymous,
        },
    }
}

/// The phrases in all their words, and some of them for a model.
fn asked<'p>(phrases: impl Iterator<Item = &'p String>) -> (Vec<String>, String) {
    let asked_by: Vec<String> = phrases.flat_map(|phrase| written_out(phrase)).collect();
    let examples: Vec<&str> = asked_by.iter().map(String::as_str).take(EXAMPLES).collect();
    let examples = examples.join("; ");
    (asked_by, examples)
}

/// The tables of the catalogue that a language model may search.
fn row_functions(base: &KnowledgeBase) -> impl Iterator<Item = Function> {
    base.row_searches().into_iter().map(|search| Function {
        name: format!("{SEARCHES}{}", search.table),
        description: search.description,
        parameters: search.conditions,
        asked_by: search.asked_by,
        kind: FunctionKind::Rows,
    })
}

/// The tasks that a language model may begin.
fn task_functions(base: &KnowledgeBase, connected: &BTreeSet<String>) -> Vec<Function> {
    let tasks = base.pack().tasks.list.iter();
    let possible = tasks.filter(|task| {
        let tools = task.tool.as_deref().into_iter().chain(task.reads());
        task.tool.is_some() && tools.into_iter().all(|tool| connected.contains(tool))
    });
    let function = |task: &Arc<Task>| {
        let words = task.name.replace('_', " ");
        let (asked_by, examples) = asked(task.phrases.iter());
        Function {
            name: format!("{BEGINS}{}", task.name),
            description: format!(
                "Begins this for the caller: {words}. The caller asks in words such as: {examples}. What is missing is asked for, and it is done only once the caller agreed.",
            ),
            parameters: understood(task),
            asked_by,
            kind: FunctionKind::Task,
        }
    };
    possible.map(function).collect()
}

/// What a model may have understood of a task: any of its slots, in the caller's words.
fn understood(task: &Task) -> Value {
    let text = json!({ "type": "string", "maxLength": MAX_ARGUMENT });
    let slots = task.slots.iter().filter(|slot| !slot.manner.silent);
    let properties: serde_json::Map<String, Value> = slots
        .map(|slot| (slot.name.clone(), text.clone()))
        .collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}
