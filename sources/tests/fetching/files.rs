//! Files of this host: what becomes of them, and what does not.

use std::{fs, time::Duration};

use sources::Parser;

use crate::{
    made::{docx, packed_zeros, pdf, pdf_of, prices, rules, zip},
    pack::Pack,
};

const FOLDER: &str = r#"
    [[source]]
    id = "shelf"
    kind = "folder"
    path = "shelf"
    topic = "help"
    credibility = 0.8
    date = "2025-12-24"
"#;

const HTML: &[u8] =
    b"<title>Rooms</title><nav><p>Menu</p></nav><h1>Rooms</h1><p>There are two rooms.</p>";

#[tokio::test]
async fn files_of_every_kind_become_documents() {
    let pack = Pack::new(FOLDER);
    pack.write("shelf/rooms.html", HTML);
    pack.write(
        "shelf/deep/late.md",
        b"# Late books\n\nTwenty cents a day.\n",
    );
    pack.write("shelf/rules.docx", &rules());
    pack.write("shelf/prices.pdf", &prices());
    pack.write("shelf/photo.jpg", b"not looked at");
    pack.write("shelf/.hidden.md", b"Not looked at.");

    let told = pack.fetch().await;
    told.is(&[
        "added shelf/deep/late.md",
        "added shelf/prices.pdf",
        "added shelf/rooms.html",
        "added shelf/rules.docx",
    ]);
    let late = pack.document("shelf--deep-late.md");
    let (front, text) = late
        .strip_prefix("+++\n")
        .unwrap()
        .split_once("\n+++\n\n")
        .unwrap();
    let front: Vec<&str> = front.lines().collect();
    assert_eq!(
        front[..6],
        [
            r#"source = "fetched/shelf/deep-late""#,
            r#"title = "Late books""#,
            r#"topic = "help""#,
            r#"date = "2025-12-24""#,
            "credibility = 0.8",
            r#"address = "shelf/deep/late.md""#,
        ]
    );
    assert!(front[6].starts_with("hash = \""), "{}", front[6]);
    assert_eq!(text, "# Late books\n\nTwenty cents a day.\n");
    let has = |name: &str, parts: &[&str]| {
        let text = pack.document(name);
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
    };
    has(
        "shelf--rooms.md",
        &["title = \"Rooms\"", "# Rooms\n\nThere are two rooms.\n"],
    );
    has(
        "shelf--rules.md",
        &[
            "title = \"House rules\"",
            "date = \"2026-02-03\"",
            "# House rules\n\nBe quiet & kind.\n\n## Food\n\nNone inside.\n\nChild, free.\n",
        ],
    );
    has(
        "shelf--prices.md",
        &[
            "title = \"Prices\"",
            "date = \"2026-05-04\"",
            "# Prices\n\nA card costs two euros a year. Children pay nothing.\n\n## Rooms\n\nA room costs five euros an hour.\n\nPay at the desk.\n",
        ],
    );
}

#[tokio::test]
async fn what_is_broken_or_hostile_is_named_and_the_rest_goes_in() {
    let mut pack = Pack::new(FOLDER);
    pack.memory = 150_000_000;
    pack.write("shelf/good.html", HTML);
    pack.write("shelf/broken.pdf", b"%PDF-1.4\nthis is none");
    pack.write("shelf/broken.docx", b"PK\x03\x04 this is none");
    let good = pdf(&[&[(10, 700, "Text.")]]);
    pack.write("shelf/cut.pdf", &good[..good.len() / 2]);
    let bomb = vec![b' '; 60_000_000];
    pack.write("shelf/bomb.docx", &zip(&[("word/document.xml", &bomb)]));
    let packed = packed_zeros(400_000_000);
    let bomb = pdf_of(vec![("/Filter /FlateDecode".to_owned(), packed)], "");
    pack.write("shelf/bomb.pdf", &bomb);
    pack.write("shelf/xml.docx", &docx("<w:p><w:t>open"));
    pack.write("shelf/other.docx", &zip(&[("readme.txt", b"no document")]));
    // A form that draws itself.
    let again = (
        "/Subtype /Form /Resources << /XObject << /X 6 0 R >> >>".to_owned(),
        b"/X Do".to_vec(),
    );
    pack.write(
        "shelf/again.pdf",
        &pdf_of(vec![again], "/XObject << /X 6 0 R >>"),
    );
    pack.write("shelf/empty.md", b"");
    let topic = b"+++\ntopic = \"unheard\"\n+++\nText.";
    pack.write("shelf/topic.md", topic);
    let outside = Pack::new("");
    let secret = outside.write("secret.md", b"Not for callers.");
    std::os::unix::fs::symlink(&secret, pack.folder.join("shelf/link.md")).unwrap();

    let told = pack.fetch().await;
    assert_eq!(
        (told.report.added, told.report.left_out),
        (1, told.lines.len() - 1),
        "{told:?}"
    );
    assert_eq!(pack.documents(), ["shelf--good.md"]);
    for (name, reason) in [
        ("broken.pdf", "no readable PDF"),
        ("broken.docx", "no Word document"),
        ("cut.pdf", ""),
        ("bomb.docx", "larger than"),
        ("bomb.pdf", "MB"),
        ("xml.docx", "its XML is broken"),
        ("other.docx", "no word/document.xml"),
        ("again.pdf", "parse"),
        ("topic.md", "no id of topics.toml"),
        ("empty.md", "no text in it"),
        ("link.md", "outside the pack's folder"),
    ] {
        let start = format!("left out shelf/{name}: ");
        let line = told.lines.iter().find(|line| line.starts_with(&start));
        let line = line.unwrap_or_else(|| panic!("{name} is not left out: {told:?}"));
        assert!(line.contains(reason) && line.len() > start.len(), "{line}");
    }
}

#[tokio::test]
async fn only_what_changed_is_made_again() {
    let pack = Pack::new(FOLDER);
    pack.write("shelf/a.md", b"One.");
    pack.write("shelf/b.md", b"Two.");
    pack.fetch()
        .await
        .is(&["added shelf/a.md", "added shelf/b.md"]);
    pack.write("shelf/b.md", b"Three.");
    pack.write("shelf/c.md", b"Four.");
    pack.fetch().await.is(&[
        "unchanged shelf/a.md",
        "changed shelf/b.md",
        "added shelf/c.md",
    ]);
    assert!(pack.document("shelf--b.md").ends_with("\nThree.\n"));

    // A broken file does not take away what was read of it before; one that is gone does.
    pack.write("shelf/b.md", b"");
    fs::remove_file(pack.folder.join("shelf/a.md")).unwrap();
    let told = pack.fetch().await;
    told.is(&[
        "left out shelf/b.md: there is no text in it",
        "unchanged shelf/c.md",
        "removed shelf/a.md",
    ]);
    assert_eq!(pack.documents(), ["shelf--b.md", "shelf--c.md"]);

    // Other lines of the list make other documents of the same bytes.
    pack.list(&FOLDER.replace("0.8", "0.5"));
    pack.write("shelf/b.md", b"Three.");
    pack.fetch()
        .await
        .is(&["changed shelf/b.md", "changed shelf/c.md"]);
    assert!(pack.document("shelf--c.md").contains("credibility = 0.5\n"));

    // And a source that left the list takes its documents with it.
    pack.list("");
    pack.fetch()
        .await
        .is(&["removed shelf/b.md", "removed shelf/c.md"]);
    assert!(pack.documents().is_empty());
}

#[tokio::test]
async fn a_file_is_one_document_with_the_list_s_title_and_asks() {
    let pack = Pack::new(
        r#"
        [[source]]
        id = "rules"
        kind = "file"
        path = "rules.html"
        topic = "help"
        title = "House rules"
        asks = ["may I eat here"]
        [[source]]
        id = "away"
        kind = "file"
        path = "../../etc/hostname"
        topic = "help"
        [[source]]
        id = "missing"
        kind = "folder"
        path = "nowhere"
        topic = "help"
        "#,
    );
    pack.write("rules.html", HTML);
    let told = pack.fetch().await;
    assert_eq!(
        (told.report.added, told.report.left_out),
        (1, 2),
        "{told:?}"
    );
    let text = pack.document("rules.md");
    for part in [
        "source = \"fetched/rules\"",
        "title = \"House rules\"",
        "asks = [\"may I eat here\"]",
        "credibility = 1.0",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[tokio::test]
async fn a_list_that_is_missing_or_wrong_is_refused() {
    let pack = Pack::new("[[source]]\nid = 1");
    let error = pack.try_fetch().await.unwrap_err().to_string();
    assert!(error.contains("sources.toml"), "{error}");
    fs::remove_file(pack.folder.join("sources.toml")).unwrap();
    let error = pack.try_fetch().await.unwrap_err().to_string();
    assert!(error.contains("there is no"), "{error}");
}

#[tokio::test]
async fn a_parser_that_does_not_end_or_does_not_answer_is_not_waited_for() {
    let pack = Pack::new(FOLDER);
    pack.write("shelf/a.md", b"Text.");
    for (program, reason) in [
        ("/bin/sleep", "could not be parsed within 0.3 s"),
        ("/bin/false", "ended without an answer"),
        ("/bin/cat", "ended without an answer"),
        ("/nowhere", "no process could be started"),
    ] {
        let arguments = if program == "/bin/sleep" {
            vec!["600".to_owned()]
        } else {
            Vec::new()
        };
        let parser = Parser {
            time: Duration::from_millis(300),
            ..Parser::new(program.into(), arguments)
        };
        let told = pack.fetch_with(parser).await;
        assert!(told.lines[0].contains(reason), "{program}: {told:?}");
    }
}
