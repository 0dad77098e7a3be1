//! What texts mean is kept with the documents, and found again by text and model alone.

use std::collections::{BTreeSet, HashMap};

use database::{DocumentRepository, MeaningRepository, test_support::TestDatabase};

use crate::{roles::as_role, support::rows};

/// Texts with numbers of their own.
fn meanings(texts: &[String]) -> Vec<(&str, Vec<u8>)> {
    let numbers = texts.iter().enumerate();
    let numbers = numbers.map(|(at, text)| (&**text, at.to_le_bytes().to_vec()));
    numbers.collect()
}

fn texts(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|at| format!("the text {at}")).collect()
}

async fn found(
    test: &TestDatabase,
    pack: &str,
    model: &str,
    of: &[String],
) -> HashMap<String, Vec<u8>> {
    let of: BTreeSet<String> = of.iter().cloned().collect();
    let kept = MeaningRepository::new(&test.db).of(pack, model, &of).await;
    kept.unwrap()
}

#[tokio::test]
async fn what_an_import_kept_is_found_by_text_and_model() {
    let test = TestDatabase::new().await;
    let kept = MeaningRepository::new(&test.db);
    // More than one statement carries.
    let all = texts(0..2_345);
    kept.keep("bank", "a", &meanings(&all)).await.unwrap();
    let revision = DocumentRepository::new(&test.db).revision("bank").await;
    assert_eq!(revision.unwrap(), 0, "no document was imported");
    let again = found(&test, "bank", "a", &all).await;
    assert_eq!(again.len(), all.len());
    for (text, numbers) in meanings(&all) {
        assert_eq!(again.get(text), Some(&numbers), "{text}");
    }
    let asked = [all[7].clone(), "the text that nobody kept".to_owned()];
    let some = found(&test, "bank", "a", &asked).await;
    assert_eq!(some.keys().collect::<Vec<_>>(), [&all[7]]);
    for (pack, model) in [("bank", "b"), ("shop", "a")] {
        let other = found(&test, pack, model, &all).await;
        assert!(other.is_empty(), "{pack} has meanings by {model}");
    }
}

#[tokio::test]
async fn a_pack_has_what_the_last_import_kept() {
    let test = TestDatabase::new().await;
    let kept = MeaningRepository::new(&test.db);
    let all = texts(0..5);
    let keep = async |pack: &str, model: &str, texts: &[String]| {
        kept.keep(pack, model, &meanings(texts)).await.unwrap();
    };
    keep("shop", "a", &all).await;
    keep("bank", "a", &all[..4]).await;
    keep("bank", "a", &all[2..]).await;
    let mut left: Vec<String> = found(&test, "bank", "a", &all).await.into_keys().collect();
    left.sort();
    assert_eq!(left, all[2..], "what vanished from the pack");
    keep("bank", "a", &all[2..]).await;
    keep("bank", "b", &all[..1]).await;
    let of_a = found(&test, "bank", "a", &all).await;
    assert!(of_a.is_empty(), "another model's stay: {of_a:?}");
    assert_eq!(found(&test, "bank", "b", &all).await.len(), 1);
    assert_eq!(
        found(&test, "shop", "a", &all).await.len(),
        5,
        "packs are apart"
    );
    keep("bank", "b", &[]).await;
    let count = rows(&test, "SELECT count(*) AS n FROM text_meanings").await;
    assert_eq!(count[0]["n"], 5, "a pack without texts");
}

#[tokio::test]
async fn administrators_keep_meanings_and_workers_read_them() {
    let test = TestDatabase::new().await;
    let all = texts(0..3);
    let admin = MeaningRepository::new(&as_role(&test, "identity_admin"));
    admin.keep("bank", "a", &meanings(&all)).await.unwrap();
    admin.keep("bank", "a", &meanings(&all[1..])).await.unwrap();
    let worker = MeaningRepository::new(&as_role(&test, "app_writer"));
    let read = worker.of("bank", "a", &all.iter().cloned().collect()).await;
    assert_eq!(read.unwrap().len(), 2);
    let written = worker.keep("bank", "a", &meanings(&all)).await;
    assert!(written.is_err(), "a worker changed what an import kept");
}

#[tokio::test]
async fn two_imports_at_once_keep_what_either_found_out() {
    let test = TestDatabase::new().await;
    let kept = MeaningRepository::new(&test.db);
    let all = texts(0..1_500);
    let meanings = meanings(&all);
    let (one, two) = tokio::join!(
        kept.keep("bank", "a", &meanings),
        kept.keep("bank", "a", &meanings)
    );
    one.unwrap();
    two.unwrap();
    assert_eq!(found(&test, "bank", "a", &all).await.len(), all.len());
}
