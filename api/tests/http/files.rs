//! The pages themselves, and what is beside the interface.

use api::HttpConfig;
use reqwest::StatusCode;

use crate::server::{away, error, serve, settings};

#[tokio::test]
async fn pages_are_served_with_a_policy_that_reaches_livekit_and_nothing_outside_their_folder() {
    let folder = std::env::temp_dir().join(format!("teller-web-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(folder.join("web/assets")).expect("writable");
    for (file, text) in [
        ("web/index.html", "<p>caller"),
        ("web/supervisor.html", "<p>supervisor"),
        ("web/assets/a1b2.js", "1"),
        ("secret", "secret"),
    ] {
        std::fs::write(folder.join(file), text).expect("written");
    }
    let settings = HttpConfig {
        web_dir: folder.join("web"),
        ..settings()
    };
    let server = serve(settings, &away()).await;
    let page = server.get("/", "").await;
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .expect("ASCII");
    assert!(
        policy.contains("connect-src 'self' wss://lk.example.org https://lk.example.org"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.headers()["x-content-type-options"], "nosniff");
    assert_eq!(page.headers()["cache-control"], "no-cache");
    assert_eq!(page.text().await.expect("text"), "<p>caller");
    for path in ["/supervisor.html", "/supervisor"] {
        let page = server.get(path, "").await;
        assert_eq!(page.text().await.expect("text"), "<p>supervisor", "{path}");
    }
    let asset = server.get("/assets/a1b2.js", "").await;
    assert!(
        asset.headers()["cache-control"]
            .to_str()
            .expect("ASCII")
            .contains("immutable")
    );
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/assets/none.js",
        "/nothing",
    ] {
        let response = server.get(path, "").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
    }
    let unknown = server.get("/v1/nothing", "reads").await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert!(error(unknown).await.contains("not found"));
    std::fs::remove_dir_all(folder).expect("removed");
}
