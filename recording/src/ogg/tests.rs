use super::*;
use crate::test_support::{decode, pages};

#[test]
fn the_checksum_is_oggs_own() {
    // Of the catalogue of CRC algorithms: CRC-32/MPEG-2's polynomial from zero, over "123456789".
    assert_eq!(crc(b"123456789"), 0x89a1_897f);
}

#[test]
fn pages_are_numbered_and_timed_by_their_second() {
    let packets = vec![vec![7; 60]; PACKETS];
    let mut file = header(5);
    file.extend(second(5, 0, &packets, false));
    file.extend(second(5, 1, &packets[..10], true));
    let pages = pages(&file);
    let sequence: Vec<u32> = pages.iter().map(|page| page.sequence).collect();
    assert_eq!(sequence, [0, 1, 2, 3]);
    let flags: Vec<u8> = pages.iter().map(|page| page.flags).collect();
    assert_eq!(flags, [FIRST, 0, 0, LAST]);
    let ends: Vec<u64> = pages.iter().map(|page| page.granule).collect();
    assert_eq!(ends, [0, 0, 48_000, 57_600]);
    assert!(pages.iter().all(|page| page.serial == 5));
    assert_eq!((pages[2].packets.len(), pages[3].packets.len()), (50, 10));
}

#[test]
fn a_packet_of_255_bytes_and_more_comes_back_whole() {
    for length in [1, 254, 255, 256, 510, 1_019] {
        let packets = vec![vec![9; length]; PACKETS];
        let read = pages(&second(1, 0, &packets, false)).remove(0);
        assert_eq!(read.packets, packets, "of {length} bytes");
    }
}

#[test]
fn a_lost_segment_is_ten_seconds_of_silence_in_its_place() {
    let lost = silence(5, 3);
    let made = pages(&lost);
    assert_eq!(made.len(), 10);
    assert_eq!((made[0].sequence, made[9].granule), (32, 40 * 48_000));
    assert_eq!(
        lost.len(),
        silence(5, 0).len(),
        "its length is known beforehand"
    );
    let [left, right] = decode(&[header(5), lost].concat());
    assert!(left.len() > 159_000);
    assert!(left.iter().chain(&right).all(|sample| *sample == 0));
}
