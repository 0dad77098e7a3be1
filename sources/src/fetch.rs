//! One fetch: every source of a pack is looked at, what changed is parsed and written, what cannot be used is named and
//! left out.

mod files;
mod pages;

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
    time::Duration,
};

use chrono::{DateTime, Utc};
use outbound::{Client, Limits};

use crate::{
    LeftOut, Parser, SourcesError,
    local::Roots,
    parse::Parsed,
    settings::{Freshness, Kind, Recrawl, Source, Sources},
    store::{Entry, Made, Store, hash, settings},
    web::{Fetched, Visitor},
};

/// How a fetch is done.
#[derive(Debug)]
pub struct Fetch {
    /// The pack's folder.
    pub pack: PathBuf,
    /// Folders beside the pack's own in which files may lie.
    pub folders: Vec<PathBuf>,
    /// Asks servers.
    pub client: Client,
    /// Of each page.
    pub limits: Limits,
    /// Between two pages of a server's.
    pub pause: Duration,
    /// Parses files.
    pub parser: Parser,
    /// The time, by which pages are fresh or not.
    pub now: DateTime<Utc>,
    /// Asks for everything, however fresh.
    pub all: bool,
    /// Only the source of this id.
    pub only: Option<String>,
}

/// What is told while a fetch runs. An address is a page's, or a file's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A source is begun.
    Source(String),
    /// A document is new.
    Added(String),
    /// A document is another than before.
    Changed(String),
    /// A document is as it was.
    Unchanged(String),
    /// A document's days are not over: nobody was asked.
    Fresh(String),
    /// A file or page is the same as another of this run, which stands for both.
    Same(String, String),
    /// A file or page was left out; what was fetched of it before stays.
    LeftOut(String, LeftOut),
    /// A document whose page or file is gone was removed.
    Removed(String),
}

/// What a fetch came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// New documents.
    pub added: usize,
    /// Documents that are others than before.
    pub changed: usize,
    /// Documents as they were, fresh ones included.
    pub unchanged: usize,
    /// Files and pages that could not be used.
    pub left_out: usize,
    /// Documents whose page or file is gone.
    pub removed: usize,
}

/// Looks at every source; tells `see` what happens.
///
/// # Errors
/// When the pack's folder cannot be written. A source that cannot be used is none.
pub async fn fetch(
    sources: &Sources,
    how: &Fetch,
    see: &mut (dyn FnMut(&Event) + Send),
) -> Result<Report, SourcesError> {
    let mut run = Run {
        store: Store::open(&how.pack)?,
        roots: Roots::new(&how.pack, &how.folders),
        visitor: Visitor::new(how.client.clone(), how.limits),
        report: Report::default(),
        bodies: HashMap::new(),
        topics: &sources.topics,
        how,
        see,
    };
    let wanted = |source: &&Source| how.only.as_ref().is_none_or(|only| *only == source.id);
    for source in sources.source.iter().filter(wanted) {
        run.tell(Event::Source(source.id.clone()));
        let freshness = sources.freshness(source);
        let seen = match source.kind {
            Kind::Web => run.web(source, freshness).await?,
            Kind::File | Kind::Folder => run.local(source, freshness).await?,
        };
        // Where its beginning failed it is not known what is gone.
        if let Some(seen) = seen {
            run.remove(|entry| entry.id == source.id && !seen.contains(&entry.address))?;
        }
        run.store.save()?;
    }
    run.remove(|entry| sources.source.iter().all(|source| source.id != entry.id))?;
    run.store.save()?;
    Ok(run.report)
}

/// The addresses that a source has; `None` when that is not known.
type Seen = Option<BTreeSet<String>>;

struct Run<'a> {
    how: &'a Fetch,
    topics: &'a [String],
    see: &'a mut (dyn FnMut(&Event) + Send),
    store: Store,
    roots: Roots,
    visitor: Visitor,
    report: Report,
    /// Which address brought these bytes in this run: a page under two addresses is one document.
    bodies: HashMap<String, String>,
}

impl Run<'_> {
    fn tell(&mut self, event: Event) {
        let report = &mut self.report;
        match &event {
            Event::Source(_) | Event::Same(..) => {}
            Event::Added(_) => report.added += 1,
            Event::Changed(_) => report.changed += 1,
            Event::Unchanged(_) | Event::Fresh(_) => report.unchanged += 1,
            Event::LeftOut(..) => report.left_out += 1,
            Event::Removed(_) => report.removed += 1,
        }
        (self.see)(&event);
    }

    fn remove(&mut self, is_gone: impl FnMut(&Entry) -> bool) -> Result<(), SourcesError> {
        for address in self.store.remove(is_gone)? {
            self.tell(Event::Removed(address));
        }
        Ok(())
    }

    /// What is known of an address, when it was made as it would be made now.
    fn known(&self, source: &Source, address: &str) -> Option<&Entry> {
        let entry = self.store.get(&source.id, address)?;
        (entry.settings == settings(source)).then_some(entry)
    }

    /// Whether nobody has to be asked about a document.
    fn is_fresh(&self, entry: &Entry, freshness: Freshness) -> bool {
        let age = self.how.now.timestamp().saturating_sub(entry.checked);
        let is_young = age < i64::from(freshness.ttl_days) * 86_400;
        let rest = match freshness.recrawl {
            Recrawl::Always => false,
            Recrawl::Never => true,
            Recrawl::Changed => is_young,
        };
        rest && !self.how.all
    }

    /// Makes a document of what came, unless it is what came the last time.
    async fn keep(
        &mut self,
        source: &Source,
        address: &str,
        fetched: Fetched,
    ) -> Result<(), SourcesError> {
        let hash = hash(&fetched.bytes);
        if let Some(other) = self.bodies.get(&hash).filter(|other| *other != address) {
            let same = Event::Same(address.to_owned(), other.clone());
            self.tell(same);
            return self.remove(|entry| entry.id == source.id && entry.address == address);
        }
        self.bodies.insert(hash.clone(), address.to_owned());
        let now = self.how.now.timestamp();
        if self
            .known(source, address)
            .is_some_and(|entry| entry.hash == hash)
        {
            // Files are looked at every time, so that the state need not change for them.
            if source.kind == Kind::Web {
                self.store.touch(&source.id, address, now);
            }
            self.tell(Event::Unchanged(address.to_owned()));
            return Ok(());
        }
        let parsed = self.how.parser.parse(fetched.task, &fetched.bytes).await;
        let parsed = match parsed.and_then(|parsed| self.trusted(source, parsed)) {
            Ok(parsed) => parsed,
            Err(reason) => {
                self.tell(Event::LeftOut(address.to_owned(), LeftOut::because(reason)));
                return Ok(());
            }
        };
        let was_there = self.store.get(&source.id, address).is_some();
        let made = Made {
            address,
            hash: &hash,
            now,
            etag: fetched.etag,
            last_modified: fetched.last_modified,
            date: fetched.date,
        };
        self.store.put(source, made, parsed)?;
        let address = address.to_owned();
        self.tell(if was_there {
            Event::Changed(address)
        } else {
            Event::Added(address)
        });
        Ok(())
    }

    /// What a file says of itself: one of the pack's own folder may name its topic and its questions, a page may not.
    fn trusted(&self, source: &Source, mut parsed: Parsed) -> Result<Parsed, String> {
        if source.kind == Kind::Web {
            parsed.topic = None;
            parsed.asks.clear();
        }
        match &parsed.topic {
            Some(topic) if !self.topics.contains(topic) => {
                Err(format!("its topic {topic:?} is no id of topics.toml"))
            }
            _ => Ok(parsed),
        }
    }
}
