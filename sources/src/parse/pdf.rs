//! PDF: characters with places and sizes become lines, lines paragraphs and headings. A PDF has neither: what is larger
//! than most of the text and short is taken for a heading, a wider gap between lines for a new paragraph.

use pdf_extract::{Document, MediaBox, Object, OutputDev, OutputError, Transform, output_doc};

use super::{Block, Parsed};

/// A book of a thousand pages has 3 MB of text.
const MOST_TEXT: usize = 5_000_000;
/// A heading is larger than the text by this.
const LARGER: f64 = 1.15;
/// And has at most this many letters.
const LONGEST_HEADING: usize = 150;
/// A gap wider than that between most lines by this begins a paragraph.
const WIDER: f64 = 1.3;

type ArtBox = (f64, f64, f64, f64);

pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, String> {
    let broken = |error: &dyn std::fmt::Display| format!("it is no readable PDF: {error}");
    let mut document = Document::load_mem(bytes).map_err(|error| broken(&error))?;
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Err("it is protected by a password".to_owned());
    }
    let mut page = Lines::default();
    output_doc(&document, &mut page).map_err(|error| broken(&error))?;
    let blocks = blocks(page.finished());
    let own = property(&document, b"Title").filter(|title| is_title(title));
    Ok(Parsed {
        title: title(&blocks, own),
        date: property(&document, b"ModDate").and_then(|date| day(&date)),
        blocks,
        ..Parsed::default()
    })
}

/// The document's own title where it stands at the beginning, or else the first of the largest headings: the own one may
/// be that of the file which this one was made from.
fn title(blocks: &[Block], own: Option<String>) -> Option<String> {
    let plain = |text: &str| {
        text.split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase()
    };
    let stands_there = own.as_deref().map(plain).is_some_and(|own| {
        blocks.iter().take(10).any(|block| {
            let (Block::Heading(_, text) | Block::Text(text)) = block;
            plain(text).contains(&own)
        })
    });
    if stands_there {
        return own;
    }
    let first = blocks.iter().find_map(|block| match block {
        Block::Heading(1, text) => Some(text.clone()),
        _ => None,
    });
    first.or(own)
}

/// Programs put the name of the file they were given there.
fn is_title(title: &str) -> bool {
    let title = title.to_ascii_lowercase();
    let of_a_file = [".doc", ".docx", ".indd", ".pdf", ".odt", ".pptx", ".xls"];
    !title.trim().is_empty()
        && !title.starts_with("microsoft ")
        && !title.starts_with("untitled")
        && !of_a_file.iter().any(|ending| title.ends_with(ending))
}

/// A line of the document's own description.
fn property(document: &Document, name: &[u8]) -> Option<String> {
    let info = document.trailer.get(b"Info").ok()?;
    let info = match info {
        Object::Reference(id) => document.get_object(*id).ok()?,
        other => other,
    };
    let bytes = info.as_dict().ok()?.get(name).ok()?.as_str().ok()?;
    let encoding = match bytes {
        [0xfe, 0xff, ..] => encoding_rs::UTF_16BE,
        [0xef, 0xbb, 0xbf, ..] => encoding_rs::UTF_8,
        // Its own set of characters is this one but for a few marks.
        _ => encoding_rs::WINDOWS_1252,
    };
    let (text, _, _) = encoding.decode(bytes);
    Some(text.into_owned())
}

/// `D:20260131…` as `2026-01-31`.
fn day(text: &str) -> Option<String> {
    let digits = text.strip_prefix("D:").unwrap_or(text).get(..8)?;
    digits.parse::<u32>().ok()?;
    Some(format!(
        "{}-{}-{}",
        &digits[..4],
        &digits[4..6],
        &digits[6..]
    ))
}

/// A line as it stands on its page.
#[derive(Debug, Default, Clone)]
struct Line {
    page: u32,
    text: String,
    /// Of its first letter.
    size: f64,
    /// Distance from the line before, in sizes; none for the first of a page, or after a jump upwards.
    gap: Option<f64>,
}

/// Puts characters together to lines.
#[derive(Debug, Default)]
struct Lines {
    page: u32,
    lines: Vec<Line>,
    letters: usize,
    /// Where the last character ended, and its line's height.
    last: Option<(f64, f64)>,
    word_begins: bool,
}

impl Lines {
    fn finished(self) -> Vec<Line> {
        self.lines
    }

    fn begin_line(&mut self, size: f64, gap: Option<f64>) {
        self.lines.push(Line {
            page: self.page,
            size,
            gap,
            ..Line::default()
        });
    }
}

impl OutputDev for Lines {
    fn begin_page(
        &mut self,
        page: u32,
        _: &MediaBox,
        _: Option<ArtBox>,
    ) -> Result<(), OutputError> {
        self.page = page;
        self.last = None;
        Ok(())
    }

    fn end_page(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn output_character(
        &mut self,
        place: &Transform,
        width: f64,
        _spacing: f64,
        font_size: f64,
        text: &str,
    ) -> Result<(), OutputError> {
        self.letters += text.len();
        if self.letters > MOST_TEXT {
            return Err(OutputError::FormatError(std::fmt::Error));
        }
        let across = font_size * (place.m11 + place.m21);
        let up = font_size * (place.m12 + place.m22);
        let size = (across * up).abs().sqrt();
        let (x, y) = (place.m31, place.m32);
        match self.last {
            None => self.begin_line(size, None),
            Some((end, height)) if self.word_begins => {
                let down = height - y;
                let is_new = (x < end && down.abs() > size * 0.5) || down.abs() > size * 1.5;
                if is_new {
                    let gap = (down > 0.0 && size > 0.0).then(|| down / size);
                    self.begin_line(size, gap);
                } else if x > end + size * 0.1
                    && let Some(line) = self.lines.last_mut()
                {
                    line.text.push(' ');
                }
            }
            Some(_) => {}
        }
        if let Some(line) = self.lines.last_mut() {
            line.text.push_str(text);
        }
        self.word_begins = false;
        self.last = Some((x + width * size, y));
        Ok(())
    }

    fn begin_word(&mut self) -> Result<(), OutputError> {
        self.word_begins = true;
        Ok(())
    }

    fn end_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
}

/// Lines as headings and paragraphs.
fn blocks(mut lines: Vec<Line>) -> Vec<Block> {
    for line in &mut lines {
        line.text = line.text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    lines
        .retain(|line| line.text.chars().any(char::is_alphanumeric) && !is_of_contents(&line.text));
    drop_margins(&mut lines);
    let body = usual(lines.iter().map(|line| (line.size, line.text.len())));
    let gap = usual(lines.iter().filter_map(|line| Some((line.gap?, 1))));
    let is_heading =
        |line: &Line| line.size > body * LARGER && line.text.chars().count() <= LONGEST_HEADING;
    let mut sizes: Vec<f64> = lines
        .iter()
        .filter(|line| is_heading(line))
        .map(|line| line.size)
        .collect();
    sizes.sort_by(|a, b| b.total_cmp(a));
    sizes.dedup_by(|a, b| (*a - *b).abs() < 0.5);
    let level = |size: f64| {
        let at = sizes.iter().position(|known| (known - size).abs() < 0.5);
        u8::try_from(at.unwrap_or(0) + 1).unwrap_or(6).min(6)
    };
    let mut found: Vec<Block> = Vec::new();
    for line in &lines {
        let level = is_heading(line).then(|| level(line.size));
        let goes_on = match line.gap {
            Some(wide) => wide <= gap.max(1.0) * WIDER,
            None => true,
        };
        match (found.last_mut(), level) {
            (Some(Block::Heading(above, text)), Some(level)) if *above == level && goes_on => {
                join(text, &line.text);
            }
            (_, Some(level)) => found.push(Block::Heading(level, line.text.clone())),
            (Some(Block::Text(text)), None) if continues(text, line, goes_on) => {
                join(text, &line.text);
            }
            (_, None) => found.push(Block::Text(line.text.clone())),
        }
    }
    found
}

/// Whether a line is of a table of contents: dots lead to a page's number.
fn is_of_contents(text: &str) -> bool {
    let text = text.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ');
    let dots = text
        .chars()
        .rev()
        .take_while(|c| matches!(c, '.' | ' ' | '…'));
    dots.filter(|c| *c != ' ').count() >= 4
}

/// Whether a line belongs to the paragraph before it.
fn continues(before: &str, line: &Line, close: bool) -> bool {
    let first = line.text.chars().next().unwrap_or_default();
    let is_item = matches!(first, '•' | '·' | '‣' | '▪' | '◦' | '–' | '*' | '-');
    let ended = before.ends_with(['.', '!', '?', ':']);
    match line.gap {
        Some(_) => close && !is_item,
        // On the next page or in the next column a sentence goes on, a paragraph does not.
        None => !ended && !is_item && first.is_lowercase(),
    }
}

fn join(text: &mut String, next: &str) {
    let divided = text.strip_suffix('-').is_some_and(|front| {
        front.ends_with(char::is_alphabetic) && next.starts_with(char::is_lowercase)
    });
    if divided {
        text.pop();
    } else {
        text.push(' ');
    }
    text.push_str(next);
}

/// Numbers of pages, and what stands at the top or the bottom of most of three pages or more.
fn drop_margins(lines: &mut Vec<Line>) {
    let pages = lines.last().map_or(0, |line| line.page);
    let plain = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    let mut first_and_last = std::collections::HashMap::new();
    let is_edge = |lines: &[Line], at: usize| {
        let page = lines[at].page;
        at == 0
            || lines[at - 1].page != page
            || lines.get(at + 1).is_none_or(|next| next.page != page)
    };
    for at in 0..lines.len() {
        if is_edge(lines, at) {
            *first_and_last
                .entry(plain(&lines[at].text))
                .or_insert(0_u32) += 1;
        }
    }
    let edges: Vec<bool> = (0..lines.len()).map(|at| is_edge(lines, at)).collect();
    let mut edges = edges.into_iter();
    lines.retain(|line| {
        let is_edge = edges.next().unwrap_or(false);
        let repeats = first_and_last.get(&plain(&line.text)).copied().unwrap_or(0);
        let is_number = line
            .text
            .chars()
            .all(|c| "0123456789ivxlc -–|/".contains(c));
        !(is_edge && (is_number || (pages >= 3 && repeats * 2 > pages)))
    });
}

/// The value that has most weight, tenths together.
fn usual(values: impl Iterator<Item = (f64, usize)>) -> f64 {
    let mut weights: Vec<(f64, usize)> = Vec::new();
    for (value, weight) in values {
        let same = |(known, _): &(f64, usize)| (known - value).abs() < 0.1;
        match weights.iter().position(same) {
            Some(at) => weights[at].1 += weight,
            // As many sizes as this are noise.
            None if weights.len() < 500 => weights.push((value, weight)),
            None => {}
        }
    }
    let best = weights.into_iter().max_by_key(|(_, weight)| *weight);
    best.map_or(0.0, |(value, _)| value)
}
