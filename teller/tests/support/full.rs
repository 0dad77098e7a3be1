//! A spool without room, as it is when the database is away for long.

use std::{collections::HashSet, process::Stdio, time::Duration};

use super::Stack;

/// Rehearses calls into the stack's spool until it takes no more; what was acknowledged.
pub(crate) async fn fill(stack: &Stack) -> HashSet<(uuid::Uuid, i32)> {
    let acks = stack.folder.join("acks");
    let file = std::fs::File::create(&acks).unwrap();
    let mut writer = stack
        .program(env!("CARGO_BIN_EXE_rehearsal"))
        .args(["--patience", "1", "--pause-us", "500"])
        .stdout(file)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut before = 0;
    // Full when nothing more is acknowledged for a second.
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = std::fs::metadata(&acks).unwrap().len();
        if now > 0 && now == before {
            break;
        }
        before = now;
    }
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
