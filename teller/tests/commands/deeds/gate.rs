//! What stands between a worker and the company's systems: it loses, cuts, holds and delays, and remembers what was asked.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::matter::HONOURS_KEYS;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Pass,
    /// The connection ends, and nobody saw the request.
    Lost,
    /// 500, and nobody saw the request.
    Refused,
    /// It is done, and answered with 500.
    Broken,
    /// It is done, and half of the answer arrives.
    Cut,
    /// It is done, and answered when nobody waits any more.
    Late,
    /// It arrives when nobody waits any more, and is done then.
    Straggles,
    /// The worker is killed before it arrives; it does arrive, or does not.
    Held {
        arrives: bool,
    },
    /// The worker is killed before it arrives, which is when whoever asked has been answered otherwise.
    HeldLong,
    /// The worker is killed when it is done and the answer has not left.
    Unanswered,
    /// The worker is killed in the middle of the answer.
    HalfAnswered,
}

/// A request to do something.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) deed: String,
    pub(crate) key: Uuid,
}

#[derive(Default)]
struct Seen {
    fates: VecDeque<Fate>,
    posts: Vec<Post>,
    /// The keys that systems were given that honour none, by the key that was sent: a new one each time.
    given: HashMap<Uuid, Uuid>,
    sent: HashMap<Uuid, Uuid>,
}

struct Shared {
    systems: SocketAddr,
    seen: Mutex<Seen>,
    reached: mpsc::Sender<()>,
    /// Counts the ends of lives: what is held goes on then.
    ended: watch::Sender<u64>,
    /// Counts the ends of calls: what straggles goes on then.
    over: watch::Sender<u64>,
    straggling: TaskTracker,
    passing: TaskTracker,
}

/// One for each worker.
pub(crate) struct Gate {
    pub(crate) url: String,
    pub(crate) reached: mpsc::Receiver<()>,
    shared: Arc<Shared>,
}

impl Gate {
    pub(crate) async fn before(systems: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, reached) = mpsc::channel(64);
        let shared = Arc::new(Shared {
            systems,
            seen: Mutex::default(),
            reached: sender,
            ended: watch::Sender::new(0),
            over: watch::Sender::new(0),
            straggling: TaskTracker::new(),
            passing: TaskTracker::new(),
        });
        let all = shared.clone();
        tokio::task::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = all.clone();
                all.passing.spawn(async move {
                    // Whoever asked may be dead.
                    shared.carry(client).await.ok();
                });
            }
        });
        Self {
            url,
            reached,
            shared,
        }
    }

    /// What becomes of the next requests; of later ones nothing.
    pub(crate) fn fates(&mut self, fates: impl IntoIterator<Item = Fate>) {
        self.shared.seen().fates = fates.into_iter().collect();
        while self.reached.try_recv().is_ok() {}
    }

    /// A life is over: what was held goes on, and nothing is on its way any more when this returns.
    pub(crate) async fn settle(&self) {
        self.shared.ended.send_modify(|ended| *ended += 1);
        self.shared.passing.close();
        self.shared.passing.wait().await;
        self.shared.passing.reopen();
    }

    /// What straggles arrives.
    pub(crate) async fn let_in(&self) {
        self.shared.over.send_modify(|over| *over += 1);
        self.shared.straggling.close();
        self.shared.straggling.wait().await;
        self.shared.straggling.reopen();
    }

    pub(crate) fn posts(&self) -> Vec<Post> {
        self.shared.seen().posts.clone()
    }

    /// The key that a worker sent, by the one that the systems have.
    pub(crate) fn sent(&self, key: Uuid) -> Option<Uuid> {
        self.shared.seen().sent.get(&key).copied()
    }
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    async fn carry(self: Arc<Self>, mut client: TcpStream) -> std::io::Result<()> {
        let Some(asked) = Asked::read(&mut client).await? else {
            return Ok(());
        };
        let (request, keys, fate) = self.note(asked);
        match fate {
            Fate::Lost => {}
            Fate::Refused => client.write_all(&refusal()).await?,
            Fate::Pass => client.write_all(&self.ask(&request, keys).await?).await?,
            Fate::Broken => {
                self.ask(&request, keys).await?;
                client.write_all(&refusal()).await?;
            }
            Fate::Cut => {
                let answer = self.ask(&request, keys).await?;
                client.write_all(&answer[..answer.len() / 2]).await?;
            }
            Fate::Late => {
                self.ask(&request, keys).await?;
                gone(&mut client).await;
            }
            Fate::Straggles | Fate::HeldLong => {
                let (shared, mut over) = (self.clone(), self.over.subscribe());
                self.straggling.spawn(async move {
                    over.changed().await.ok();
                    shared.ask(&request, keys).await.ok();
                });
                if fate == Fate::HeldLong {
                    self.until_killed().await;
                }
                gone(&mut client).await;
            }
            Fate::Held { arrives } => {
                self.until_killed().await;
                if arrives {
                    self.ask(&request, keys).await?;
                }
            }
            Fate::Unanswered => {
                self.ask(&request, keys).await?;
                self.until_killed().await;
            }
            Fate::HalfAnswered => {
                let answer = self.ask(&request, keys).await?;
                client.write_all(&answer[..answer.len() / 2]).await?;
                self.until_killed().await;
            }
        }
        Ok(())
    }

    async fn until_killed(&self) {
        let mut ended = self.ended.subscribe();
        self.reached.send(()).await.ok();
        ended.changed().await.ok();
    }

    /// The request as it goes on, the keys in it, and what becomes of it. Systems that honour no key are given another
    /// one each time.
    fn note(&self, asked: Asked) -> (Vec<u8>, Keys, Fate) {
        let mut seen = self.seen();
        let fate = seen.fates.pop_front().unwrap_or(Fate::Pass);
        let Some(key) = asked.key else {
            return (asked.bytes, None, fate);
        };
        let given = match asked.is_post {
            true if asked.deed == HONOURS_KEYS => key,
            true => Uuid::new_v4(),
            false => seen.given.get(&key).copied().unwrap_or(key),
        };
        if asked.is_post {
            seen.given.insert(key, given);
            seen.sent.insert(given, key);
            let deed = asked.deed.clone();
            seen.posts.push(Post { deed, key });
        }
        let request = replaced(&asked.bytes, key, given);
        (request, Some((key, given)), fate)
    }

    async fn ask(&self, request: &[u8], keys: Keys) -> std::io::Result<Vec<u8>> {
        let mut systems = TcpStream::connect(self.systems).await?;
        systems.write_all(request).await?;
        let mut answer = Vec::new();
        systems.read_to_end(&mut answer).await?;
        Ok(match keys {
            Some((key, given)) => replaced(&answer, given, key),
            None => answer,
        })
    }
}

/// The key that was sent, and the one that is given on.
type Keys = Option<(Uuid, Uuid)>;

struct Asked {
    bytes: Vec<u8>,
    is_post: bool,
    deed: String,
    key: Option<Uuid>,
}

impl Asked {
    /// `None`: the connection ended in the middle of it.
    async fn read(client: &mut TcpStream) -> std::io::Result<Option<Self>> {
        let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
        loop {
            if let Some(asked) = Self::parse(&bytes) {
                return Ok(Some(asked));
            }
            match client.read(&mut part).await? {
                0 => return Ok(None),
                read => bytes.extend_from_slice(&part[..read]),
            }
        }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
        };
        let length = header("content-length").map_or(0, |length| length.parse().unwrap());
        if body.len() < length {
            return None;
        }
        let mut line = head.split(' ');
        let (method, path) = (line.next()?, line.next()?);
        let deed = path.trim_start_matches('/').split('/').next()?.to_owned();
        let is_post = method == "POST";
        assert!(
            !is_post || serde_json::from_str::<Value>(body).is_ok(),
            "{text}"
        );
        Some(Self {
            bytes: bytes.to_vec(),
            is_post,
            deed,
            key: header("idempotency-key").and_then(|key| key.parse().ok()),
        })
    }
}

/// Both have 36 characters.
fn replaced(bytes: &[u8], key: Uuid, by: Uuid) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    text.replace(&key.to_string(), &by.to_string()).into_bytes()
}

fn refusal() -> Vec<u8> {
    b"HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_vec()
}

/// Returns when the other side waits no longer.
async fn gone(client: &mut TcpStream) {
    let mut part = [0; 64];
    while client.read(&mut part).await.is_ok_and(|read| read > 0) {}
}
