//! The record on a disk that is full or fails: F8.

use std::{io::Write as _, process::Command, time::Instant};

use super::{PATIENCE, pause};
use crate::support::{self, cluster::Cluster};

/// A disk of 4 MiB with no room on it; `None` where this user may not mount one.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn full(at: &std::path::Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=4m,mode=0700", "teller-test"])
            .arg(at)
            .output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            return None;
        }
        let mut filler = std::fs::File::create(at.join("filler")).unwrap();
        while filler.write_all(&[1; 4096]).is_ok() {}
        Some(Self(at.to_owned()))
    }

    fn clear(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(&self.0).status());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f8_a_full_disk_makes_each_turn_wait_for_its_commit_and_loses_none() {
    let cluster = Cluster::open().await;
    let harness = cluster.harness("f8");
    let disk = SmallDisk::full(&harness.spool);
    let mut command = harness.rehearse(&[]);
    if disk.is_none() {
        // Where no disk can be mounted, every fdatasync fails instead.
        command.env("TELLER_FAIL", "io:fdatasync:1:1000000000");
    }
    let writer = support::rehearsal::Process(command.spawn().unwrap());
    harness.until_acknowledged(300, PATIENCE);
    let said = "acknowledged when it is committed";
    assert!(
        harness.log().contains(said),
        "the log says so:\n{}",
        harness.log()
    );
    assert!(harness.files(".seg").is_empty(), "no segment fits");
    if let Some(disk) = &disk {
        disk.clear();
        harness.until(PATIENCE, "room on the disk is used again", || {
            !harness.files(".seg").is_empty()
        });
    }
    assert!(writer.end(), "{}", harness.log());
    cluster.judge(&[&harness]).await.assert_exact(300);
}

#[tokio::test(flavor = "multi_thread")]
async fn f8_a_failed_fdatasync_ends_its_segment_and_loses_nothing() {
    let cluster = Cluster::open().await;
    let harness = cluster.harness("f8c");
    cluster.server.crash();
    let mut command = harness.rehearse(&[]);
    command.env("TELLER_FAIL", "io:fdatasync:30:1");
    let writer = support::rehearsal::Process(command.spawn().unwrap());
    harness.until_acknowledged(400, PATIENCE);
    harness.until(PATIENCE, "another segment is begun", || {
        harness.files(".seg").len() > 1
    });
    writer.kill();
    cluster.server.restart();
    harness.bring_home();
    cluster.judge(&[&harness]).await.assert_exact(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn f8_when_disk_and_database_both_refuse_nothing_is_acknowledged_and_the_call_is_unsafe() {
    let cluster = Cluster::open().await;
    let mut harness = cluster.harness("f8b");
    harness.spool_mb = "1".into();
    cluster.server.crash();
    let writer = harness.start(&["--pause-us", "200"]);
    let deadline = Instant::now() + PATIENCE;
    harness.until_logged("takes no records", PATIENCE);
    // What was on the disk before may still be on its way to whoever said it.
    let mut acknowledged = harness.acknowledged().len();
    loop {
        pause(500);
        let now = harness.acknowledged().len();
        if now == acknowledged {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "what neither disk nor database took is acknowledged: {acknowledged} turns, then {now}"
        );
        acknowledged = now;
    }
    cluster.server.restart();
    harness.until_acknowledged(acknowledged + 500, PATIENCE);
    assert!(writer.end(), "{}", harness.log());
    cluster
        .judge(&[&harness])
        .await
        .assert_exact(acknowledged + 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn f8_a_start_that_only_memory_had_is_written_again_before_the_first_turn_on_the_disk() {
    let cluster = Cluster::open().await;
    let harness = cluster.harness("f8d");
    cluster.server.crash();
    // The disk refuses the first group, which has a start in it, and both attempts at it.
    let mut command = harness.rehearse(&[]);
    command.env("TELLER_FAIL", "io:fdatasync:1:2");
    let writer = support::rehearsal::Process(command.spawn().unwrap());
    harness.until_acknowledged(100, PATIENCE);
    assert!(harness.log().contains("acknowledged when it is committed"));
    writer.kill();
    cluster.server.restart();
    harness.bring_home();
    let verdict = cluster.judge(&[&harness]).await;
    // Turns that were in memory alone were not acknowledged and are gone; the others are readable.
    assert!(verdict.acked >= 100, "{verdict:?}");
    assert!(verdict.lost.is_empty(), "{verdict:?}");
    assert!(
        verdict.changed.is_empty(),
        "words without a key: {verdict:?}"
    );
}
