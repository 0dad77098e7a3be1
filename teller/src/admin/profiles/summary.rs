//! `teller profiles summary`

use std::path::PathBuf;

use chrono::Utc;
use database::{Counted, Database, PersonOverview, ProfileRepository};
use insight::facts::{FactReader, Known};
use knowledge::Pack;
use record::{AuditedReader, learned};
use serde_json::json;

use super::show::opened;
use crate::{
    admin::{load_pack, print},
    config::pack_or_setting,
};

/// A person in one view, once the audit log says who sees it.
pub(super) async fn summary(
    database: &Database,
    reader: AuditedReader<'_>,
    wanted: &str,
    pack: Option<PathBuf>,
    json: bool,
) -> anyhow::Result<bool> {
    let pack = load_pack(&pack_or_setting(pack)?)?;
    let Some(profile) = opened(database, reader, wanted).await? else {
        return Ok(false);
    };
    let overview = ProfileRepository::new(database)
        .overview(profile.id)
        .await?;
    let Some(overview) = overview else {
        return Ok(false);
    };
    let keys = jobs::fact_reader(&pack);
    let known = known(&overview, &keys);
    let (facts, no_offers) = (known.spoken(&keys), known.sells_nothing);
    let appointments = appointments(&overview, &pack);
    if json {
        let known = json!({"known": facts, "no_offers": no_offers, "appointments": appointments});
        print(&json!({"overview": overview, "now": known}))?;
        return Ok(true);
    }
    lines(&overview, &pack);
    println!("appointments: {appointments}");
    println!("known now: {}", listed(facts));
    if no_offers {
        println!("nothing is to be offered to them");
    }
    Ok(true)
}

/// What is known now: of a key the newest counts.
fn known(overview: &PersonOverview, keys: &FactReader) -> Known {
    let facts: Vec<_> = overview.facts.iter().cloned().filter_map(learned).collect();
    Known::of(&facts, keys, Utc::now())
}

/// Days that were agreed on, by the pack's word for it.
fn appointments(overview: &PersonOverview, pack: &Pack) -> i64 {
    let deeds = overview.deeds.iter();
    let agreed = deeds.filter(|deed| pack.moments.appointments.contains(&deed.id));
    agreed.map(|deed| deed.count).sum()
}

fn lines(overview: &PersonOverview, pack: &Pack) {
    let day = |at: Option<chrono::DateTime<Utc>>| {
        at.map_or_else(|| "never".to_owned(), |at| at.format("%F").to_string())
    };
    println!(
        "calls: {}, the first on {}, the last on {}",
        overview.calls,
        day(overview.first_at),
        day(overview.last_at)
    );
    let label = |id: &str| {
        pack.topic(id)
            .map_or_else(|| id.to_owned(), |topic| topic.label.clone())
    };
    let counted = |all: &[Counted]| {
        listed(
            all.iter()
                .map(|one| format!("{} {}", label(&one.id), one.count)),
        )
    };
    println!("spoke of: {}", counted(&overview.views));
    println!("interests: {}", counted(&overview.interests));
    println!("objections: {}", counted(&overview.objections));
    let trend = overview
        .sentiment
        .iter()
        .map(|call| format!("{:+}", call.mean));
    println!(
        "sentiment, a number a call, oldest first: {}",
        listed(trend)
    );
    println!("done for them: {}", counted(&overview.deeds));
    let open = overview.open.iter().map(|open| {
        let reference = open.reference.as_deref().unwrap_or("without a reference");
        format!("{} {reference} due {}", open.kind, day(open.due_at))
    });
    println!("open: {}", listed(open));
    if let Some(task) = &overview.left_task {
        println!("broke off in: {task}");
    }
}

fn listed(all: impl IntoIterator<Item = String>) -> String {
    let all: Vec<String> = all.into_iter().collect();
    match all.is_empty() {
        true => "none".to_owned(),
        false => all.join(", "),
    }
}
