//! A pack with sources, in a folder of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use outbound::{Client, HostList, Limits, Names, Resolving, Settings};
use sources::{Event, Fetch, Parser, Report, Sources, SourcesError, fetch};

/// All names of the tests have the address of this host.
struct ThisHost;

impl Names for ThisHost {
    fn addresses<'a>(&'a self, _host: &'a str) -> Resolving<'a> {
        Box::pin(async { Ok(vec!["127.0.0.1".parse().unwrap()]) })
    }
}

pub(crate) struct Pack {
    pub(crate) folder: PathBuf,
    /// The clock of the next fetch, in days.
    pub(crate) day: i64,
    pub(crate) all: bool,
    pub(crate) memory: u64,
}

/// What a fetch told, one line an event, and what it came to.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) lines: Vec<String>,
    pub(crate) report: Report,
}

impl Told {
    /// Holds the lines against what was expected, begun sources and the tests' ports left out.
    pub(crate) fn is(&self, expected: &[&str]) {
        assert_eq!(self.lines, expected);
    }
}

impl Pack {
    pub(crate) fn new(sources: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("teller-sources-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let pack = Self {
            folder,
            day: 0,
            all: false,
            memory: 256_000_000,
        };
        pack.list(sources);
        pack
    }

    pub(crate) fn list(&self, sources: &str) {
        self.write("sources.toml", sources.as_bytes());
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let file = self.folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, bytes).unwrap();
        file
    }

    /// The document of this name, as it was written.
    pub(crate) fn document(&self, name: &str) -> String {
        let file = self.folder.join("documents/fetched").join(name);
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    pub(crate) fn documents(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.join("documents/fetched")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name.ends_with(".md")).collect();
        names.sort();
        names
    }

    pub(crate) async fn fetch(&self) -> Told {
        self.try_fetch().await.unwrap()
    }

    pub(crate) async fn try_fetch(&self) -> Result<Told, SourcesError> {
        self.fetch_from(&["shop.test"]).await
    }

    pub(crate) async fn fetch_with(&self, parser: Parser) -> Told {
        self.run(&[], parser).await.unwrap()
    }

    /// With these names allowed to have this host's address.
    pub(crate) async fn fetch_from(&self, private: &[&str]) -> Result<Told, SourcesError> {
        let memory = self.memory;
        self.run(private, Parser { memory, ..parser() }).await
    }

    async fn run(&self, private: &[&str], parser: Parser) -> Result<Told, SourcesError> {
        let sources = Sources::load(&self.folder, &["help".to_owned()])?;
        let client = Client::new(Settings {
            private_hosts: HostList::new(private).unwrap(),
            names: Arc::new(ThisHost),
            ..Settings::default()
        });
        let how = Fetch {
            pack: self.folder.clone(),
            folders: Vec::new(),
            client: client.unwrap(),
            limits: Limits {
                bytes: 200_000,
                time: Duration::from_secs(2),
            },
            pause: Duration::ZERO,
            parser,
            now: chrono::DateTime::from_timestamp(1_800_000_000 + self.day * 86_400, 0).unwrap(),
            all: self.all,
            only: None,
        };
        let mut lines = Vec::new();
        let mut see = |event: &Event| lines.extend(line(event));
        let report = fetch(&sources, &how, &mut see).await?;
        Ok(Told { lines, report })
    }
}

impl Drop for Pack {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

pub(crate) fn parser() -> Parser {
    let program = Path::new(env!("CARGO_BIN_EXE_sources-child"));
    Parser::new(program.to_owned(), Vec::new())
}

fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::Source(_) => return None,
        Event::Added(of) => format!("added {}", plain(of)),
        Event::Changed(of) => format!("changed {}", plain(of)),
        Event::Unchanged(of) => format!("unchanged {}", plain(of)),
        Event::Fresh(of) => format!("fresh {}", plain(of)),
        Event::LeftOut(of, reason) => {
            format!("left out {}: {}", plain(of), plain(&reason.to_string()))
        }
        Event::Same(of, other) => format!("same {} {}", plain(of), plain(other)),
        Event::Removed(of) => format!("removed {}", plain(of)),
    })
}

/// Without the port, which differs each time.
fn plain(text: &str) -> String {
    let mut parts = text.split("http://");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let path = part.find('/').map_or("", |at| &part[at..]);
        let host = part.split([':', '/']).next().unwrap_or_default();
        plain.push_str(host);
        plain.push_str(path);
    }
    plain
}
