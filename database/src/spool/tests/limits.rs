//! Who may write, and how much.

use super::*;

#[test]
fn a_second_worker_is_refused_and_told_who_holds_the_folder() {
    let folder = Folder::new();
    let opened = folder.open();
    let refused = Spool::open(SpoolConfig {
        holder: "worker-b".into(),
        ..folder.config(1 << 24)
    });
    let text = refused.expect_err("two workers in one folder").to_string();
    assert!(
        text.contains("worker-a") && text.contains("SPOOL_DIR"),
        "{text}"
    );
    drop(opened);
    drop(Spool::open(folder.config(1 << 24)).expect("free again when the first has gone"));
}

#[test]
fn another_key_is_refused_and_nothing_is_deleted() {
    let folder = Folder::new();
    let mut opened = folder.open();
    opened.appender.append(&records(3)).unwrap();
    drop(opened);
    let config = SpoolConfig {
        key: other_key(),
        ..folder.config(1 << 24)
    };
    let refused = Spool::open(config).expect_err("records would be skipped");
    assert!(matches!(refused, SpoolError::OtherKey { .. }), "{refused}");
    assert_eq!(drain(&mut folder.open().reader, 9), records(3));
}

#[test]
fn a_full_spool_says_so_step_by_step_and_takes_records_again_when_it_was_emptied() {
    let folder = Folder::new();
    let mut opened = Spool::open(folder.config(256 << 10)).unwrap();
    let mut seen = vec![opened.spool.status().fullness];
    let mut appended = 0;
    let refused = loop {
        match opened.appender.append(&[record(1, appended)]) {
            Ok(_) => appended += 1,
            Err(refused) => break refused,
        }
        let fullness = opened.spool.status().fullness;
        if seen.last() != Some(&fullness) {
            seen.push(fullness);
        }
        assert!(appended < 10_000, "the budget holds for nobody");
    };
    assert!(matches!(refused.error, SpoolError::Full), "{refused}");
    assert_eq!(refused.durable, 0);
    seen.push(opened.spool.status().fullness);
    use Fullness::{Alarm, Full, NoNewCalls, Normal};
    assert_eq!(seen, [Normal, Alarm, NoNewCalls, Full]);
    let on_disk: u64 = folder
        .files(".seg")
        .iter()
        .map(|path| path.metadata().unwrap().len())
        .sum();
    assert!(
        on_disk <= 256 << 10,
        "{on_disk} bytes are more than the budget"
    );
    let read = drain(&mut opened.reader, 100);
    assert_eq!(
        read.len(),
        usize::try_from(appended).unwrap(),
        "what was taken is there"
    );
    opened.appender.idle();
    assert_eq!(opened.spool.status().fullness, Normal, "emptied");
    opened.appender.append(&records(2)).unwrap();
}

#[test]
fn a_group_that_does_not_fit_says_how_much_of_it_is_durable() {
    let folder = Folder::new();
    let mut opened = Spool::open(folder.config(64 << 10)).unwrap();
    let all = records(2_000);
    let refused = opened.appender.append(&all).expect_err("too much");
    assert!(refused.durable > 100, "{}", refused.durable);
    assert_eq!(drain(&mut opened.reader, 100), all[..refused.durable]);
}

#[test]
fn a_long_record_gets_a_segment_of_its_size_and_one_that_is_too_long_stops_no_other() {
    let folder = Folder::new();
    let mut opened = Spool::open(folder.config(64 << 20)).unwrap();
    let mut long = record(1, 0);
    long.payload = vec![b'x'; 3 << 20];
    opened
        .appender
        .append(&[long.clone(), record(1, 1)])
        .unwrap();
    let mut endless = record(1, 2);
    endless.payload = vec![b'x'; MAX_PAYLOAD + 1];
    let refused = opened.appender.append(&[endless]).expect_err("too long");
    assert!(matches!(refused.error, SpoolError::TooLong(_)));
    assert_eq!(opened.spool.status().fullness, Fullness::Normal);
    opened.appender.append(&[record(1, 3)]).unwrap();
    let expected = [long, record(1, 1), record(1, 3)];
    assert_eq!(drain(&mut opened.reader, 9), expected);
}
