//! Parsing in a child process. A file that makes a parser loop, take all memory or break takes the child with it, and
//! nothing else: the child has no environment, writes no file, and its limits are set before it looks at a byte.

use std::{
    io::{BufRead as _, Read as _, Write as _},
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{ExitCode, ExitStatus, Stdio},
    sync::Mutex,
    time::Duration,
};

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
};

use crate::parse::{Parsed, Task, parse};

/// Of what the child answers; the text of a book is a tenth of it.
const MOST_ANSWER: u64 = 20_000_000;

/// Starts a child process for each file.
#[derive(Debug, Clone)]
pub struct Parser {
    /// The program; it calls [`serve_child`] when it is given these arguments.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What a file may take beside the program itself, in bytes.
    pub memory: u64,
    /// How long a file may take; whole seconds for the processor's time.
    pub time: Duration,
}

impl Parser {
    /// 512 MB and 20 s for each file.
    #[must_use]
    pub fn new(program: PathBuf, arguments: Vec<String>) -> Self {
        Self {
            program,
            arguments,
            memory: 512_000_000,
            time: Duration::from_secs(20),
        }
    }

    /// Parses one file, or says why not.
    pub(crate) async fn parse(&self, task: Task, bytes: &[u8]) -> Result<Parsed, String> {
        let order = Order {
            memory: self.memory,
            seconds: self.time.as_secs().max(1),
            task,
        };
        let mut head = serde_json::to_vec(&order).map_err(|error| error.to_string())?;
        head.push(b'\n');
        let cannot_start = |error| format!("no process could be started to parse it: {error}");
        let mut child = self.start().map_err(cannot_start)?;
        let answer = tokio::time::timeout(self.time, exchange(&mut child, &head, bytes)).await;
        let Ok(answer) = answer else {
            // Dropping the child would end it too; here its end is waited for.
            child.kill().await.map_err(cannot_start)?;
            return Err(format!(
                "it could not be parsed within {} s",
                self.time.as_secs_f32()
            ));
        };
        let (output, status) = answer.map_err(|error| format!("its parser failed: {error}"))?;
        // Parsers may print; the answer is the last line.
        let line = output.trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
        match serde_json::from_slice::<Result<Parsed, String>>(line.unwrap_or_default()) {
            Ok(answer) => {
                let mut parsed = answer?;
                parsed.clean()?;
                Ok(parsed)
            }
            Err(_) => Err(self.died(status)),
        }
    }

    fn start(&self) -> std::io::Result<Child> {
        Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
    }

    /// Why a child ended without an answer.
    fn died(&self, status: ExitStatus) -> String {
        let (memory, time) = (self.memory / 1_000_000, self.time.as_secs_f32());
        match status.signal() {
            // Memory that is not given and a stack without end both abort.
            Some(6) => format!("it broke its parser, or needs more than {memory} MB"),
            Some(9 | 24) => format!("it could not be parsed within {time} s"),
            Some(signal) => format!("it broke its parser (signal {signal})"),
            None => format!("its parser ended without an answer ({status})"),
        }
    }
}

async fn exchange(
    child: &mut Child,
    head: &[u8],
    bytes: &[u8],
) -> std::io::Result<(Vec<u8>, ExitStatus)> {
    let mut input = child.stdin.take().expect("it is piped");
    let mut output = child.stdout.take().expect("it is piped");
    let ask = async {
        // A child that ends early does not read it all, and its status says why.
        let _unread = input.write_all(head).await.is_ok() && input.write_all(bytes).await.is_ok();
        drop(input);
    };
    let mut answer = Vec::new();
    let mut limited = (&mut output).take(MOST_ANSWER);
    let (_, read) = tokio::join!(ask, limited.read_to_end(&mut answer));
    read?;
    // Ends a child that has more to say.
    drop(output);
    Ok((answer, child.wait().await?))
}

/// The first line of what the child reads; the file's bytes follow.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    memory: u64,
    seconds: u64,
    task: Task,
}

/// The child: parses what standard input holds, and writes what it says to standard output.
///
/// The process is fit for nothing else afterwards: its limits are for good.
#[must_use]
pub fn serve_child() -> ExitCode {
    match answer_one() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn answer_one() -> std::io::Result<()> {
    let mut input = std::io::stdin().lock();
    let mut head = String::new();
    input.read_line(&mut head)?;
    let order: Order = serde_json::from_str(&head)?;
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    limit(&order)?;
    let answer = guarded(&order.task, &bytes);
    let mut output = std::io::stdout().lock();
    writeln!(output, "\n{}", serde_json::to_string(&answer)?)?;
    output.flush()
}

fn limit(order: &Order) -> std::io::Result<()> {
    let at_most = |amount: u64| Rlimit {
        current: Some(amount),
        maximum: Some(amount),
    };
    // What the program has mapped already counts too.
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let pages = pages.split(' ').next().and_then(|pages| pages.parse().ok());
    let mapped = pages.unwrap_or(0_u64) * rustix::param::page_size() as u64;
    setrlimit(Resource::As, at_most(mapped + order.memory))?;
    setrlimit(Resource::Cpu, at_most(order.seconds))?;
    setrlimit(Resource::Fsize, at_most(0))?;
    setrlimit(Resource::Core, at_most(0))?;
    // No further file and no socket: those that it has stay.
    setrlimit(Resource::Nofile, at_most(0))?;
    Ok(())
}

/// A parser that panics has not understood the file, and its message may say why.
fn guarded(task: &Task, bytes: &[u8]) -> Result<Parsed, String> {
    static MESSAGE: Mutex<String> = Mutex::new(String::new());
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload_as_str().unwrap_or_default();
        if let Ok(mut message) = MESSAGE.lock() {
            *message = payload.chars().take(200).collect();
        }
    }));
    std::panic::catch_unwind(|| parse(task, bytes)).unwrap_or_else(|_| {
        let message = MESSAGE
            .lock()
            .map_or_else(|_| String::new(), |text| text.clone());
        Err(format!(
            "it broke its parser: {}",
            call::input::clean_line(&message)
        ))
    })
}
