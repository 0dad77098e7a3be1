//! One life of a worker, and what a caller says to it and hears of it.

use std::{process::Stdio, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{sleep, timeout},
};
use uuid::Uuid;

use super::{gate::Gate, kinds::Kill, matter::Matter};
use crate::support::rehearsal::Harness;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// The turn in which the caller is read what will be done, and the one in which they agree.
const READ_BACK: usize = 2;
const YES: usize = 3;

pub(crate) struct Life {
    child: Child,
    orders: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    /// The number of what was said last and is on the disk.
    kept: Option<usize>,
    /// It came to the point at which it was to be killed.
    pub(crate) at_point: bool,
}

/// What a life told.
enum Told {
    Sentence(String),
    /// It stopped where it was to stop.
    At,
    /// Something that was said is on the disk.
    Kept,
    /// The order is carried out.
    End,
    /// It is dead.
    Nothing,
}

impl Life {
    pub(crate) async fn start(harness: &Harness, arguments: &[String]) -> Self {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&harness.log)
            .unwrap();
        let mut command = Command::from(harness.program(env!("CARGO_BIN_EXE_deeds")));
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut life = Self {
            orders: child.stdin.take().unwrap(),
            lines: BufReader::new(child.stdout.take().unwrap()).lines(),
            child,
            kept: None,
            at_point: false,
        };
        let first = life.line().await;
        assert_eq!(
            first.as_deref(),
            Some("ready"),
            "a worker does not start:\n{}",
            harness.log()
        );
        life
    }

    /// The caller calls about this matter, and says all that there is to say. `None`: the life was ended in the middle.
    pub(crate) async fn call(
        &mut self,
        matter: &mut Matter,
        gate: &mut Gate,
        kill: Option<&Kill>,
    ) -> Option<()> {
        let session = matter.begin();
        self.kept = None;
        self.at_point = false;
        let stop = kill.and_then(Kill::stop);
        let order = json!({"call": {
            "session": session, "continues": matter.continues(), "stop": stop,
        }});
        self.order(&order).await?;
        self.until_end(matter, gate, None).await?;
        for (turn, text) in matter.turns().into_iter().enumerate() {
            if turn == YES {
                matter.agree();
            }
            self.order(&json!({"say": {"seq": 2 * turn, "text": text}}))
                .await?;
            if let Some(Kill::InTurn(at, after)) = kill
                && *at == turn
            {
                sleep(*after).await;
                self.at_point = true;
                return None;
            }
            let kill = kill.filter(|kill| match kill {
                Kill::ReadBack => turn == READ_BACK,
                _ => turn == YES,
            });
            let heard = matter.heard.len();
            self.until_end(matter, gate, kill).await?;
            assert!(
                turn != READ_BACK
                    || matter.heard[heard..]
                        .iter()
                        .any(|said| said.starts_with("Shall I")),
                "what will be done is not read back: {:?}",
                matter.heard
            );
        }
        if let Some(Kill::Kept) = kill {
            // The disk may have been sooner than the end of the turn.
            while self.kept != Some(2 * YES + 1) && !matches!(self.told().await, Told::Nothing) {}
            self.at_point = true;
            return None;
        }
        if kill.is_some() {
            return None;
        }
        self.order(&json!("hang_up")).await?;
        self.until_end(matter, gate, None).await
    }

    /// Listens until the order is carried out. `None`: it is dead, or to be killed here.
    async fn until_end(
        &mut self,
        matter: &mut Matter,
        gate: &mut Gate,
        kill: Option<&Kill>,
    ) -> Option<()> {
        loop {
            let told = tokio::select! {
                told = self.told() => told,
                _ = gate.reached.recv(), if kill.is_some() => Told::At,
            };
            match told {
                Told::Sentence(sentence) => {
                    matter.hear(sentence);
                    if matches!(kill, Some(Kill::ReadBack | Kill::Told)) {
                        self.at_point = true;
                        return None;
                    }
                }
                Told::At | Told::Nothing => {
                    self.at_point = true;
                    return None;
                }
                Told::Kept => {}
                Told::End => return Some(()),
            }
        }
    }

    async fn told(&mut self) -> Told {
        match self.line().await.as_deref() {
            None => Told::Nothing,
            Some("at") => Told::At,
            Some("end") => Told::End,
            Some(line) => match (line.strip_prefix("say "), line.strip_prefix("kept ")) {
                (Some(sentence), _) => Told::Sentence(sentence.to_owned()),
                (_, Some(number)) => {
                    self.kept = Some(number.parse().unwrap());
                    Told::Kept
                }
                _ => panic!("a worker prints {line:?}"),
            },
        }
    }

    async fn line(&mut self) -> Option<String> {
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        line.expect("a worker says something, or is dead").unwrap()
    }

    /// `None`: it is dead.
    async fn order(&mut self, order: &Value) -> Option<()> {
        let line = format!("{order}\n");
        self.orders.write_all(line.as_bytes()).await.ok()
    }

    /// SIGKILL. What it had said until then was heard.
    pub(crate) async fn kill(mut self, matter: &mut Matter) {
        self.child.kill().await.unwrap();
        loop {
            match self.told().await {
                Told::Sentence(sentence) => matter.hear(sentence),
                Told::Nothing => return,
                Told::At | Told::Kept | Told::End => {}
            }
        }
    }

    /// An orderly end: everything reaches the database.
    pub(crate) async fn end(mut self) {
        self.order(&json!("quit")).await.expect("it lives");
        while let Some(line) = self.line().await {
            assert!(
                line != "home false",
                "what was left did not reach the database"
            );
        }
        self.child.wait().await.unwrap();
    }
}

/// A session's number.
pub(crate) fn new_session() -> Uuid {
    call::SessionId::new().0
}
