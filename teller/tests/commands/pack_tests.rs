//! `teller knowledge test`: a pack's own tests, by the built program.

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use tokio::process::Command;

use crate::support::fixtures::root;

/// A copy of the library's pack with these tests and no others; removed when dropped.
pub(crate) struct Pack(pub(crate) PathBuf);

impl Pack {
    pub(crate) fn with(tests: &str) -> Self {
        let name = format!("teller-pack-tests-{}", uuid::Uuid::new_v4().simple());
        let folder = std::env::temp_dir().join(name);
        copy(&root().join("knowledge/tests/packs/library"), &folder);
        // Its own tests are not these.
        std::fs::remove_dir_all(folder.join("tests")).ok();
        std::fs::create_dir_all(folder.join("tests")).unwrap();
        std::fs::write(folder.join("tests/all.toml"), tests).unwrap();
        Self(folder)
    }

    async fn test(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_teller"))
            .args(["knowledge", "test"])
            .arg(&self.0)
            .args(arguments)
            .env_clear()
            .current_dir(root())
            .output()
            .await
            .unwrap()
    }
}

impl Drop for Pack {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

pub(crate) fn told(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// The second asks for what no library says; the third expects a wrong figure.
const TESTS: &str = r#"
[[dialogue]]
kind = "plain"
topic = "opening_hours"
turn = [{ said = "What are your opening hours?", route = "knowledge", document = ["library/opening-hours"], says = ["9 in the morning"] }]

[[dialogue]]
kind = "follow_up"
topic = "late_returns"
[[dialogue.turn]]
said = "What does it cost when a book is late?"
says = ["20 cents"]
[[dialogue.turn]]
said = "And a film?"
document = ["library/late-returns"]

[[dialogue]]
kind = "plain"
topic = "late_returns"
turn = [{ said = "What does a late book cost?", says = ["9 dollars|nine dollars"], never_says = ["20 cents"] }]
"#;

#[tokio::test]
async fn the_share_that_is_right_is_told_by_kind_and_topic_and_what_is_wrong_on_request() {
    let pack = Pack::with(TESTS);
    let output = pack.test(&["--misses"]).await;
    let (said, error) = told(&output);
    assert!(output.status.success(), "{error}");
    for part in [
        " 50.0%     1/2     plain",
        "100.0%     1/1     follow_up",
        " 50.0%     1/2     late_returns",
        " 66.7%     2/3     all",
        "caller  What does a late book cost?",
        "wrong   it does not say \"9 dollars|nine dollars\"",
        "wrong   it says \"20 cents\"",
    ] {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
    assert!(
        !said.contains("What are your opening hours?"),
        "what is right is not listed:\n{said}"
    );
}

#[tokio::test]
async fn fewer_than_wanted_is_a_no() {
    let pack = Pack::with(TESTS);
    let enough = pack.test(&["--at-least", "66"]).await;
    assert_eq!(enough.status.code(), Some(0), "{:?}", told(&enough));
    let few = pack.test(&["--at-least", "67"]).await;
    assert_eq!(few.status.code(), Some(1), "{:?}", told(&few));
    let only = pack
        .test(&["--at-least", "100", "--only", "follow_up"])
        .await;
    assert_eq!(only.status.code(), Some(0), "{:?}", told(&only));
}

#[tokio::test]
async fn the_difference_from_the_last_result_is_shown() {
    let pack = Pack::with(TESTS);
    let file = pack.0.join("last").display().to_string();
    let first = told(&pack.test(&["--since", &file]).await);
    assert!(
        !first.0.contains('('),
        "there is nothing to compare with: {first:?}"
    );
    let mended = TESTS
        .replace("9 dollars|nine dollars", "20 cents")
        .replace("never_says = [\"20 cents\"]", "");
    std::fs::write(pack.0.join("tests/all.toml"), mended).unwrap();
    let second = told(&pack.test(&["--since", &file]).await);
    assert!(second.0.contains("3/3     all  (+1)"), "{second:?}");
    std::fs::write(&file, "something else").unwrap();
    let third = pack.test(&["--since", &file]).await;
    assert_eq!(third.status.code(), Some(2), "{:?}", told(&third));
}

#[tokio::test]
async fn a_test_that_names_what_is_not_there_is_refused_by_file_key_and_accepted_form() {
    for (wrong, key, accepted) in [
        (("\"plain\"", "\"odd\""), "dialogue.kind", "one of plain,"),
        (
            ("\"opening_hours\"", "\"closing\""),
            "dialogue.topic",
            "topics.toml",
        ),
        (
            ("\"knowledge\"", "\"tax\""),
            "turn.route",
            "or the name of a look-up or a task",
        ),
        (
            ("library/opening-hours", "library/none"),
            "turn.document",
            "the source of a document",
        ),
        (("said =", "says_ ="), "tests/all.toml", "says_"),
    ] {
        let pack = Pack::with(&TESTS.replacen(wrong.0, wrong.1, 1));
        let output = pack.test(&[]).await;
        let (_, error) = told(&output);
        assert_eq!(output.status.code(), Some(2), "{error}");
        for part in ["tests/all.toml", key, accepted] {
            assert!(error.contains(part), "{part:?} is not in: {error}");
        }
    }
    let none = Pack::with("dialogue = []");
    let output = none.test(&[]).await;
    assert_eq!(output.status.code(), Some(2), "{:?}", told(&output));
}
