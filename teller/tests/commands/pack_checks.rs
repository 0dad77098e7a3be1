//! `teller knowledge check`: what may be wrong in a pack, by the built program.

use std::{fs, process::Output};

use tokio::process::Command;

use crate::{pack_tests::Pack, support::fixtures::root};

/// As many of another pack's callers say a word as make it more than chance.
const OF_OTHERS: usize = 5;

const TESTS: &str =
    "[[dialogue]]\nkind = \"plain\"\n  [[dialogue.turn]]\n  said = \"can I renew my book\"\n";

/// A pack whose callers say this.
fn other(said: &str) -> Pack {
    let turn = format!("  [[dialogue.turn]]\n  said = \"{said}\"\n");
    Pack::with(&format!(
        "[[dialogue]]\nkind = \"plain\"\n{}",
        turn.repeat(OF_OTHERS)
    ))
}

async fn check(pack: &Pack, beside: &Pack, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_teller"))
        .args(["knowledge", "check"])
        .arg(&pack.0)
        .arg("--beside")
        .arg(&beside.0)
        .args(arguments)
        .env_clear()
        .current_dir(root())
        .output()
        .await
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn a_remark_names_its_file_and_fails_only_where_it_is_asked_to() {
    let (pack, cinema) = (Pack::with(TESTS), other("two seats for the matinee"));
    for arguments in [&[][..], &["--strict"]] {
        let output = check(&pack, &cinema, arguments).await;
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(said(&output).starts_with("remarks: 0"), "{}", said(&output));
    }
    let file = pack.0.join("words.toml");
    let words = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        words.replacen("strong = [", "strong = [\"matinee\", ", 1),
    )
    .unwrap();
    let output = check(&pack, &cinema, &[]).await;
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.starts_with(&format!("{}: \"matinee\" (strong)", file.display())),
        "{text}"
    );
    assert!(
        text.contains("in 5 of"),
        "as often as the pack beside says it: {text}"
    );
    assert!(text.contains("remarks: 1 "), "{text}");
    let output = check(&pack, &cinema, &["--strict"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[tokio::test]
async fn a_pack_that_does_not_load_fails_the_check() {
    let pack = Pack::with(TESTS);
    let file = pack.0.join("topics.toml");
    fs::write(&file, "[[topic]]\nid = 7\n").unwrap();
    let beside = Pack::with(TESTS);
    let output = check(&pack, &beside, &[]).await;
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("topics.toml"), "{error}");
    let malformed = Pack::with("[[dialogue]]\nkind = \"nonsense\"\nturn = []\n");
    let output = check(&malformed, &beside, &[]).await;
    assert_eq!(output.status.code(), Some(2), "its tests are malformed");
}
