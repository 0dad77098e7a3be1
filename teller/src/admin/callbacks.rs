//! `teller callbacks`: what was promised to callers, and who keeps it.

use chrono::Utc;
use clap::Subcommand;
use database::{Callback, CallbackChange, CallbackFilter, CallbackName};
use record::action_reason;
use serde_json::json;

use super::{Actor, print};
use crate::config::DatabaseSettings;

/// Promises that a person gets back to a caller: look at them, take them, say that they are done.
#[derive(Debug, Subcommand)]
pub enum CallbacksCommand {
    /// What is to be kept, the urgent first, then what is due soonest; audited
    List(List),
    /// Take one: it is yours, and nobody else's; audited. Exit code 1 when somebody else has it
    Take {
        /// Its reference, or its id
        #[arg(value_name = "ID")]
        promise: CallbackName,
        /// By whom
        #[command(flatten)]
        actor: Actor,
    },
    /// Say that one was kept; audited. Exit code 1 when somebody else has said so
    Done {
        /// Its reference, or its id
        #[arg(value_name = "ID")]
        promise: CallbackName,
        /// By whom
        #[command(flatten)]
        actor: Actor,
        /// What there is to say of it: sealed, and gone with the caller's data
        #[arg(long, value_name = "TEXT", value_parser = action_reason)]
        note: Option<String>,
    },
}

/// `teller callbacks list`
#[derive(Debug, clap::Args)]
pub struct List {
    /// To whom
    #[command(flatten)]
    actor: Actor,
    /// Those that are not kept yet, as without this
    #[arg(long, group = "which")]
    open: bool,
    /// Of those, the ones whose day is over
    #[arg(long, group = "which")]
    overdue: bool,
    /// All there are, the newest first
    #[arg(long, group = "which")]
    all: bool,
    /// How many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    limit: i64,
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl List {
    fn filter(&self) -> CallbackFilter {
        match (self.overdue, self.all) {
            (true, _) => CallbackFilter::Overdue,
            (_, true) => CallbackFilter::All,
            _ => CallbackFilter::Open,
        }
    }
}

/// Runs one command; `false` when somebody else has the promise, or there is none.
///
/// # Errors
/// When the database is away.
pub async fn callbacks(
    config: &DatabaseSettings,
    command: CallbacksCommand,
) -> anyhow::Result<bool> {
    let database = super::open(config)?;
    match command {
        CallbacksCommand::List(list) => {
            let reader = list.actor.through("teller callbacks list");
            let listed = reader.callbacks(&database, list.filter(), None, list.limit);
            show(&listed.await?, list.json)?;
            Ok(true)
        }
        CallbacksCommand::Take { promise, actor } => {
            let by = actor.through("teller callbacks take");
            let change = by.take_callback(&database, &promise).await?;
            Ok(told(&change, &format!("{} has it", actor.name())))
        }
        CallbacksCommand::Done {
            promise,
            actor,
            note,
        } => {
            let by = actor.through("teller callbacks done");
            let change = by
                .finish_callback(&database, &promise, note.as_deref())
                .await?;
            Ok(told(&change, "it is done"))
        }
    }
}

fn told(change: &CallbackChange, changed: &str) -> bool {
    match change {
        CallbackChange::Changed => println!("{changed}"),
        CallbackChange::Taken { by, at } => println!("{by} has it since {}", minute(*at)),
        CallbackChange::Done { by, at } => println!("{by} has done it, {}", minute(*at)),
        CallbackChange::NotFound => println!("there is no such promise"),
    }
    *change == CallbackChange::Changed
}

fn show(callbacks: &[Callback], as_json: bool) -> anyhow::Result<()> {
    let now = Utc::now();
    if as_json {
        let lines: Vec<_> = callbacks
            .iter()
            .map(|callback| {
                let mut line = json!(callback);
                line["overdue"] = callback.is_overdue(now).into();
                line
            })
            .collect();
        return print(&lines);
    }
    for callback in callbacks {
        let name = callback.reference.clone();
        let name = name.unwrap_or_else(|| callback.id.to_string());
        let mut marks = vec![callback.kind.clone()];
        marks.extend(callback.urgent.then(|| "urgent".to_owned()));
        marks.extend(callback.is_overdue(now).then(|| "OVERDUE".to_owned()));
        marks.push(standing(callback));
        println!(
            "{name}  due {}  {}",
            minute(callback.due_at),
            marks.join(", ")
        );
        let number = callback.phone_number.as_deref();
        for (what, value) in [
            (
                "number",
                number.or_else(|| (!callback.erased).then_some("the one on file")),
            ),
            ("wanted", callback.wanted.as_deref()),
            ("reason", callback.reason.as_deref()),
            ("note", callback.note.as_deref()),
        ] {
            if let Some(value) = value {
                println!("    {what:<8}{value}");
            }
        }
        println!("    {:<8}{}", "call", callback.session);
    }
    println!("{} promises", callbacks.len());
    Ok(())
}

fn standing(callback: &Callback) -> String {
    if callback.erased {
        return "its person was erased".to_owned();
    }
    match (&callback.done_by, &callback.taken_by) {
        (Some(by), _) => format!("done by {by}"),
        (None, Some(by)) => format!("taken by {by}"),
        (None, None) => "nobody has it".to_owned(),
    }
}

fn minute(at: chrono::DateTime<Utc>) -> impl std::fmt::Display {
    at.format("%F %H:%M UTC")
}
