//! Truncated and flipped bytes: what is whole is read, what is not is named.

use proptest::prelude::*;

use super::{super::header::HEADER, *};

const COUNT: i32 = 5;

/// A segment with [`COUNT`] records as its writer left it, and where they end.
fn segment() -> (Vec<u8>, usize) {
    let folder = Folder::new();
    let mut opened = folder.open();
    let end = opened.appender.append(&records(COUNT)).unwrap();
    let bytes = std::fs::read(&folder.files(".seg")[0]).unwrap();
    (bytes, usize::try_from(end.offset).unwrap())
}

/// A spool whose only segment has these bytes.
fn spool_with(bytes: &[u8]) -> (Folder, Result<Opened, SpoolError>) {
    let folder = Folder::new();
    segment::create_folder(&folder.0).unwrap();
    std::fs::write(segment::path(&folder.0, 1), bytes).unwrap();
    let opened = Spool::open(folder.config(1 << 24));
    (folder, opened)
}

/// Ends of the frames in the file.
fn ends(bytes: &[u8]) -> Vec<usize> {
    let mut at = HEADER;
    let frame = |_| {
        at += frame::Head::parse(&bytes[at..]).unwrap().frame_length();
        at
    };
    (0..COUNT).map(frame).collect()
}

fn named(lost: Lost) -> Vec<RecordId> {
    match lost {
        Lost::TornTail { record } => record.into_iter().collect(),
        Lost::Record(record) => vec![record],
        Lost::Records { .. } | Lost::Segment => vec![],
    }
}

#[test]
fn a_segment_cut_anywhere_yields_exactly_the_records_before_the_cut() {
    let (bytes, end) = segment();
    let ends = ends(&bytes);
    for cut in (0..end).step_by(41).chain(ends.iter().copied()) {
        for zeros in [0, bytes.len() - cut] {
            let mut cut_bytes = bytes[..cut].to_vec();
            cut_bytes.resize(cut + zeros, 0);
            let (folder, opened) = spool_with(&cut_bytes);
            let mut opened = opened.unwrap();
            // What is sealed ends in a zero now and then, and then a zero in its place is no loss.
            let is_whole = |end: &&usize| {
                **end <= cut || (zeros > 0 && bytes[cut..**end].iter().all(|byte| *byte == 0))
            };
            let whole = ends.iter().filter(is_whole).count();
            let reached = ends[..whole].last().copied().unwrap_or(HEADER).max(cut);
            let at = format!("cut at {cut} and {zeros} zeros");
            assert_eq!(opened.replay.records, whole as u64, "{at}");
            assert_eq!(
                drain(&mut opened.reader, 2),
                records(COUNT)[..whole],
                "{at}"
            );
            let torn = reached > HEADER && !ends.contains(&reached);
            assert_eq!(
                opened.replay.torn_tails(),
                usize::from(torn),
                "{at}: {:?}",
                opened.replay
            );
            assert_eq!(
                folder.files(".damaged").len(),
                usize::from(torn),
                "{at}: set aside"
            );
            assert!(folder.files(".seg").is_empty(), "{at}: done and gone");
        }
    }
}

#[test]
fn one_flipped_bit_costs_at_most_its_record_and_that_one_is_named() {
    let (bytes, end) = segment();
    let ends = ends(&bytes);
    for at in (0..end).step_by(31) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        let (_folder, opened) = spool_with(&flipped);
        let mut opened = opened.unwrap_or_else(|error| panic!("byte {at}: {error}"));
        let read = drain(&mut opened.reader, 50);
        let Some(hit) = (at >= HEADER)
            .then(|| ends.iter().position(|end| at < *end))
            .flatten()
        else {
            assert_eq!(
                read,
                records(COUNT),
                "byte {at} of the header: its copy is whole"
            );
            continue;
        };
        let mut expected = records(COUNT);
        let lost = expected.remove(hit);
        assert_eq!(read, expected, "byte {at}: the others are read");
        let [damage] = &opened.replay.damage[..] else {
            panic!("byte {at}: reported once: {:?}", opened.replay.damage)
        };
        // Of the last record alone the head is the only witness.
        let head_of_last = hit + 1 == ends.len() && at < ends[hit - 1] + frame::HEAD;
        if !head_of_last {
            assert_eq!(named(damage.lost), [lost.id], "byte {at}: {damage:?}");
        }
    }
}

#[test]
fn a_damaged_middle_is_set_aside_and_reported_with_session_and_number() {
    let (mut bytes, _) = segment();
    let ends = ends(&bytes);
    bytes[ends[1]..ends[1] + 90].fill(0xA5);
    let (folder, opened) = spool_with(&bytes);
    let mut opened = opened.unwrap();
    assert_eq!(
        opened.replay.damage[0].lost,
        Lost::Record(records(COUNT)[2].id)
    );
    assert_eq!(
        drain(&mut opened.reader, 50).len(),
        4,
        "later frames are not skipped"
    );
    let aside = std::fs::read(&folder.files(".damaged")[0]).unwrap();
    assert_eq!(
        aside,
        bytes[ends[1]..ends[2]],
        "the damaged bytes are kept as they are"
    );
    assert_eq!(opened.spool.status().damaged, 1);
}

#[test]
fn a_segment_without_a_readable_key_is_reported_and_kept() {
    let (mut bytes, _) = segment();
    bytes[..HEADER].fill(0x11);
    let (folder, opened) = spool_with(&bytes);
    let mut opened = opened.unwrap();
    assert_eq!(opened.replay.damage[0].lost, Lost::Segment);
    opened.appender.append(&[record(4, 4)]).unwrap();
    assert_eq!(drain(&mut opened.reader, 50), [record(4, 4)]);
    drop(opened);
    assert_eq!(
        folder.files(".seg").len(),
        1,
        "what cannot be read is not deleted"
    );
}

#[test]
fn a_record_moved_to_another_place_is_not_believed() {
    let (bytes, _) = segment();
    let ends = ends(&bytes);
    // Two frames of the same length change places: both checksums are right.
    let mut swapped = bytes.clone();
    let (first, second) = (HEADER..ends[0], ends[0]..ends[1]);
    assert_eq!(first.len(), second.len(), "frames of one length");
    swapped[first.clone()].copy_from_slice(&bytes[second.clone()]);
    swapped[second].copy_from_slice(&bytes[first]);
    let (_folder, opened) = spool_with(&swapped);
    let mut opened = opened.unwrap();
    let read = drain(&mut opened.reader, 50);
    assert!(!opened.replay.damage.is_empty(), "the exchange is seen");
    assert!(read.iter().all(|read| records(COUNT).contains(read)));
}

/// The frames of [`records`] without a file, and their cipher.
fn frames() -> (cipher::Cipher, Vec<u8>) {
    let cipher = cipher::Cipher::new(&[7; 32]);
    let (mut bytes, mut before) = (Vec::new(), record(0, -1).id);
    for (index, record) in (0..).zip(records(COUNT)) {
        frame::write(&mut bytes, &cipher, index, before, &record);
        before = record.id;
    }
    (cipher, bytes)
}

fn scan(cipher: &cipher::Cipher, bytes: &[u8]) -> (Vec<Record>, Vec<Damage>) {
    let mut scanner = scan::Scanner::new(cipher, 1, 0, 0, bytes);
    let (mut records, mut damage) = (Vec::new(), Vec::new());
    while let Some(found) = scanner.next() {
        match found {
            scan::Found::Record { record, .. } => records.push(record),
            scan::Found::Damage(place) => damage.push(place),
        }
    }
    (records, damage)
}

#[test]
fn frames_cut_at_every_byte_yield_the_whole_ones() {
    let (cipher, bytes) = frames();
    let one = bytes.len() / COUNT as usize;
    for cut in 0..=bytes.len() {
        let (read, damage) = scan(&cipher, &bytes[..cut]);
        assert_eq!(read, records(COUNT)[..cut / one], "cut at {cut}");
        assert_eq!(
            damage.len(),
            usize::from(cut % one != 0),
            "cut at {cut}: {damage:?}"
        );
    }
}

#[test]
fn every_bit_of_every_frame_matters_and_costs_one_record() {
    let (cipher, bytes) = frames();
    let one = bytes.len() / COUNT as usize;
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let (read, damage) = scan(&cipher, &flipped);
        let mut expected = records(COUNT);
        expected.remove(bit / 8 / one);
        assert_eq!(read, expected, "bit {bit}");
        assert_eq!(damage.len(), 1, "bit {bit}: {damage:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_the_bytes_only_true_records_come_out(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let (mut bytes, end) = segment();
        for (at, value) in flips {
            bytes[at.index(end)] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(end));
        }
        let (_folder, opened) = spool_with(&bytes);
        if let Ok(mut opened) = opened {
            let mut truth = records(COUNT).into_iter();
            for read in drain(&mut opened.reader, 3) {
                prop_assert!(truth.any(|true_record| true_record == read), "invented or out of order: {read:?}");
            }
        }
    }
}
