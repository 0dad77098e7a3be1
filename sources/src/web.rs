//! Pages: asked for only where the list of hosts and the server's `robots.txt` allow it, and only for what changed.

use std::{collections::HashMap, sync::Arc};

use outbound::{Answer, Client, HeaderValue, HostList, Limits, Request, StatusCode, Url, header};

use crate::{
    LeftOut,
    parse::{FileKind, Task},
    robots::{LONGEST, Robots},
    store::Entry,
};

/// What became of a page.
pub(crate) enum Page {
    /// As it was, by the server's word.
    Unchanged,
    /// There is no such page any more.
    Gone(LeftOut),
    /// It is here.
    Here(Box<Fetched>),
}

/// A page as it came.
pub(crate) struct Fetched {
    pub(crate) task: Task,
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    /// When it changed by the server's word, as a day.
    pub(crate) date: Option<String>,
}

/// Asks servers, and remembers what each asked for itself.
pub(crate) struct Visitor {
    client: Client,
    limits: Limits,
    robots: HashMap<String, Robots>,
}

impl Visitor {
    pub(crate) fn new(client: Client, limits: Limits) -> Self {
        Self {
            client,
            limits,
            robots: HashMap::new(),
        }
    }

    /// Fetches a page; with what is known of it from before, only if it changed.
    pub(crate) async fn page(
        &mut self,
        url: &Url,
        hosts: &Arc<HostList>,
        known: Option<&Entry>,
    ) -> Result<Page, LeftOut> {
        if !self.is_welcome(url, hosts).await {
            return Err(LeftOut::because(
                "the server's robots.txt asks not to read it",
            ));
        }
        let mut request = Request::get(url.clone())
            .only(Arc::clone(hosts))
            .limits(self.limits)
            .header(header::ACCEPT, HeaderValue::from_static(ACCEPTED));
        if let Some(known) = known {
            for (name, value) in [
                (header::IF_NONE_MATCH, &known.etag),
                (header::IF_MODIFIED_SINCE, &known.last_modified),
            ] {
                if let Some(value) = value.as_ref().and_then(|v| HeaderValue::try_from(v).ok()) {
                    request = request.header(name, value);
                }
            }
        }
        let answer = self.client.send(request).await.map_err(LeftOut::because)?;
        // Led elsewhere, the other place's wishes count as well.
        if answer.url != *url && !self.is_welcome(&answer.url, hosts).await {
            return Err(LeftOut::because(
                "it leads to a page that the server's robots.txt asks not to read",
            ));
        }
        match answer.status {
            StatusCode::OK => Ok(Page::Here(Box::new(fetched(answer)?))),
            StatusCode::NOT_MODIFIED if known.is_some() => Ok(Page::Unchanged),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Page::Gone(LeftOut::because(format!(
                "the server answered {}",
                answer.status
            )))),
            other => Err(LeftOut::because(format!("the server answered {other}"))),
        }
    }

    /// Whether the server's `robots.txt` allows a page. One that is not there allows everything; while a server fails,
    /// nothing is known and nothing read (RFC 9309, 2.3.1).
    async fn is_welcome(&mut self, url: &Url, hosts: &Arc<HostList>) -> bool {
        let origin = url.origin().ascii_serialization();
        if !self.robots.contains_key(&origin) {
            let rules = self.ask_robots(url, hosts).await;
            self.robots.insert(origin.clone(), rules);
        }
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        self.robots
            .get(&origin)
            .is_some_and(|rules| rules.allows(&path))
    }

    async fn ask_robots(&self, url: &Url, hosts: &Arc<HostList>) -> Robots {
        let Ok(address) = url.join("/robots.txt") else {
            return Robots::nothing();
        };
        let limits = Limits {
            bytes: LONGEST,
            ..self.limits
        };
        let request = Request::get(address).only(Arc::clone(hosts)).limits(limits);
        match self.client.send(request).await {
            Ok(answer) if answer.status.is_success() => {
                let (text, _, _) = encoding_rs::UTF_8.decode(&answer.body);
                Robots::parse(&text)
            }
            Ok(answer) if answer.status.is_client_error() => Robots::default(),
            // A rule of ours refused the server, or a redirect of it: the page's own request names the reason.
            Err(error) if error.is_unsent() => Robots::default(),
            _ => Robots::nothing(),
        }
    }
}

const ACCEPTED: &str = "text/html, application/xhtml+xml, application/pdf, text/markdown, text/plain;q=0.9, \
    application/vnd.openxmlformats-officedocument.wordprocessingml.document";

fn fetched(answer: Answer) -> Result<Fetched, LeftOut> {
    let media_type = answer.header(header::CONTENT_TYPE).unwrap_or_default();
    let kind = FileKind::of_media_type(media_type, answer.url.path()).ok_or_else(|| {
        LeftOut::because(format!("it is of a kind that is not read ({media_type:?})"))
    })?;
    let lower = media_type.to_ascii_lowercase();
    let charset = lower.split_once("charset=").map(|(_, name)| {
        let name = name.split(';').next().unwrap_or_default();
        name.trim_matches(['"', ' ']).to_owned()
    });
    let last_modified = answer.header(header::LAST_MODIFIED).map(str::to_owned);
    let day = last_modified.as_deref().and_then(|date| {
        let date = chrono::DateTime::parse_from_rfc2822(date).ok()?;
        Some(date.date_naive().to_string())
    });
    Ok(Fetched {
        task: Task {
            kind,
            charset,
            base: Some(answer.url.to_string()),
        },
        etag: answer.header(header::ETAG).map(str::to_owned),
        last_modified,
        date: day,
        bytes: answer.body,
    })
}
