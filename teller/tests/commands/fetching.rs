//! `teller knowledge fetch`: files and a page become documents of a pack, by the built program and its children.

use std::path::PathBuf;

use axum::{Router, response::Html, routing::get};
use tokio::process::Command;

use crate::{
    pack_tests::{copy, told},
    support::fixtures::root,
};

/// A copy of the library's pack; removed when dropped.
struct Pack(PathBuf);

impl Pack {
    fn new() -> Self {
        let name = format!("teller-fetching-{}", uuid::Uuid::new_v4().simple());
        let folder = std::env::temp_dir().join(name);
        copy(&root().join("knowledge/tests/packs/library"), &folder);
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.0.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// Runs a command of `knowledge`; exit code, standard output and error.
    async fn run(&self, command: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_teller"))
            .args(["knowledge", command])
            .args(arguments)
            .env_clear()
            .env("PACK_DIR", &self.0)
            .current_dir(root())
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        let (said, complained) = told(&output);
        (output.status.code(), said, complained)
    }
}

impl Drop for Pack {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

async fn site() -> String {
    let page = "<title>Seeds</title><nav><p>Home</p></nav><h1>Seed exchange</h1>\
        <p>You can swap tomato seeds at the desk every Tuesday.</p>";
    let app = Router::new().route("/seeds", get(move || async move { Html(page) }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://127.0.0.1:{}/seeds", address.port())
}

fn list(address: &str) -> String {
    format!(
        "[[source]]\nid = \"seeds\"\nkind = \"web\"\naddress = \"{address}\"\ntopic = \"opening_hours\"\n\
         [[source]]\nid = \"shelf\"\nkind = \"folder\"\npath = \"shelf\"\ntopic = \"opening_hours\"\n"
    )
}

#[tokio::test]
async fn what_is_listed_is_found_by_callers_afterwards() {
    let pack = Pack::new();
    let address = site().await;
    pack.write("sources.toml", &list(&address));
    pack.write(
        "shelf/garden.md",
        "# Garden\n\nThe garden behind the house closes at dusk.\n",
    );

    // An address of this host is not asked unless it is allowed by name.
    let (code, said, _) = pack.run("fetch", &[]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("added      shelf/garden.md\n"), "{said}");
    let refused =
        format!("left out   {address}: 127.0.0.1 has the address 127.0.0.1, which is not public");
    assert!(said.contains(&refused), "{said}");

    let (code, said, _) = pack.run("fetch", &["--private-host", "127.0.0.1"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("added      {address}\n")), "{said}");
    assert!(
        said.ends_with("1 added, 0 changed, 1 unchanged, 0 removed, 0 left out\n"),
        "{said}"
    );
    let (code, said, _) = pack.run("fetch", &["--quiet"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains(&address), "it is fresh: {said}");

    let (_, said, _) = pack
        .run("ask", &["what are your hours for swapping tomato seeds"])
        .await;
    assert!(said.contains("fetched/seeds"), "{said}");
    assert!(
        said.contains("swap tomato seeds at the desk every Tuesday."),
        "{said}"
    );
}

#[tokio::test]
async fn a_wrong_list_is_refused_before_anything_is_fetched() {
    let pack = Pack::new();
    let (code, _, complained) = pack.run("fetch", &[]).await;
    assert_eq!(code, Some(2), "{complained}");
    assert!(complained.contains("sources.toml"), "{complained}");
    pack.write(
        "sources.toml",
        &list("http://127.0.0.1/").replace("opening_hours", "none"),
    );
    let (code, _, complained) = pack.run("fetch", &[]).await;
    assert_eq!(code, Some(2), "{complained}");
    assert!(complained.contains("topics.toml"), "{complained}");
    pack.write("sources.toml", "");
    for wrong in [
        ["--only", "nowhere"],
        ["--private-host", "http://x"],
        ["--timeout-s", "0"],
    ] {
        let (code, _, complained) = pack.run("fetch", &wrong).await;
        assert_eq!(code, Some(2), "{wrong:?}: {complained}");
        assert!(complained.contains(wrong[0]), "{wrong:?}: {complained}");
    }
    assert!(!pack.0.join("documents/fetched").exists());
}

#[tokio::test]
async fn the_help_teaches_and_does_not_show_the_child() {
    let pack = Pack::new();
    let (code, help, _) = pack.run("fetch", &["--help"]).await;
    assert_eq!(code, Some(0));
    for part in ["[[source]]", "Examples:", "--private-host", "Exit codes:"] {
        assert!(help.contains(part), "{part} is not in {help}");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_teller"))
        .arg("--help")
        .output()
        .await
        .unwrap();
    assert!(!told(&output).0.contains("parse-file"));
}
