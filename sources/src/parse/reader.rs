//! From the elements of a page to headings and paragraphs.

use ego_tree::{NodeRef, iter::Edge};
use scraper::{ElementRef, Node};

use super::{
    Block,
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
    "tr",
    "td",
    "th",
    "hr",
    "body",
    "fieldset",
];
/// Walks a page without recursion: its elements may be nested as deep as somebody likes.
#[derive(Default)]
pub(super) struct Reader {
    blocks: Vec<Block>,
    line: String,
    /// A line was broken within its paragraph.
    broken: bool,
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
    /// Reads an element and all that is in it.
    pub(super) fn read(part: NodeRef<Node>) -> Vec<Block> {
        let mut reader = Self::default();
        reader.walk(part);
        reader.finished()
    }

    fn walk(&mut self, part: NodeRef<Node>) {
        let links = Links::of(part);
        let mut left_out = None;
        for edge in part.traverse() {
            match edge {
                Edge::Open(node) if left_out.is_none() => match node.value() {
                    Node::Text(text) => self.text(text),
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

    fn text(&mut self, text: &str) {
        if let Some(first) = text.trim_start().chars().next()
            && std::mem::take(&mut self.broken)
            && self.line.ends_with(char::is_alphanumeric)
        {
            // Lines of an address are parts; one that was wrapped goes on in a small letter.
            self.line
                .push_str(if first.is_lowercase() { " " } else { ", " });
        }
        self.line.push_str(text);
    }

    fn break_line(&mut self) {
        if std::mem::replace(&mut self.broken, true) {
            self.end_line();
        }
        let line = self.line.trim_end().len();
        self.line.truncate(line);
        if !self.line.ends_with(char::is_alphanumeric) {
            self.line.push(' ');
        }
    }

    /// A row that holds a table or a heading only places parts of the page.
    fn is_layout(&mut self) {
        if let Some(row) = self.row.take() {
            let cells = row.cells.into_iter().map(|(_, text)| Block::Text(text));
            self.blocks.extend(cells);
            self.end_line();
        }
    }

    fn open(&mut self, name: &str) {
        match name {
            "br" => self.break_line(),
            "table" => {
                self.is_layout();
                self.end_line();
                self.columns.clear();
            }
            "tr" => {
                self.end_line();
                self.row = Some(Row::default());
            }
            "td" | "th" if self.row.is_some() => self.line.clear(),
            _ if heading(name).is_some() => {
                self.is_layout();
                self.end_line();
            }
            _ if LINES.contains(&name) => self.end_line(),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if let Some(level) = heading(name) {
            let text = std::mem::take(&mut self.line);
            self.blocks.push(Block::Heading(level, text));
            return;
        }
        match (name, &mut self.row) {
            // Questions that answers are folded under.
            ("dt" | "summary", None) if self.line.trim_end().ends_with('?') => {
                let text = std::mem::take(&mut self.line);
                self.blocks.push(Block::Heading(6, text));
            }
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
        self.broken = false;
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
        // Without columns the row's own name says what its cells are.
        if self.columns.is_empty() && row.cells.len() > 1 && row.cells[0].0 {
            let mut cells = row.cells.into_iter().map(|(_, text)| text);
            let name = cells.next().unwrap_or_default();
            let rest: Vec<String> = cells.filter(|text| !text.is_empty()).collect();
            let text = format!("{name}: {}", rest.join(", "));
            self.blocks.push(Block::Text(text));
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
