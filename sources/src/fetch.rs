//! One fetch: every source of a pack is looked at, what changed is parsed and written, what cannot be used is named and
//! left out.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use outbound::{Client, HostList, Limits, Url};

use crate::{
    LeftOut, Parser, SourcesError,
    local::{Found, Roots, files_below, read},
    parse::{FileKind, Task},
    settings::{Freshness, Kind, Recrawl, Source, Sources},
    store::{Entry, Made, Store, hash, settings},
    web::{Fetched, Page, Visitor},
};

/// Links that wait to be followed.
const MOST_WAITING: usize = 10_000;

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
        // Where something failed it is not known what is gone.
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
            Event::Source(_) => {}
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

    async fn local(&mut self, source: &Source, freshness: Freshness) -> Result<Seen, SourcesError> {
        let path = source.path.as_deref().unwrap_or(Path::new(""));
        let whole = self.how.pack.join(path);
        let found = match source.kind {
            Kind::Folder => self
                .roots
                .real(&whole)
                .and_then(|folder| files_below(&folder, path)),
            _ => Ok(vec![Found {
                name: path.to_string_lossy().into_owned(),
                file: whole,
            }]),
        };
        let found = match found {
            Ok(found) => found,
            Err(reason) => {
                let name = path.to_string_lossy().into_owned();
                self.tell(Event::LeftOut(name, reason));
                return Ok(None);
            }
        };
        let mut seen = BTreeSet::new();
        for Found { name, file } in found {
            seen.insert(name.clone());
            let never = freshness.recrawl == Recrawl::Never && !self.how.all;
            if never && self.known(source, &name).is_some() {
                self.tell(Event::Fresh(name));
                continue;
            }
            let fetched = read(&file, &self.roots).and_then(|bytes| {
                let kind = FileKind::of_name(&name);
                let kind =
                    kind.ok_or_else(|| LeftOut::because("it is of a kind that is not read"))?;
                let task = Task {
                    kind,
                    charset: None,
                    base: None,
                };
                Ok(Fetched {
                    task,
                    bytes,
                    etag: None,
                    last_modified: None,
                    date: None,
                })
            });
            match fetched {
                Ok(fetched) => self.keep(source, &name, fetched).await?,
                Err(reason) => self.tell(Event::LeftOut(name, reason)),
            }
        }
        Ok(Some(seen))
    }

    /// Makes a document of what came, unless it is what came the last time.
    async fn keep(
        &mut self,
        source: &Source,
        address: &str,
        fetched: Fetched,
    ) -> Result<(), SourcesError> {
        let hash = hash(&fetched.bytes);
        if let Some(other) = self.bodies.get(&hash)
            && other != address
        {
            let reason = LeftOut::because(format!("it is the same as {other}"));
            // Nothing is missing, so that it does not count as left out.
            (self.see)(&Event::LeftOut(address.to_owned(), reason));
            return Ok(());
        }
        self.bodies.insert(hash.clone(), address.to_owned());
        let now = self.how.now.timestamp();
        if self
            .known(source, address)
            .is_some_and(|entry| entry.hash == hash)
        {
            self.store.touch(&source.id, address, now);
            self.tell(Event::Unchanged(address.to_owned()));
            return Ok(());
        }
        let parsed = match self.how.parser.parse(fetched.task, &fetched.bytes).await {
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

    async fn web(&mut self, source: &Source, freshness: Freshness) -> Result<Seen, SourcesError> {
        let Some(start) = source.start() else {
            return Ok(None);
        };
        let hosts = Arc::new(source.allowed(start.host_str().unwrap_or_default()));
        let mut waiting = VecDeque::from([start.clone()]);
        let mut known: BTreeSet<String> = BTreeSet::from([start.to_string()]);
        let mut seen = BTreeSet::new();
        let mut all_answered = true;
        let (mut visited, mut asked) = (0, false);
        while let Some(url) = waiting.pop_front() {
            if visited == source.pages {
                break;
            }
            visited += 1;
            let address = url.to_string();
            seen.insert(address.clone());
            let entry = self.known(source, &address);
            if entry.is_some_and(|entry| self.is_fresh(entry, freshness)) {
                self.tell(Event::Fresh(address.clone()));
            } else {
                if std::mem::replace(&mut asked, true) {
                    tokio::time::sleep(self.how.pause).await;
                }
                match self.visit(source, freshness, &url, &hosts).await? {
                    Visited::Done => {}
                    Visited::Failed => all_answered = false,
                    Visited::Gone => {
                        seen.remove(&address);
                        continue;
                    }
                }
            }
            let links = self
                .store
                .get(&source.id, &address)
                .map(|entry| entry.links.clone());
            for link in links.unwrap_or_default() {
                let next = Url::parse(&link)
                    .ok()
                    .filter(|url| is_wanted(source, &hosts, url));
                if let Some(next) = next
                    && waiting.len() < MOST_WAITING
                    && known.insert(next.to_string())
                {
                    waiting.push_back(next);
                }
            }
        }
        Ok(all_answered.then_some(seen))
    }

    async fn visit(
        &mut self,
        source: &Source,
        freshness: Freshness,
        url: &Url,
        hosts: &Arc<HostList>,
    ) -> Result<Visited, SourcesError> {
        let address = url.to_string();
        let entry = self.known(source, &address).cloned();
        let entry = entry.filter(|_| freshness.recrawl != Recrawl::Always);
        match self.visitor.page(url, hosts, entry.as_ref()).await {
            Ok(Page::Unchanged) => {
                self.store
                    .touch(&source.id, &address, self.how.now.timestamp());
                self.tell(Event::Unchanged(address));
                Ok(Visited::Done)
            }
            Ok(Page::Here(fetched)) => {
                self.keep(source, &address, *fetched).await?;
                Ok(Visited::Done)
            }
            Ok(Page::Gone(reason)) => {
                self.tell(Event::LeftOut(address, reason));
                Ok(Visited::Gone)
            }
            Err(reason) => {
                self.tell(Event::LeftOut(address, reason));
                Ok(Visited::Failed)
            }
        }
    }
}

enum Visited {
    Done,
    Gone,
    Failed,
}

/// Whether a link of a source's page is followed.
fn is_wanted(source: &Source, hosts: &HostList, url: &Url) -> bool {
    let below = source.path_prefix.as_deref().unwrap_or("/");
    hosts.contains(url.host_str().unwrap_or_default()) && url.path().starts_with(below)
}
