//! The tools that the tasks of a pack name: each can be one, and is the same whichever task calls it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use super::{FixedArgument, OWN_TOOLS, Task, TaskEffect};
use crate::{
    check::bad,
    error::PackError,
    lookup::{Lookup, Proof},
};

/// Longest name of a tool, in characters: it is a part of an address.
const MAX_NAME: usize = 60;
/// What may stand for a tool.
const ACCEPTED: &str = "lower-case letters, digits and _, at most 60, such as renew_book";

/// What a back-end tool is, as a task declares it. There is one tool of a name in a call, so all that name it agree.
#[derive(PartialEq)]
enum Shape<'t> {
    /// Something is done: the arguments with whether they must be there, the fixed ones with their kind.
    Deed {
        slots: BTreeMap<&'t str, bool>,
        fixed: BTreeMap<&'t str, &'static str>,
        proof: Proof,
        effect: TaskEffect,
    },
    /// It says what can be chosen from.
    Options(Proof),
}

/// The names of tools in all tasks.
pub(crate) fn check_tools(
    folder: &Path,
    tasks: &[Arc<Task>],
    lookups: &[Lookup],
) -> Result<(), PackError> {
    let mut known: BTreeMap<&str, (Shape<'_>, &str)> = BTreeMap::new();
    for task in tasks {
        let file = folder.join(format!("{}.toml", task.name));
        for (key, name, shape) in named(task) {
            if !is_name(name) {
                return Err(bad(&file, &key, name, ACCEPTED));
            }
            if OWN_TOOLS.contains(&name) {
                continue;
            }
            if lookups.iter().any(|lookup| lookup.name == name) {
                return Err(bad(&file, &key, name, "a name that no look-up has"));
            }
            match known.get(name) {
                None => {
                    known.insert(name, (shape, &task.name));
                }
                Some((other, _)) if *other == shape => {}
                Some((_, of)) => {
                    let accepted = format!(
                        "a tool of this task alone, or one with the arguments, proof and effect that tasks/{of}.toml gives it"
                    );
                    return Err(bad(&file, &key, name, &accepted));
                }
            }
        }
    }
    Ok(())
}

/// Each tool of a task with its key and what it is.
fn named(task: &Task) -> Vec<(String, &str, Shape<'_>)> {
    let tool = task.tool.iter();
    let deeds = tool.map(|tool| ("tool".to_owned(), tool.as_str(), deed(task)));
    let options = task.slots.iter().filter_map(|slot| {
        let name = slot.manner.options.as_deref()?;
        let key = format!("slot {}: options", slot.name);
        Some((key, name, Shape::Options(task.proof)))
    });
    deeds.chain(options).collect()
}

fn deed(task: &Task) -> Shape<'_> {
    let sent = task.slots.iter().filter(|slot| !slot.manner.unsent);
    let fixed = task.fixed.iter().map(|(name, value)| {
        let kind = match value {
            FixedArgument::Truth(_) => "truth",
            FixedArgument::Number(_) => "number",
            FixedArgument::Text(_) => "text",
        };
        (name.as_str(), kind)
    });
    Shape::Deed {
        slots: sent
            .map(|slot| (slot.name.as_str(), slot.manner.optional))
            .collect(),
        fixed: fixed.collect(),
        proof: task.proof,
        effect: task.effect,
    }
}

fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (1..=MAX_NAME).contains(&name.len()) && name.chars().all(letter)
}

/// The tools of a pack's tasks that only the company's systems have: what they do, and what they know to choose from.
pub(super) fn of_systems(tasks: &[Arc<Task>]) -> BTreeSet<&str> {
    let names = tasks.iter().flat_map(|task| {
        let tool = task
            .tool
            .as_deref()
            .filter(|tool| !OWN_TOOLS.contains(tool));
        tool.into_iter().chain(task.reads())
    });
    names.collect()
}
