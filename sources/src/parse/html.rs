//! Pages: the text of the main part, its headings, lists and tables; scripts and menus are dropped.

use ego_tree::{NodeRef, iter::Edge};
use outbound::Url;
use scraper::{ElementRef, Html, Node};

use super::{
    Block, Parsed,
    menus::{Links, is_left_out},
};

/// Elements that end a line.
const LINES: &[&str] = &[
    "p",
    "div",
    "section",
    "article",
    "main",
    "header",
    "li",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
    "table",
    "tbody",
    "thead",
    "tfoot",
    "caption",
    "blockquote",
    "pre",
    "figure",
    "figcaption",
    "address",
    "details",
    "summary",
    "br",
    "hr",
    "body",
    "fieldset",
];
/// A page with more links is a list of links.
const MOST_LINKS: usize = 2_000;

/// Parses a page; its links are made whole by `base`.
pub(super) fn parse(text: &str, base: Option<&str>) -> Parsed {
    let page = Html::parse_document(text);
    let mut reader = Reader::default();
    reader.read(main_part(&page));
    let blocks = reader.finished();
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
                .or(meta.value().attr("name"))?;
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

/// Walks a page without recursion: its elements may be nested as deep as somebody likes.
#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    line: String,
    row: Option<Row>,
    /// Of the table that is being read.
    columns: Vec<String>,
}

/// A row of a table: one block, the columns' names with its cells.
#[derive(Default)]
struct Row {
    cells: Vec<(bool, String)>,
}

impl Reader {
    fn read(&mut self, part: NodeRef<Node>) {
        let links = Links::of(part);
        let mut left_out = None;
        for edge in part.traverse() {
            match edge {
                Edge::Open(node) if left_out.is_none() => match node.value() {
                    Node::Text(text) => self.line.push_str(text),
                    Node::Element(_) => {
                        let element = ElementRef::wrap(node).expect("it is an element");
                        // What was asked for is never left out as a whole.
                        if node.id() != part.id() && is_left_out(element, &links) {
                            left_out = Some(node.id());
                            if !matches!(element.value().name(), "script" | "style" | "template") {
                                self.line.push(' ');
                            }
                        } else {
                            self.open(element.value().name());
                        }
                    }
                    _ => {}
                },
                Edge::Close(node) if left_out == Some(node.id()) => left_out = None,
                Edge::Close(node) if left_out.is_none() => {
                    if let Node::Element(element) = node.value() {
                        self.close(element.name());
                    }
                }
                _ => {}
            }
        }
    }

    fn open(&mut self, name: &str) {
        match name {
            "table" => {
                self.end_line();
                self.columns.clear();
            }
            "tr" => {
                self.end_line();
                self.row = Some(Row::default());
            }
            "td" | "th" if self.row.is_some() => self.line.clear(),
            _ if heading(name).is_some() => self.end_line(),
            _ if LINES.contains(&name) => self.end_line(),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if let Some(level) = heading(name) {
            if self.row.is_none() {
                let text = std::mem::take(&mut self.line);
                self.blocks.push(Block::Heading(level, text));
            }
            return;
        }
        match (name, &mut self.row) {
            ("td" | "th", Some(row)) => {
                let text = self.line.split_whitespace().collect::<Vec<_>>().join(" ");
                self.line.clear();
                row.cells.push((name == "th", text));
            }
            ("tr", row @ Some(_)) => {
                let row = row.take().unwrap_or_default();
                self.end_row(row);
            }
            _ if LINES.contains(&name) => self.end_line(),
            _ => {}
        }
    }

    fn end_line(&mut self) {
        if self.row.is_some() {
            // A cell's lines are parts of its row.
            self.line.push(' ');
        } else if !self.line.trim().is_empty() {
            let text = std::mem::take(&mut self.line);
            self.blocks.push(Block::Text(text));
        } else {
            self.line.clear();
        }
    }

    /// A row of names names the columns; every other row says name and cell, so that it can be understood alone.
    fn end_row(&mut self, row: Row) {
        if !row.cells.is_empty() && row.cells.iter().all(|(is_name, _)| *is_name) {
            self.columns = row.cells.into_iter().map(|(_, text)| text).collect();
            return;
        }
        let said = row
            .cells
            .into_iter()
            .enumerate()
            .filter_map(|(at, (_, text))| {
                if text.is_empty() {
                    return None;
                }
                Some(match self.columns.get(at) {
                    Some(column) if !column.is_empty() => format!("{column}: {text}"),
                    _ => text,
                })
            });
        let text = said.collect::<Vec<_>>().join(", ");
        self.blocks.push(Block::Text(text));
    }

    fn finished(mut self) -> Vec<Block> {
        if let Some(row) = self.row.take() {
            self.end_row(row);
        }
        self.end_line();
        self.blocks
    }
}

fn heading(name: &str) -> Option<u8> {
    match name.as_bytes() {
        [b'h', level @ b'1'..=b'6'] => Some(level - b'0'),
        _ => None,
    }
}
