//! An import finds out what the documents' texts mean; a worker that begins reads it.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use database::{Database, DatabaseConfig, test_support::TestDatabase};
use embedding::Vector;
use knowledge::KnowledgeBase;
use teller::meaning::{Meaning, MeaningConfig};

use crate::support::program::teller_with;

const PACK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../knowledge/tests/packs/library"
);

/// The database as a worker sees it.
fn as_worker(test: &TestDatabase, url: String) -> Database {
    Database::new(DatabaseConfig::new(url, test.db.keys().clone())).unwrap()
}

/// How many texts it had to find out itself, and what it knows then.
fn found_out(meaning: &Meaning, stored: HashMap<String, Vector>) -> (usize, KnowledgeBase) {
    let new = AtomicUsize::new(0);
    let base = KnowledgeBase::load(Path::new(PACK)).unwrap();
    let base = meaning.add_to(base, stored, |texts, _| new.store(texts, Ordering::Relaxed));
    (new.into_inner(), base)
}

#[tokio::test]
async fn a_worker_finds_out_nothing_that_an_import_kept() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/minilm");
    if !model.join("model.safetensors").exists() {
        return;
    }
    let test = TestDatabase::new().await;
    let folder = std::env::temp_dir().join(format!("teller-meanings-{}", uuid::Uuid::new_v4()));
    let file = |name: &str| -> PathBuf { folder.join(name) };
    let settings = [
        ("EMBEDDING_MODEL", model.display().to_string()),
        ("EMBEDDING_CACHE", file("import").display().to_string()),
    ];
    let import = ["knowledge", "import", PACK, "--actor", "ann"];
    let imported = teller_with(&test, &import, &settings).await;
    let said = String::from_utf8_lossy(&imported.stderr);
    assert_eq!(imported.status.code(), Some(0), "{said}");

    let meaning = |kept: &str| {
        let config = MeaningConfig {
            model: Some(model.clone()),
            is_required: true,
            kept: file(kept),
        };
        Meaning::open(&config).unwrap().unwrap()
    };
    let elsewhere = meaning("worker");
    let base = KnowledgeBase::load(Path::new(PACK)).unwrap();
    let worker = as_worker(&test, test.url_as("app_writer"));
    let stored = elsewhere.stored(&base, &worker).await;
    let (new, of_database) = found_out(&elsewhere, stored);
    assert_eq!(new, 0, "texts that a worker had to find out itself");
    assert!(!file("worker").exists(), "it keeps what the database has");

    let (new, of_file) = found_out(&meaning("import"), HashMap::new());
    assert_eq!(new, 0, "texts that the import did not keep in its file");
    let texts = |base: &KnowledgeBase| base.meanings().unwrap().texts().clone();
    let (of_database, of_file) = (texts(&of_database), texts(&of_file));
    assert_eq!(of_database.len(), of_file.len());
    for (text, vector) in &of_file {
        let nearness = of_database[text].nearness(vector);
        assert!(nearness > 0.9999, "{text:?} is another's: {nearness}");
    }

    let away = as_worker(&test, "postgres://nobody@127.0.0.1:1/nothing".to_owned());
    let nothing = elsewhere.stored(&base, &away).await;
    assert!(nothing.is_empty(), "of a database that is away");
    std::fs::remove_dir_all(&folder).unwrap();
}
