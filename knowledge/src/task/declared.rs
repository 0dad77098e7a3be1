//! What must hold in the tasks of a pack; fills in the pack's names.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use super::{FirstAid, Notice, Task, TaskLimit, TaskSlot};
use crate::{
    check::{Names, bad, id, ids},
    error::PackError,
    lookup::{Lookup, Proof},
    pack::DocumentText,
    route::FIXED_NAMES,
    slot::{Origin, SlotKind, wrong_in},
};

/// Tasks of a pack at most: a model is shown them all.
const MAX_TASKS: usize = 50;

/// What is wrong: the key, its value, and what would be accepted.
type Wrong = (String, String, String);

/// One task, read from `file`, beside the pack's look-ups.
pub(crate) fn check(
    file: &Path,
    names: Names<'_>,
    lookups: &[Lookup],
    task: &mut Task,
) -> Result<(), PackError> {
    id(file, "the file's name", &task.name)?;
    let taken = FIXED_NAMES.contains(&task.name.as_str())
        || lookups.iter().any(|lookup| lookup.name == task.name);
    if taken {
        let accepted = "a name that no other route has";
        return Err(bad(file, "the file's name", &task.name, accepted));
    }
    ids(file, "slot.name", task.slots.iter().map(|slot| &*slot.name))?;
    let wrong = of_task(task).or_else(|| task.slots.iter().find_map(|slot| of_slot(task, slot)));
    if let Some((key, value, accepted)) = wrong {
        return Err(bad(file, &key, &value, &accepted));
    }
    lines(file, names, task)
}

fn of_task(task: &Task) -> Option<Wrong> {
    let wrong = |key: &str, value: &str, accepted: &str| {
        Some((key.to_owned(), value.to_owned(), accepted.to_owned()))
    };
    let needed = "a sentence, as the task ends in a tool";
    match &task.tool {
        Some(_) if task.confirm.is_none() => return wrong("confirm", "", needed),
        Some(_) if task.done.is_none() => return wrong("done", "", needed),
        None if !task.slots.is_empty() => {
            return wrong("tool", "", "a tool, as slots are asked for");
        }
        None if task.begin.is_none() => {
            return wrong("begin", "", "a sentence, as there is no tool");
        }
        _ => {}
    }
    if task.offer.is_none() != task.offer_with.is_empty() {
        return wrong(
            "offer",
            "",
            "a sentence and documents in offer_with, or neither",
        );
    }
    if (task.proof == Proof::Code) != task.unproven.is_some() {
        let accepted = "a sentence where proof is \"code\", and nothing else";
        return wrong(
            "unproven",
            task.unproven.as_deref().unwrap_or_default(),
            accepted,
        );
    }
    if let Some(line) = &task.resume
        && task.tool.is_none()
    {
        return wrong("resume", line, "nothing, as the task has no tool");
    }
    if let Some(found) = task.limit.as_ref().and_then(|limit| of_limit(task, limit)) {
        return Some(found);
    }
    if let Some(found) = task
        .notice
        .as_ref()
        .and_then(|notice| of_notice(task, notice))
    {
        return Some(found);
    }
    if task.fallback.as_deref() == Some(&*task.name) {
        return wrong("fallback", &task.name, "another task");
    }
    None
}

fn of_notice(task: &Task, notice: &Notice) -> Option<Wrong> {
    let wrong = |key: &str, value: &str, accepted: &str| {
        Some((
            format!("notice.{key}"),
            value.to_owned(),
            accepted.to_owned(),
        ))
    };
    if task.tool.as_deref().is_none_or(|tool| tool == "message") {
        return wrong(
            "text",
            &notice.text,
            "no notice, as nothing is done that one could tell of",
        );
    }
    let Some(to) = &notice.to else {
        let accepted = "a slot of the type phone or email, as the task needs no proof";
        return (task.proof != Proof::Code)
            .then(|| wrong("to", "", accepted))
            .flatten();
    };
    let kind = task.slot(to).map(|slot| slot.value.kind);
    match kind {
        Some(SlotKind::Phone | SlotKind::Email) => None,
        _ => wrong("to", to, "a slot of the type phone or email"),
    }
}

fn of_limit(task: &Task, limit: &TaskLimit) -> Option<Wrong> {
    let wrong = |key: &str, value: String, accepted: &str| {
        Some((format!("limit.{key}"), value, accepted.to_owned()))
    };
    if task.tool.is_none() {
        return wrong(
            "reached",
            limit.reached.clone(),
            "no limit, as the task has no tool",
        );
    }
    match (limit.a_day, &limit.of, limit.most) {
        (Some(0), None, None) => wrong("a_day", "0".to_owned(), "1 or more"),
        (Some(_), None, None) => None,
        (None, Some(slot), Some(_)) => {
            let is_sum = task.slot(slot).is_some_and(|slot| {
                let kind = slot.value.kind;
                matches!(kind, SlotKind::Amount | SlotKind::Number) && !slot.manner.unsent
            });
            match is_sum {
                true => None,
                false => wrong(
                    "of",
                    slot.clone(),
                    "a slot of the type amount or number that is sent",
                ),
            }
        }
        (day, _, _) => {
            let given = day.map_or_else(String::new, |day| day.to_string());
            wrong("a_day", given, "a_day alone, or of and most together")
        }
    }
}

fn of_slot(task: &Task, slot: &TaskSlot) -> Option<Wrong> {
    let wrong = |key: &str, value: &str, accepted: &str| {
        let key = format!("slot {}: {key}", slot.name);
        Some((key, value.to_owned(), accepted.to_owned()))
    };
    let (value, manner) = (&slot.value, &slot.manner);
    if task.fixed.contains_key(&slot.name) {
        return wrong("name", &slot.name, "a name that fixed does not have");
    }
    let is_said = value.from == Origin::Said;
    if let Err((part, value, accepted)) = wrong_in(value, true) {
        return wrong(part.trim_start_matches('.'), &value, &accepted);
    }
    if is_said && !manner.silent && value.ask.is_none() {
        return wrong("ask", "", "a question, as the slot is not silent");
    }
    if manner.silent && !manner.optional {
        return wrong("silent", "true", "an optional slot");
    }
    if manner.caller && value.kind != SlotKind::Phone {
        return wrong("caller", "true", "a slot of the type phone");
    }
    if manner.absent.is_some() && !manner.optional {
        return wrong("absent", "", "an optional slot");
    }
    if manner.options.is_some() != manner.none.is_some() {
        return wrong(
            "none",
            "",
            "a sentence where there are options, and nothing else",
        );
    }
    if let Some(other) = &manner.none_asks
        && (other == &slot.name || task.slot(other).is_none())
    {
        return wrong("none_asks", other, "another slot of the task");
    }
    None
}

fn lines(file: &Path, names: Names<'_>, task: &mut Task) -> Result<(), PackError> {
    let slots: Vec<String> = task.slots.iter().map(|slot| slot.name.clone()).collect();
    let slots: Vec<&str> = slots.iter().map(String::as_str).collect();
    let fields = task.fields.clone();
    let found: Vec<&str> = slots
        .iter()
        .copied()
        .chain(fields.iter().map(String::as_str))
        .collect();
    let of_task: [(&str, &mut Option<String>, &[&str]); 7] = [
        ("offer", &mut task.offer, &[]),
        ("unproven", &mut task.unproven, &[]),
        ("begin", &mut task.begin, &[]),
        ("resume", &mut task.resume, &[]),
        ("confirm", &mut task.confirm, &slots),
        ("done", &mut task.done, &found),
        ("declined", &mut task.declined, &["reason"]),
    ];
    for (key, line, later) in of_task {
        if let Some(line) = line {
            names.fill(file, key, line, later)?;
        }
    }
    if let Some(limit) = &mut task.limit {
        names.fill(file, "limit.reached", &mut limit.reached, &[])?;
    }
    if let Some(notice) = &mut task.notice {
        names.fill(file, "notice.text", &mut notice.text, &found)?;
        names.fill(file, "notice.said", &mut notice.said, &found)?;
    }
    for slot in &mut task.slots {
        let options: &[&str] = match slot.manner.options {
            Some(_) => &["options"],
            None => &[],
        };
        let asks: Vec<&str> = slots
            .iter()
            .copied()
            .chain(options.iter().copied())
            .collect();
        let own = [&*slot.name];
        let of_slot: [(&str, &mut Option<String>, &[&str]); 5] = [
            ("ask", &mut slot.value.ask, &asks),
            ("again", &mut slot.manner.again, &asks),
            ("absent", &mut slot.manner.absent, &[]),
            ("check", &mut slot.manner.check, &own),
            ("none", &mut slot.manner.none, &slots),
        ];
        for (key, line, later) in of_slot {
            if let Some(line) = line {
                names.fill(file, &format!("slot {}: {key}", slot.name), line, later)?;
            }
        }
    }
    Ok(())
}

/// What tasks name of one another and of the documents is there.
pub(crate) fn check_offers(
    folder: &Path,
    tasks: &[Arc<Task>],
    documents: &[DocumentText],
) -> Result<(), PackError> {
    if tasks.len() > MAX_TASKS {
        let accepted = format!("{MAX_TASKS} tasks at most");
        return Err(bad(folder, "tasks", &tasks.len().to_string(), &accepted));
    }
    let known: BTreeSet<&str> = documents.iter().map(|text| &*text.source).collect();
    for task in tasks {
        let file = folder.join(format!("{}.toml", task.name));
        let is_task = |name: &str| tasks.iter().any(|other| other.name == name);
        let slots = task.slots.iter();
        let named = slots.filter_map(|slot| slot.manner.from.as_ref());
        for (key, other) in named
            .map(|other| ("slot.from", other))
            .chain(task.fallback.iter().map(|other| ("fallback", other)))
        {
            if !is_task(other) {
                return Err(bad(&file, key, other, "the name of a task of the pack"));
            }
        }
        let unknown = task
            .offer_with
            .iter()
            .find(|source| !known.contains(&***source));
        if let Some(unknown) = unknown {
            let accepted = "the source of a document of the pack";
            return Err(bad(&file, "offer_with", unknown, accepted));
        }
    }
    Ok(())
}

/// What is said first to whoever is in trouble.
pub(crate) fn check_first_aid(
    file: &Path,
    names: Names<'_>,
    lines: &mut [FirstAid],
) -> Result<(), PackError> {
    for aid in lines {
        if aid.phrases.is_empty() {
            return Err(bad(file, "first_aid.phrases", "", "one phrase or more"));
        }
        names.fill(file, "first_aid.line", &mut aid.line, &[])?;
    }
    Ok(())
}
