//! Pages: the text of the main part, its headings, lists and tables; scripts and menus are dropped.

use ego_tree::NodeRef;
use outbound::Url;
use scraper::{ElementRef, Html, Node};

use super::{Block, Parsed, reader::Reader};

/// A page with more links is a list of links.
const MOST_LINKS: usize = 2_000;

/// Parses a page; its links are made whole by `base`.
pub(super) fn parse(text: &str, base: Option<&str>) -> Parsed {
    let page = Html::parse_document(text);
    let blocks = Reader::read(main_part(&page));
    let mut tops = blocks.iter().filter_map(|block| match block {
        Block::Heading(1, text) => Some(text.clone()),
        _ => None,
    });
    let top = match (tops.next(), tops.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    };
    Parsed {
        title: top.or_else(|| first_text(&page, "title")),
        date: date(&page),
        links: base.map_or_else(Vec::new, |base| links(&page, base)),
        blocks,
        ..Parsed::default()
    }
}

fn elements<'a>(page: &'a Html, name: &'static str) -> impl Iterator<Item = ElementRef<'a>> {
    let all = page.tree.root().descendants().filter_map(ElementRef::wrap);
    all.filter(move |element| element.value().name() == name)
}

fn first_text(page: &Html, name: &'static str) -> Option<String> {
    let text: String = elements(page, name).next()?.text().collect();
    Some(text).filter(|text| !text.trim().is_empty())
}

/// `<main>`, or the only `<article>`, or all of it.
fn main_part(page: &Html) -> NodeRef<'_, Node> {
    if let Some(main) = elements(page, "main").next() {
        return *main;
    }
    let is_main = |element: &ElementRef| element.value().attr("role") == Some("main");
    let mut all = page.tree.root().descendants().filter_map(ElementRef::wrap);
    if let Some(main) = all.find(is_main) {
        return *main;
    }
    let mut articles = elements(page, "article");
    match (articles.next(), articles.next()) {
        (Some(only), None) => *only,
        _ => page.tree.root(),
    }
}

/// When the page says that it was changed, or else published.
fn date(page: &Html) -> Option<String> {
    const NAMES: [&str; 6] = [
        "article:modified_time",
        "last-modified",
        "dcterms.modified",
        "article:published_time",
        "dcterms.date",
        "date",
    ];
    let meta: Vec<(String, &str)> = elements(page, "meta")
        .filter_map(|meta| {
            let name = meta
                .value()
                .attr("property")
                .or_else(|| meta.value().attr("name"))?;
            Some((name.to_ascii_lowercase(), meta.value().attr("content")?))
        })
        .collect();
    let named = |name: &&str| {
        meta.iter()
            .find(|(of, _)| of == name)
            .map(|(_, date)| *date)
    };
    let of_meta = NAMES.iter().filter_map(named).find_map(super::date);
    let times = || elements(page, "time").filter_map(|time| time.value().attr("datetime"));
    of_meta.or_else(|| times().find_map(super::date))
}

fn links(page: &Html, base: &str) -> Vec<String> {
    let Ok(page_base) = Url::parse(base) else {
        return Vec::new();
    };
    let own = elements(page, "base").find_map(|base| base.value().attr("href"));
    let base = own
        .and_then(|own| page_base.join(own).ok())
        .unwrap_or(page_base);
    let mut found: Vec<String> = Vec::new();
    for link in elements(page, "a").take(MOST_LINKS) {
        let target = link
            .value()
            .attr("href")
            .and_then(|href| base.join(href).ok());
        let Some(mut target) = target.filter(|url| matches!(url.scheme(), "http" | "https")) else {
            continue;
        };
        target.set_fragment(None);
        found.push(target.into());
    }
    found.sort();
    found.dedup();
    found
}
