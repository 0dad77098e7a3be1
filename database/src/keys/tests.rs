use std::{os::unix::fs::PermissionsExt as _, path::PathBuf};

use uuid::Uuid;

use super::*;

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("teller-keys-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("keys.toml")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn profile() -> ProfileId {
    ProfileId(Uuid::new_v4())
}

/// Every key of a file, as it is written there.
fn secrets(text: &str) -> Vec<String> {
    let quoted = text.lines().filter_map(|line| line.split('"').nth(1));
    quoted
        .filter(|value| value.len() == 44)
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_is_sealed_opens_again_in_its_place_only() {
    let keys = Keyring::ephemeral().unwrap();
    let (session, other) = (SessionId::new(), SessionId::new());
    let key = keys.new_session_key().unwrap();
    let sealed = key.seal_message(session, 3, "I lost my card").unwrap();
    assert_eq!(
        key.open_message(session, 3, &sealed).unwrap(),
        "I lost my card"
    );
    assert!(
        key.open_message(session, 4, &sealed).is_err(),
        "a row swapped with its neighbour must not open"
    );
    assert!(
        key.open_message(other, 3, &sealed).is_err(),
        "a row moved to another session must not open"
    );
    let stranger = keys.new_session_key().unwrap();
    assert!(
        stranger.open_message(session, 3, &sealed).is_err(),
        "another session's key must not open it"
    );
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    let keys = Keyring::ephemeral().unwrap();
    let (session, key) = (SessionId::new(), keys.new_session_key().unwrap());
    let sealed = key.seal_message(session, 0, "yes").unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(
            key.open_message(session, 0, &changed).is_err(),
            "bit {bit} was flipped and nobody noticed"
        );
    }
    for length in 0..sealed.len() {
        assert!(
            key.open_message(session, 0, &sealed[..length]).is_err(),
            "cut to {length} bytes and nobody noticed"
        );
    }
}

#[test]
fn the_same_words_are_never_sealed_to_the_same_bytes() {
    let keys = Keyring::ephemeral().unwrap();
    let (session, key) = (SessionId::new(), keys.new_session_key().unwrap());
    let once = key.seal_message(session, 0, "yes").unwrap();
    let again = key.seal_message(session, 0, "yes").unwrap();
    assert_ne!(once, again, "equal words would show as equal");
    assert_eq!(
        once.len(),
        3 + 28,
        "12 bytes of nonce and 16 of tag are added"
    );
}

#[test]
fn a_person_key_opens_for_its_profile_and_its_file_alone() {
    let keys = Keyring::ephemeral().unwrap();
    let (ann, ben) = (profile(), profile());
    let key = keys.new_person_key().unwrap();
    let wrapped = keys.wrap_person(&key, ann).unwrap();
    let sealed = key.seal_field("phone_ct", ann, "+263771234567").unwrap();

    let unwrapped = keys.unwrap_person(&wrapped, ann).unwrap();
    assert_eq!(
        unwrapped.open_field("phone_ct", ann, &sealed).unwrap(),
        "+263771234567"
    );
    assert!(
        unwrapped.open_field("name_ct", ann, &sealed).is_err(),
        "of another column"
    );
    assert!(
        unwrapped.open_field("phone_ct", ben, &sealed).is_err(),
        "of another row"
    );
    assert!(
        keys.unwrap_person(&wrapped, ben).is_err(),
        "put in another's row"
    );
    let stranger = Keyring::ephemeral().unwrap();
    assert!(
        stranger.unwrap_person(&wrapped, ann).is_err(),
        "another key file"
    );
}

#[test]
fn a_session_key_opens_under_its_person_and_from_its_spool_record_alone() {
    let keys = Keyring::ephemeral().unwrap();
    let (session, other) = (SessionId::new(), SessionId::new());
    let (person, stranger) = (
        keys.new_person_key().unwrap(),
        keys.new_person_key().unwrap(),
    );
    let key = keys.new_session_key().unwrap();
    let said = key.seal_message(session, 0, "hello").unwrap();

    let wrapped = person.wrap_session(&key, session).unwrap();
    let spooled = keys.wrap_session_for_spool(&key, session).unwrap();
    let unwrapped = [
        person.unwrap_session(&wrapped, session).unwrap(),
        keys.unwrap_session_from_spool(&spooled, session).unwrap(),
    ];
    for key in unwrapped {
        assert_eq!(key.open_message(session, 0, &said).unwrap(), "hello");
    }
    assert!(
        person.unwrap_session(&wrapped, other).is_err(),
        "of another session"
    );
    assert!(
        stranger.unwrap_session(&wrapped, session).is_err(),
        "of another person"
    );
    assert!(
        keys.unwrap_session_from_spool(&spooled, other).is_err(),
        "of another session"
    );
    assert!(
        keys.unwrap_session_from_spool(&[0, 0], session).is_err(),
        "cut off"
    );
}

#[test]
fn another_tenant_opens_nothing_and_finds_nobody() {
    let ours = Keyring::ephemeral().unwrap();
    let theirs = ours.for_tenant(TenantId(2));
    let (ann, session) = (profile(), SessionId::new());
    let person = ours
        .wrap_person(&ours.new_person_key().unwrap(), ann)
        .unwrap();
    assert!(
        theirs.unwrap_person(&person, ann).is_err(),
        "a person's key"
    );
    let spooled = ours
        .wrap_session_for_spool(&ours.new_session_key().unwrap(), session)
        .unwrap();
    assert!(
        theirs.unwrap_session_from_spool(&spooled, session).is_err(),
        "a session's key"
    );
    assert_ne!(
        ours.index(IndexKind::Phone, "+263771234567"),
        theirs.index(IndexKind::Phone, "+263771234567"),
        "two tenants must not be able to compare their customers"
    );
    assert_eq!(
        ours.fingerprint(),
        theirs.fingerprint(),
        "one file has one name"
    );
}

#[test]
fn an_index_is_of_one_kind_and_one_file_and_knows_no_case() {
    let keys = Keyring::ephemeral().unwrap();
    let index = keys.index(IndexKind::Email, "ann@example.com");
    assert_eq!(index, keys.index(IndexKind::Email, " Ann@Example.com "));
    assert_ne!(index, keys.index(IndexKind::Claim, "ann@example.com"));
    assert_ne!(index, keys.index(IndexKind::Email, "ann@example.org"));
    let stranger = Keyring::ephemeral().unwrap();
    assert_ne!(index, stranger.index(IndexKind::Email, "ann@example.com"));
}

#[test]
fn a_key_file_is_private_reads_back_and_is_never_overwritten() {
    let folder = Folder::new();
    let made = Keyring::create(&folder.file()).unwrap();
    let mode = std::fs::metadata(folder.file())
        .unwrap()
        .permissions()
        .mode()
        & 0o777;
    assert_eq!(mode, 0o600, "others may read the keys: mode {mode:o}");

    let ann = profile();
    let wrapped = made
        .wrap_person(&made.new_person_key().unwrap(), ann)
        .unwrap();
    let read = Keyring::open(&folder.file()).unwrap();
    assert!(read.unwrap_person(&wrapped, ann).is_ok());
    assert_eq!(read.fingerprint(), made.fingerprint());
    assert_eq!(read.public_key(), made.public_key());
    let sealed = made.spool_key().seal(b"segment", b"frame").unwrap();
    assert_eq!(
        read.spool_key().open(b"segment", &sealed).unwrap(),
        b"frame"
    );

    let before = std::fs::read(folder.file()).unwrap();
    assert!(matches!(
        Keyring::create(&folder.file()),
        Err(KeyError::Exists(_))
    ));
    assert_eq!(
        std::fs::read(folder.file()).unwrap(),
        before,
        "a refusal must change nothing"
    );
}

#[test]
fn a_missing_open_or_broken_file_is_refused_by_name_without_its_keys() {
    let folder = Folder::new();
    let path = folder.file();
    let missing = Keyring::open(&path).unwrap_err().to_string();
    assert!(
        missing.contains("keys.toml") && missing.contains("teller keys create"),
        "{missing}"
    );

    drop(Keyring::create(&path).unwrap());
    let text = std::fs::read_to_string(&path).unwrap();
    let secrets = secrets(&text);
    assert_eq!(
        secrets.len(),
        4,
        "index, spool, signing and one wrapping key"
    );
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let open = Keyring::open(&path).unwrap_err().to_string();
    assert!(open.contains("640") && open.contains("chmod 600"), "{open}");

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let breaks: [(&str, String); 7] = [
        ("a newer format", text.replace("format = 1", "format = 2")),
        (
            "a key cut short",
            text.replace(&secrets[0], &secrets[0][..20]),
        ),
        (
            "a key that is not base64",
            text.replace(&secrets[3], &secrets[3].replace('=', "!")),
        ),
        (
            "a key as a bare word",
            text.replace(&format!("\"{}\"", secrets[1]), &secrets[1]),
        ),
        (
            "a key under an unknown name",
            text.replace("index =", "indexx ="),
        ),
        (
            "a wrapping key numbered 0",
            text.replace("id = 1", "id = 0"),
        ),
        (
            "no wrapping key",
            text.split("\n[[").next().unwrap().to_owned(),
        ),
    ];
    for (what, broken) in breaks {
        std::fs::write(&path, broken).unwrap();
        let Err(error) = Keyring::open(&path) else {
            panic!("{what} was accepted")
        };
        let shown = format!("{error} {error:?}");
        assert!(
            matches!(error, KeyError::Malformed { .. }),
            "{what}: {shown}"
        );
        for secret in &secrets {
            assert!(
                !shown.contains(&secret[..16]),
                "{what}: the error shows a key"
            );
        }
    }
}

#[test]
fn printing_shows_no_key() {
    let folder = Folder::new();
    let keys = Keyring::create(&folder.file()).unwrap();
    let shown = format!(
        "{keys:?} {:?} {:?} {:?}",
        keys.new_person_key().unwrap(),
        keys.new_session_key().unwrap(),
        keys.spool_key(),
    );
    assert_eq!(
        shown,
        "Keyring { .. } PersonKey { .. } SessionKey { .. } SealingKey { .. }"
    );
}

#[test]
fn an_added_wrapping_key_wraps_from_then_on_and_the_old_ones_still_open() {
    let folder = Folder::new();
    let keys = Keyring::create(&folder.file()).unwrap();
    let running = Keyring::open(&folder.file()).unwrap();
    let (fingerprint, ann) = (keys.fingerprint(), profile());
    let old = keys
        .wrap_person(&keys.new_person_key().unwrap(), ann)
        .unwrap();

    assert_eq!(keys.add_wrapping_key().unwrap(), 2);
    let new = keys
        .wrap_person(&keys.new_person_key().unwrap(), ann)
        .unwrap();
    assert_eq!((old.key_id, new.key_id), (1, 2));
    assert!(
        keys.unwrap_person(&old, ann).is_ok(),
        "what was wrapped before must still open"
    );
    assert_eq!(keys.fingerprint(), fingerprint, "the file keeps its name");
    let mode = std::fs::metadata(folder.file())
        .unwrap()
        .permissions()
        .mode()
        & 0o777;
    assert_eq!(mode, 0o600);
    assert!(
        running.unwrap_person(&new, ann).is_ok(),
        "a process that runs meanwhile reads the file again"
    );
    assert_eq!(running.newest_wrapping_key(), 2);

    std::fs::write(folder.0.join("keys.toml.new"), "").unwrap();
    let error = keys.add_wrapping_key().unwrap_err();
    assert!(matches!(error, KeyError::Busy(_)), "two at once: {error}");
    assert_eq!(
        Keyring::open(&folder.file()).unwrap().newest_wrapping_key(),
        2
    );
}

#[test]
fn a_file_that_lacks_the_wrapping_key_is_told_so() {
    let keys = Keyring::ephemeral().unwrap();
    let ann = profile();
    let mut wrapped = keys
        .wrap_person(&keys.new_person_key().unwrap(), ann)
        .unwrap();
    wrapped.key_id = 7;
    let error = keys.unwrap_person(&wrapped, ann).unwrap_err();
    assert!(matches!(error, KeyError::UnknownKey(7)), "{error}");
    wrapped.key_id = 1;
    assert!(keys.unwrap_person(&wrapped, ann).is_ok());
}

#[test]
fn a_file_replaced_by_another_one_is_not_taken_over_while_running() {
    let folder = Folder::new();
    let keys = Keyring::create(&folder.file()).unwrap();
    std::fs::remove_file(folder.file()).unwrap();
    let other = Keyring::create(&folder.file()).unwrap();
    let error = keys.add_wrapping_key().unwrap_err();
    assert!(matches!(error, KeyError::Malformed { .. }), "{error}");
    assert_eq!(
        other.wrapping_keys(),
        Keyring::open(&folder.file()).unwrap().wrapping_keys()
    );
}

#[test]
fn what_was_signed_is_verified_with_the_public_key() {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
    let keys = Keyring::ephemeral().unwrap();
    let signature = keys.signing_key().sign(b"root");
    let public = UnparsedPublicKey::new(&ED25519, keys.public_key());
    assert!(public.verify(b"root", signature.as_ref()).is_ok());
    assert!(public.verify(b"r00t", signature.as_ref()).is_err());
}

/// A key file and what was made with it once: whatever library makes it today must agree, or nothing
/// that is stored could be read again.
#[test]
fn what_was_sealed_found_and_signed_once_stays_so() {
    let folder = Folder::new();
    let file = "format = 1
        index = \"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"
        spool = \"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\"
        signing = \"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=\"
        [[wrapping]]
        id = 1
        created = \"2026-01-01T00:00:00Z\"
        key = \"BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ=\"\n";
    std::fs::write(folder.file(), file).unwrap();
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(folder.file(), private).unwrap();
    let keys = Keyring::open(&folder.file()).unwrap();
    let session = SessionId(Uuid::from_u128(7));
    let once = |digits: &str| hex::decode(digits).unwrap();
    let spooled = once(
        "00000001facca108980ee1fb626b979726743f1459e41e47078607f60b5eef25dbcaf4501de9bd83ce9b88d8b781b3a9b462ca789a84b67a47ca2be3344aadca",
    );
    let key = keys.unwrap_session_from_spool(&spooled, session).unwrap();
    let words = once(
        "c7390867e511b13d0be378e3fd9d0cefa37626986df9f58ed6aebc6167d119dd0e8971382a1e7ab0f5b9",
    );
    let opened = key.open_message(session, 3, &words).unwrap();
    assert_eq!(opened, "I lost my card");
    let segment = once("5c93262f9d1206c3e5551632920541f0c24b0d6e014b1ee172236f846057e18b3530bd0b");
    let opened = keys.spool_key().open(b"place", &segment).unwrap();
    assert_eq!(opened, b"a record");
    let index = keys.index(IndexKind::Phone, "+263771234567");
    let found = once("b92eea6ca800775394c045f4c5d2b385a41c858fa38075a313e1057d8201921a");
    assert_eq!(index, found.as_slice());
    assert_eq!(keys.fingerprint(), "35b74e237ac7af88");
    let signed = once(
        "b856683b586b289d1d1eb97b4832946fc692527e7477f3e14e8fca382214803cc440b3104f78d69316b2f8026f4b1efd4dc9e0fdcef7231b9d890bdf93318a0c",
    );
    assert_eq!(keys.signing_key().sign(b"root").as_ref(), signed);
}
