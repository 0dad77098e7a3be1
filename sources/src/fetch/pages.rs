//! A source of pages.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use outbound::{HostList, Url};

use super::{Event, Run, Seen};
use crate::{
    SourcesError,
    settings::{Freshness, Recrawl, Source, is_askable},
    web::Page,
};

/// Links that wait to be followed; more are not remembered.
const MOST_WAITING: usize = 10_000;

impl Run<'_> {
    /// Looks at a page, and follows its links where the source has more than one.
    pub(super) async fn web(
        &mut self,
        source: &Source,
        freshness: Freshness,
    ) -> Result<Seen, SourcesError> {
        let Some(start) = source.start() else {
            return Ok(None);
        };
        let hosts = Arc::new(source.allowed(start.host_str().unwrap_or_default()));
        let mut waiting = VecDeque::from([start.clone()]);
        let mut known: BTreeSet<String> = BTreeSet::from([start.to_string()]);
        let mut seen = BTreeSet::new();
        let (mut visited, mut asked) = (0, false);
        while let Some(url) = waiting.pop_front() {
            if visited == source.pages {
                break;
            }
            visited += 1;
            let address = url.to_string();
            seen.insert(address.clone());
            let entry = self.known(source, &address).cloned();
            if let Some(entry) = entry.filter(|entry| self.is_fresh(entry, freshness)) {
                self.bodies.insert(entry.hash, address.clone());
                self.tell(Event::Fresh(address.clone()));
            } else {
                if std::mem::replace(&mut asked, true) {
                    tokio::time::sleep(self.how.pause).await;
                }
                if self.visit(source, freshness, &url, &hosts).await? == Visited::Gone {
                    self.remove(|entry| entry.id == source.id && entry.address == address)?;
                    // Without its first page it is not known what else is gone.
                    if url == start {
                        return Ok(None);
                    }
                }
            }
            // Of a page that failed those of its last good state count.
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
        Ok(Some(seen))
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
                self.bodies
                    .extend(entry.map(|entry| (entry.hash, address.clone())));
                self.store
                    .touch(&source.id, &address, self.how.now.timestamp());
                self.tell(Event::Unchanged(address));
                Ok(Visited::Stayed)
            }
            Ok(Page::Here(fetched)) => {
                self.keep(source, &address, *fetched).await?;
                Ok(Visited::Stayed)
            }
            Ok(Page::Gone(reason)) => {
                self.tell(Event::LeftOut(address, reason));
                Ok(Visited::Gone)
            }
            Err(reason) => {
                self.tell(Event::LeftOut(address, reason));
                Ok(Visited::Stayed)
            }
        }
    }
}

/// Whether a page is still there, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visited {
    Stayed,
    Gone,
}

/// Whether a link of a source's page is followed.
fn is_wanted(source: &Source, hosts: &HostList, url: &Url) -> bool {
    let below = source.path_prefix.as_deref().unwrap_or("/");
    is_askable(url)
        && hosts.contains(url.host_str().unwrap_or_default())
        && url.path().starts_with(below)
}
