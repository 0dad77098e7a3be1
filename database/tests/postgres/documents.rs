use database::{DocumentChunk, DocumentRepository, ImportReport, test_support::TestDatabase};
use serde_json::json;

fn chunk(document: &str, n: i32, body: &str) -> DocumentChunk {
    DocumentChunk {
        document: document.to_owned(),
        chunk: n,
        title: "Cardless withdrawal".to_owned(),
        topic: Some("cardless_withdrawal".to_owned()),
        body: body.to_owned(),
        meta: json!({"lang": "en"}),
    }
}

fn report(added: usize, kept: usize, removed: usize) -> ImportReport {
    ImportReport {
        added,
        kept,
        removed,
    }
}

#[tokio::test]
async fn importing_a_pack_is_idempotent_and_drops_what_vanished() {
    let test = TestDatabase::new().await;
    let documents = DocumentRepository::new(&test.db);
    let (a, b, c) = (
        chunk("ussd", 0, "Dial *236#."),
        chunk("ussd", 1, "Then choose 2."),
        chunk("hours", 0, "Open at eight.\0"),
    );
    assert_eq!(documents.revision("bank").await.unwrap(), 0);
    assert_eq!(
        documents
            .import("bank", &[a.clone(), b.clone()])
            .await
            .unwrap(),
        report(2, 0, 0)
    );
    assert_eq!(
        documents
            .import("bank", &[b.clone(), a.clone()])
            .await
            .unwrap(),
        report(0, 2, 0)
    );
    assert_eq!(
        documents.revision("bank").await.unwrap(),
        1,
        "nothing changed"
    );
    assert_eq!(documents.all("bank").await.unwrap(), [a.clone(), b.clone()]);
    assert_eq!(
        documents
            .import("shop", std::slice::from_ref(&a))
            .await
            .unwrap(),
        report(1, 0, 0),
        "packs are apart"
    );
    assert_eq!(
        documents.import("bank", &[a.clone(), c]).await.unwrap(),
        report(1, 1, 1)
    );
    assert_eq!(
        (
            documents.revision("bank").await.unwrap(),
            documents.revision("shop").await.unwrap()
        ),
        (2, 1)
    );
    let names: Vec<String> = documents
        .all("bank")
        .await
        .unwrap()
        .into_iter()
        .map(|d| d.document)
        .collect();
    assert_eq!(names, ["hours", "ussd"]);
    let edited = DocumentChunk {
        body: "Dial *237#.".to_owned(),
        ..a
    };
    assert_eq!(
        documents.import("bank", &[edited]).await.unwrap(),
        report(1, 0, 2)
    );
}

#[tokio::test]
async fn two_imports_at_once_leave_one_whole_pack() {
    let test = TestDatabase::new().await;
    let documents = DocumentRepository::new(&test.db);
    let (one, two) = (
        [chunk("a", 0, "a"), chunk("b", 0, "b")],
        [chunk("b", 0, "b"), chunk("c", 0, "c")],
    );
    let (first, second) = tokio::join!(
        documents.import("bank", &one),
        documents.import("bank", &two)
    );
    first.unwrap();
    second.unwrap();
    let stored = documents.all("bank").await.unwrap();
    assert!(stored == one || stored == two, "{stored:?}");
}
