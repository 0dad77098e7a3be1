//! A web server whose pages the test changes, and that counts what it is asked.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};

#[derive(Debug, Clone)]
pub(crate) enum Page {
    /// A page with an `ETag` of its own, which is answered with 304 when it is known.
    Tagged(&'static str, &'static str),
    /// A page, whatever is asked.
    Plain(&'static str),
    /// Of a media type.
    Typed(&'static str, Vec<u8>),
    Status(u16),
    /// To this address; `PORT` becomes the server's.
    Redirect(&'static str),
    Endless,
    Slow,
}

#[derive(Default)]
struct Shown {
    pages: BTreeMap<String, Page>,
    asked: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) port: u16,
    shown: Arc<Mutex<Shown>>,
}

impl Server {
    pub(crate) async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            shown: Arc::default(),
        };
        let app = axum::Router::new()
            .fallback(answer)
            .with_state(server.clone());
        #[expect(clippy::disallowed_methods, reason = "the test's own server")]
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    pub(crate) fn show(&self, path: &str, page: Page) {
        self.shown
            .lock()
            .unwrap()
            .pages
            .insert(path.to_owned(), page);
    }

    /// What was asked since the last time, but for `robots.txt`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut self.shown.lock().unwrap().asked);
        asked.retain(|asked| asked != "/robots.txt");
        asked
    }

    /// A list of one source, with further lines.
    pub(crate) fn list(&self, path: &str, more: &str) -> String {
        let port = self.port;
        format!(
            "[[source]]\nid = \"site\"\nkind = \"web\"\naddress = \"http://shop.test:{port}{path}\"\ntopic = \"help\"\n{more}\n"
        )
    }
}

async fn answer(State(server): State<Server>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path_and_query().unwrap().to_string();
    let page = {
        let mut shown = server.shown.lock().unwrap();
        shown.asked.push(path.clone());
        shown.pages.get(&path).cloned()
    };
    let html = [("content-type", "text/html")];
    match page {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(Page::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Some(Page::Plain(text)) => (html, text).into_response(),
        Some(Page::Typed(kind, bytes)) => ([("content-type", kind)], bytes).into_response(),
        Some(Page::Tagged(tag, text)) => {
            let known = headers
                .get("if-none-match")
                .is_some_and(|known| known == tag);
            let dated = [
                ("etag", tag),
                ("last-modified", "Tue, 03 Feb 2026 08:00:00 GMT"),
            ];
            match known {
                true => (StatusCode::NOT_MODIFIED, dated).into_response(),
                false => (html, dated, text).into_response(),
            }
        }
        Some(Page::Redirect(to)) => {
            let to = to.replace("PORT", &server.port.to_string());
            (StatusCode::FOUND, [("location", to)]).into_response()
        }
        Some(Page::Endless) => (html, body(false)).into_response(),
        Some(Page::Slow) => (html, body(true)).into_response(),
    }
}

/// A body that never ends, or whose second part never comes.
fn body(slow: bool) -> Body {
    Body::from_stream(futures_util::stream::unfold(0, move |sent| async move {
        if slow && sent > 0 {
            std::future::pending::<()>().await;
        }
        Some((Ok::<_, io::Error>(vec![b'x'; 10_000]), sent + 1))
    }))
}
