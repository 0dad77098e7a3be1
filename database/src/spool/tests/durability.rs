//! What was appended comes back, once it is done it is gone.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

#[test]
fn what_was_appended_is_read_in_order_and_its_segment_goes_when_it_is_done() {
    let folder = Folder::new();
    let mut opened = folder.open();
    opened.appender.append(&records(7)).unwrap();
    opened.appender.append(&records(3)).unwrap();
    let first = opened.reader.next(4).unwrap();
    let again = opened.reader.next(4).unwrap();
    assert_eq!(first.records, again.records, "what is not done comes again");
    assert_eq!(first.records, records(7)[..4]);
    assert_eq!(opened.spool.status().waiting, 10);
    let expected: Vec<Record> = [records(7), records(3)].concat();
    assert_eq!(drain(&mut opened.reader, 4), expected);
    assert_eq!(opened.spool.status().waiting, 0);
    opened.appender.idle();
    assert!(
        folder.files(".seg").is_empty(),
        "a spool that is done is empty"
    );
    drop(opened);
    assert!(
        folder.files("").is_empty(),
        "nothing stays: {:?}",
        folder.files("")
    );
}

#[test]
fn what_was_not_done_survives_the_process_and_later_records_follow_it() {
    let folder = Folder::new();
    let mut opened = folder.open();
    opened.appender.append(&records(5)).unwrap();
    let batch = opened.reader.next(2).unwrap();
    opened.reader.done(&batch);
    drop(opened);
    let mut opened = folder.open();
    assert_eq!(
        opened.replay.records, 5,
        "without a mark on the disk a replay delivers a segment as a whole"
    );
    assert!(
        opened.replay.damage.is_empty(),
        "{:?}",
        opened.replay.damage
    );
    opened.appender.append(&[record(9, 0)]).unwrap();
    let mut expected = records(5);
    expected.push(record(9, 0));
    assert_eq!(drain(&mut opened.reader, 50), expected);
}

#[test]
fn more_than_a_segment_holds_is_spread_over_several_and_they_go_one_by_one() {
    let folder = Folder::new();
    let mut opened = Spool::open(folder.config(1 << 20)).unwrap();
    let all = records(2_000);
    for group in all.chunks(37) {
        opened.appender.append(group).unwrap();
    }
    let segments = folder.files(".seg").len();
    assert!(segments > 3, "{segments} segments for 2,000 records");
    let mut read = Vec::new();
    while read.len() < 1_000 {
        let batch = opened.reader.next(50).unwrap();
        opened.reader.done(&batch);
        read.extend(batch.records);
    }
    let left = folder.files(".seg").len();
    assert!(
        left < segments && left > 1,
        "{left} of {segments} are left half way"
    );
    read.extend(drain(&mut opened.reader, 50));
    assert_eq!(read, all);
    assert_eq!(folder.files(".seg").len(), 1, "only the one in use is left");
}

#[test]
fn files_are_for_this_user_alone_and_show_no_words() {
    let folder = Folder::new();
    let mut opened = folder.open();
    opened.appender.append(&records(3)).unwrap();
    let batch = opened.reader.next(3).unwrap();
    opened
        .reader
        .park(&batch.records[1], &batch, "too long")
        .unwrap();
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.0), 0o700, "the folder");
    let files = [folder.files(".seg"), folder.files(".letter")].concat();
    assert_eq!(files.len(), 2, "a segment and a letter");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
        let bytes = std::fs::read(&file).unwrap();
        for words in [&b"savings"[..], b"too long"] {
            let shows = bytes.windows(words.len()).any(|part| part == words);
            assert!(!shows, "{} shows what was said", file.display());
        }
    }
}

#[test]
fn a_clock_that_goes_back_changes_neither_order_nor_time_of_a_record() {
    let folder = Folder::new();
    let mut opened = folder.open();
    let mut early = record(1, 1);
    early.at_micros = -5;
    let all = vec![record(1, 0), early, record(1, 2)];
    opened.appender.append(&all).unwrap();
    drop(opened);
    assert_eq!(drain(&mut folder.open().reader, 10), all);
}

#[test]
fn a_parked_record_is_found_again_and_only_that_one() {
    let folder = Folder::new();
    let mut opened = folder.open();
    opened.appender.append(&records(3)).unwrap();
    let batch = opened.reader.next(3).unwrap();
    let id = opened
        .reader
        .park(&batch.records[1], &batch, "a check of the table")
        .unwrap();
    opened.reader.done(&batch);
    drop(opened);
    assert_eq!(letters::ids(&folder.0).unwrap(), std::slice::from_ref(&id));
    let letter = letters::read(&folder.0, &key(), &id).unwrap().unwrap();
    assert_eq!(letter.record, records(3)[1]);
    assert_eq!(letter.reason, "a check of the table");
    assert!(
        letters::read(&folder.0, &other_key(), &id).is_err(),
        "another key opens it"
    );
    assert_eq!(
        letters::read(&folder.0, &key(), "../../etc/passwd").unwrap(),
        None
    );
    letters::remove(&folder.0, &id).unwrap();
    assert!(letters::ids(&folder.0).unwrap().is_empty());
}

#[tokio::test]
async fn the_reader_wakes_when_something_was_appended() {
    let folder = Folder::new();
    let mut opened = folder.open();
    let writer = std::thread::spawn(move || {
        opened.appender.append(&records(1)).unwrap();
        opened.appender
    });
    let wake = tokio::time::timeout(std::time::Duration::from_secs(20), opened.reader.appended());
    wake.await.expect("an append wakes the reader");
    assert_eq!(opened.reader.next(5).unwrap().records, records(1));
    drop(writer.join().unwrap());
}
