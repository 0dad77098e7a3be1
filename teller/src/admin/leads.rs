//! `teller leads`: who may take something that the company offers, and why that is thought.

use chrono::Utc;
use clap::{Args, Subcommand};
use database::LeadList;
use record::{Lead, Points, Selling};
use serde_json::{Value, json};

use super::{Actor, print};
use crate::config::DatabaseSettings;

/// What `teller leads --help` says.
pub const LEADS_HELP: &str = "\
Lists people by how near they are to taking something that the company offers, the nearest first.

What is counted is what happened in their calls and chats: what they spoke of and asked for, what they hesitated over, days
agreed on, calls back, things sent, how their turns sound. Nothing that is said in distress, in anger or of harm counts for
wanting anything. After topics such as a theft a lead is marked for seven days as one to sell nothing to; the numbers stay.

  engagement   0 to 10   how active they are
  intent       0 to 10   how much they want something
  total        both      15 and more: hot, 10 and more: warm, else cold
  second       0 to 20   the same, halved every 14 days, more for what is known of them, less for each hesitation

A hot lead of whom nobody knows that they want it, and soon, is shown as \"warm (unqualified)\". Each part says why. Nothing here
is sent anywhere. The weights, and how to change them: docs/leads.md.";

/// Which leads.
#[derive(Debug, Subcommand)]
pub enum LeadsCommand {
    /// 15 points and more of 20; audited
    Hot(LeadsArgs),
    /// They want something, no day was agreed on and nobody calls them back, and they hesitated twice or said nothing for a
    /// week; audited
    Stuck(LeadsArgs),
    /// 6 and more of the 10 points of intent; audited
    Intent(LeadsArgs),
    /// All there are; audited
    All(LeadsArgs),
}

/// How they are shown.
#[derive(Debug, Args)]
pub struct LeadsArgs {
    /// To whom
    #[command(flatten)]
    actor: Actor,
    /// How many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    limit: i64,
    /// As JSON, an array of leads with each part of their scores
    #[arg(long)]
    json: bool,
}

/// Shows leads; `false` when there are none.
///
/// # Errors
/// When the database is away.
pub async fn leads(config: &DatabaseSettings, command: LeadsCommand) -> anyhow::Result<bool> {
    let (list, args, through) = match command {
        LeadsCommand::Hot(args) => (LeadList::Hot, args, "teller leads hot"),
        LeadsCommand::Stuck(args) => (LeadList::Stuck, args, "teller leads stuck"),
        LeadsCommand::Intent(args) => (LeadList::Intent, args, "teller leads intent"),
        LeadsCommand::All(args) => (LeadList::All, args, "teller leads all"),
    };
    let database = super::open(config)?;
    let reader = args.actor.through(through);
    let page = (None, args.limit);
    let leads = reader.leads(&database, list, page, Utc::now()).await?;
    if args.json {
        print(&leads.iter().map(as_json).collect::<Vec<_>>())?;
    } else {
        leads.iter().for_each(show);
        println!("{} leads", leads.len());
    }
    Ok(!leads.is_empty())
}

fn show(lead: &Lead) {
    let score = &lead.score;
    let name = lead.line.username.as_deref().unwrap_or("anonymous");
    println!(
        "{:>4.1}  {:<18}  {name}  {}",
        score.total,
        score.shown(),
        lead.line.profile
    );
    for (what, points) in [
        ("engagement", &score.engagement),
        ("intent", &score.intent),
        ("second", &score.second),
    ] {
        let parts = points.parts.iter();
        let parts: Vec<String> = parts
            .map(|part| format!("{:.1} {}", part.points, part.reason))
            .collect();
        println!(
            "      {what:<11}{:>4.1}  {}",
            points.total,
            parts.join("; ")
        );
    }
    if let Selling::Off { topic, until } = &score.selling {
        let until = until.format("%F %H:%M UTC");
        println!("      nothing is sold until {until}: {topic}");
    }
    for call in &lead.line.calls {
        let began = call.started_at.format("%F %H:%M UTC");
        println!("      call       {began}  {}", call.session_id);
    }
}

fn as_json(lead: &Lead) -> Value {
    let points = |points: &Points| {
        let parts = points
            .parts
            .iter()
            .map(|part| json!({"name": part.name, "points": part.points, "reason": part.reason}));
        json!({"total": points.total, "parts": parts.collect::<Vec<_>>()})
    };
    let score = &lead.score;
    let off = match &score.selling {
        Selling::On => Value::Null,
        Selling::Off { topic, until } => json!({"topic": topic, "until": until}),
    };
    json!({
        "profile_id": lead.line.profile,
        "profile_type": lead.line.kind,
        "username": lead.line.username,
        "total_score": score.total,
        "temperature": score.temperature,
        "shown": score.shown(),
        "qualified": score.is_qualified,
        "engagement": points(&score.engagement),
        "intent": points(&score.intent),
        "second": points(&score.second),
        "second_temperature": score.second_temperature,
        "selling_off": off,
        "wanted": lead.wanted,
        "objections": lead.objections,
        "last_event_at": lead.last_at,
        "calls": lead.line.calls,
    })
}
