//! A spool without room, as it is when the database is away for long.

use std::{collections::HashSet, fs::File, time::Duration};

use super::Stack;

/// What a writer logs when its spool is full and the database is away.
const FULL: &str = "the spool takes no records";

/// Rehearses calls into the stack's spool until it takes no more; what was acknowledged.
pub(crate) async fn fill(stack: &Stack) -> HashSet<(uuid::Uuid, i32)> {
    let [acks, log] = ["acks", "acks.log"].map(|name| stack.folder.join(name));
    let mut writer = stack
        .program(env!("CARGO_BIN_EXE_rehearsal"))
        .args(["--patience", "1", "--pause-us", "500"])
        .stdout(File::create(&acks).unwrap())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let logged = || std::fs::read_to_string(&log).unwrap();
    let full = stack.eventually(Duration::from_secs(60), async || logged().contains(FULL));
    assert!(full.await, "the spool is never full:\n{}", logged());
    writer.kill().await.unwrap();
    let acks = std::fs::read_to_string(&acks).unwrap();
    let acknowledged: HashSet<_> = acks
        .lines()
        .filter_map(|line| match line.split(' ').collect::<Vec<_>>()[..] {
            ["ack", session, seq, _] => Some((session.parse().ok()?, seq.parse().ok()?)),
            _ => None,
        })
        .filter(|(_, seq)| *seq >= 0)
        .collect();
    assert!(acknowledged.len() > 500, "a megabyte holds more than this");
    acknowledged
}
