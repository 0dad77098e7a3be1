use super::*;

fn kept(folder: &Path, voice: &str, most_bytes: u64) -> Arc<Kept> {
    let config = KeptConfig {
        folder: folder.to_owned(),
        most_bytes,
    };
    Arc::new(Kept::open(&config, voice).expect("a folder"))
}

fn speech(first: i16) -> Speech {
    Speech {
        samples: (0..500).map(|n| first + n).collect(),
        fallback: false,
    }
}

/// A file of [`speech`].
const SIZE: u64 = 1012;

fn nothing() -> HashSet<String> {
    HashSet::new()
}

#[tokio::test]
async fn what_is_kept_is_there_after_a_restart_and_for_this_voice_alone() {
    let folder = tempfile::tempdir().unwrap();
    let first = kept(folder.path(), "piper joe", 1 << 20);
    assert!(first.put("Good morning.", &speech(1), &nothing()).unwrap());
    let again = kept(folder.path(), "piper joe", 1 << 20);
    assert_eq!(
        *again.get("Good morning.").await.expect("it was kept"),
        speech(1)
    );
    assert_eq!(again.get("Good evening.").await, None);
    let other = kept(folder.path(), "piper amy", 1 << 20);
    assert_eq!(
        other.get("Good morning.").await,
        None,
        "another voice's sound was taken"
    );
}

#[tokio::test]
async fn a_damaged_file_is_not_played_and_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let kept = kept(folder.path(), "v", 1 << 20);
    type Damage = fn(Vec<u8>) -> Vec<u8>;
    let damages: [Damage; 5] = [
        |bytes| bytes[..bytes.len() / 2].to_vec(),
        |bytes| bytes[..bytes.len() - 1].to_vec(),
        |_| Vec::new(),
        |mut bytes| {
            bytes[100] ^= 1;
            bytes
        },
        |mut bytes| {
            bytes[0] = b'X';
            bytes
        },
    ];
    for damage in damages {
        assert!(kept.put("One.", &speech(1), &nothing()).unwrap());
        let path = kept.path(&name_of("One."));
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, damage(bytes)).unwrap();
        assert_eq!(kept.get("One.").await, None);
        assert!(!kept.has("One."), "it would not be voiced again");
    }
    fs::remove_file(kept.path(&name_of("One."))).unwrap();
    assert_eq!(kept.get("One.").await, None);
}

#[test]
fn when_it_is_full_what_nobody_asks_for_makes_room_and_then_nothing_does() {
    let folder = tempfile::tempdir().unwrap();
    let old = kept(folder.path(), "old voice", 3 * SIZE);
    for text in ["a", "b"] {
        assert!(old.put(text, &speech(0), &nothing()).unwrap());
    }
    let new = kept(folder.path(), "new voice", 3 * SIZE);
    let asked: HashSet<String> = ["1", "2", "3", "4"].map(name_of).into();
    for text in ["1", "2", "3"] {
        assert!(
            new.put(text, &speech(0), &asked).unwrap(),
            "{text} found no room"
        );
    }
    assert!(
        !new.put("4", &speech(0), &asked).unwrap(),
        "the bound was passed"
    );
    assert!(new.has("1") && new.has("3") && !new.has("4"));
    let bytes: u64 = files(folder.path())
        .unwrap()
        .iter()
        .map(|file| file.bytes)
        .sum();
    assert_eq!(bytes, 3 * SIZE);
    // The pack says it no longer.
    let fewer: HashSet<String> = ["2", "3", "4"].map(name_of).into();
    assert!(new.put("4", &speech(0), &fewer).unwrap());
    assert!(!new.has("1") && new.has("4"));
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = KeptConfig {
        folder: file.path().to_owned(),
        most_bytes: 1,
    };
    let error = Kept::open(&config, "v").expect_err("it is a file");
    assert!(matches!(error, OpenError::Folder { .. }), "{error}");
}
