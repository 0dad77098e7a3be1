//! What a pack learns from labelled sentences, is kept in its folder and decides by.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails where it stands"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use knowledge::{KnowledgeBase, Pack, Seen};

/// Labels of a library's callers and of others, five of each; the texts of a label are much alike.
const LABELS: [(&str, &str); 10] = [
    ("overdue", "my book is late what is the fine"),
    ("renew", "can i renew the book that i borrowed"),
    ("reserve", "please reserve the novel for me"),
    ("card", "how do i get a library card"),
    ("hours", "when is the library open on saturday"),
    ("weather", "will it rain over the hills tomorrow"),
    ("food", "order me a pizza with extra cheese"),
    ("music", "play the next song a little louder"),
    ("travel", "which train goes to the seaside"),
    ("games", "how do i get past the last level"),
];

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A folder with the library's files, and with sets of sentences.
fn folder(name: &str) -> Folder {
    let to = std::env::temp_dir().join(format!("teller-training-{name}-{}", std::process::id()));
    copy(&library(), &to);
    let trade: Vec<&str> = LABELS[..5].iter().map(|(label, _)| *label).collect();
    let sets = format!(
        "[[set]]\nname = \"Own\"\nfile = \"own.csv\"\ntext = \"text\"\nlabel = \"label\"\ntrade = {trade:?}\n"
    );
    fs::write(to.join("training.toml"), sets).unwrap();
    let mut lines = "text,label\n".to_owned();
    for (label, text) in LABELS {
        for more in ["", "please", "um", "hello", "thanks"] {
            lines += &format!("{more} {text},{label}\n");
        }
    }
    fs::write(to.join("own.csv"), lines).unwrap();
    Folder(to)
}

fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/library")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let file = entry.unwrap().path();
        let to = to.join(file.file_name().unwrap());
        if file.is_dir() {
            copy(&file, &to);
        } else {
            fs::copy(&file, to).unwrap();
        }
    }
}

fn seen(base: &KnowledgeBase, folder: &Folder) -> Vec<Seen> {
    let examples = base.examples(&folder.0, &folder.0, 100).unwrap();
    assert_eq!(examples.len(), 5 * LABELS.len());
    let mut seen: Vec<Seen> = examples
        .into_iter()
        .map(|example| base.see(example))
        .collect();
    seen.extend(base.own_examples());
    seen
}

#[test]
fn what_was_learned_is_kept_with_the_pack_and_always_the_same() {
    let folder = folder("kept");
    let base = KnowledgeBase::load(&folder.0).unwrap();
    let seen = seen(&base, &folder);
    let trained = base.train(&seen);
    assert_eq!(trained, base.train(&seen), "learning is a matter of luck");
    let file = folder.0.join("learned.toml");
    fs::write(&file, toml::to_string(&trained).unwrap()).unwrap();
    let pack = Pack::load(&folder.0).unwrap();
    assert_ne!(
        KnowledgeBase::new(pack).fingerprint(),
        base.fingerprint(),
        "it decides otherwise, and nobody could tell"
    );
    fs::write(&file, "[words]\nnumbers = \"?\"\n").unwrap();
    let error = Pack::load(&folder.0).unwrap_err().to_string();
    assert!(error.contains("learned.toml"), "{error}");
}

#[test]
fn labels_that_were_left_out_are_told_apart() {
    let folder = folder("judged");
    let base = KnowledgeBase::load(&folder.0).unwrap();
    let quality = base.evaluate(&seen(&base, &folder));
    let rates = quality.by_words;
    assert_eq!(
        rates.all(),
        50,
        "each example is judged once, and the pack's own are not"
    );
    assert!(rates.f1() > 0.8, "{rates:?}");
    assert_eq!(quality.by_meaning.all(), 0, "there is no embedding model");
}

#[test]
fn a_set_that_names_what_the_pack_lacks_is_refused() {
    let folder = folder("refused");
    let base = KnowledgeBase::load(&folder.0).unwrap();
    let file = folder.0.join("training.toml");
    let sets = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        format!("{sets}documents.card = [\"library/none\"]\n"),
    )
    .unwrap();
    let error = base
        .examples(&folder.0, &folder.0, 1)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("library/none") && error.contains("documents"),
        "{error}"
    );
    fs::write(&file, sets.replace("own.csv", "other.csv")).unwrap();
    let error = base
        .examples(&folder.0, &folder.0, 1)
        .unwrap_err()
        .to_string();
    assert!(error.contains("other.csv"), "{error}");
}
