//! A source of files.

use std::{collections::BTreeSet, path::Path};

use super::{Event, Run, Seen};
use crate::{
    LeftOut, SourcesError,
    local::{Found, files_below, read},
    parse::{FileKind, Task},
    settings::{Freshness, Kind, Recrawl, Source},
    web::Fetched,
};

impl Run<'_> {
    /// Looks at a file, or at those of a folder.
    pub(super) async fn local(
        &mut self,
        source: &Source,
        freshness: Freshness,
    ) -> Result<Seen, SourcesError> {
        let path = source.path.as_deref().unwrap_or_else(|| Path::new(""));
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
}
