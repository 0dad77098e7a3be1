//! Word documents: a ZIP file of XML, unpacked within limits.

use std::io::{Cursor, Read as _};

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

use super::{Block, Parsed};

/// The text of a document of some hundred pages has a few MB; more is a bomb.
const MOST_XML: u64 = 30_000_000;
/// A document has a few dozen files.
const MOST_FILES: usize = 5_000;

type Archive<'a> = zip::ZipArchive<Cursor<&'a [u8]>>;

pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, String> {
    let broken = |error: zip::result::ZipError| format!("it is no Word document: {error}");
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if archive.len() > MOST_FILES {
        return Err(format!("it holds more than {MOST_FILES} files"));
    }
    let document = unpacked(&mut archive, "word/document.xml")?
        .ok_or("it is no Word document: it holds no word/document.xml")?;
    let (title, date) = match unpacked(&mut archive, "docProps/core.xml")? {
        Some(properties) => properties_of(&properties)?,
        None => (None, None),
    };
    let blocks = blocks(&document)?;
    let first = blocks.iter().find_map(|block| match block {
        Block::Heading(1, text) => Some(text.clone()),
        _ => None,
    });
    Ok(Parsed {
        title: first.or(title),
        date,
        blocks,
        ..Parsed::default()
    })
}

/// A file of the archive; `None` when there is none of the name. Its size is counted, not believed.
fn unpacked(archive: &mut Archive<'_>, name: &str) -> Result<Option<String>, String> {
    let broken = |error: &dyn std::fmt::Display| format!("{name} cannot be unpacked: {error}");
    let file = match archive.by_name(name) {
        Err(zip::result::ZipError::FileNotFound) => return Ok(None),
        file => file.map_err(|error| broken(&error))?,
    };
    let mut bytes = Vec::new();
    let read = file.take(MOST_XML + 1).read_to_end(&mut bytes);
    read.map_err(|error| broken(&error))?;
    if bytes.len() as u64 > MOST_XML {
        return Err(format!(
            "{name} is larger than {MOST_XML} bytes once unpacked"
        ));
    }
    let (text, _, _) = encoding_rs::UTF_8.decode(&bytes);
    Ok(Some(text.into_owned()))
}

/// Title and date of change.
fn properties_of(xml: &str) -> Result<(Option<String>, Option<String>), String> {
    let (mut title, mut date) = (None, None);
    let (mut inside, mut text) = (String::new(), String::new());
    each(xml, |event| match event {
        Xml::Start(name, _) => {
            inside = name.to_owned();
            text.clear();
        }
        Xml::Text(part) => text.push_str(part),
        Xml::End(name) if name == inside => match name {
            "title" => title = Some(std::mem::take(&mut text)),
            "modified" => date = Some(std::mem::take(&mut text)),
            _ => {}
        },
        Xml::End(_) => {}
    })?;
    Ok((title.filter(|title| !title.trim().is_empty()), date))
}

/// Paragraphs, headings by their style, and rows of tables.
fn blocks(xml: &str) -> Result<Vec<Block>, String> {
    let mut found = Vec::new();
    let (mut text, mut level) = (String::new(), None);
    let (mut in_text, mut tables, mut cells) = (false, 0_usize, Vec::new());
    // What was struck out while changes were tracked is not what the document says.
    let mut deleted = 0_usize;
    each(xml, |event| match event {
        Xml::Start("p", _) => level = None,
        Xml::Start("t", _) => in_text = true,
        Xml::Start("tab" | "br" | "cr", _) => text.push(' '),
        Xml::Start("tbl", _) => tables += 1,
        Xml::Start("tr", _) => cells.clear(),
        Xml::Start("del" | "moveFrom", _) => deleted += 1,
        Xml::Start("pStyle", value) => level = heading(value).or(level),
        Xml::Start("outlineLvl", value) => {
            level = value
                .parse::<u8>()
                .ok()
                .filter(|at| *at < 6)
                .map(|at| at + 1)
        }
        Xml::Text(part) if in_text && deleted == 0 => text.push_str(part),
        Xml::End("t") => in_text = false,
        Xml::End("del" | "moveFrom") => deleted = deleted.saturating_sub(1),
        Xml::End("p") if tables > 0 => text.push(' '),
        Xml::End("p") => {
            let text = std::mem::take(&mut text);
            found.push(match level {
                Some(level) => Block::Heading(level, text),
                None => Block::Text(text),
            });
        }
        Xml::End("tc") => cells.push(std::mem::take(&mut text).trim().to_owned()),
        Xml::End("tr") => {
            cells.retain(|cell| !cell.is_empty());
            found.push(Block::Text(cells.join(", ")));
        }
        Xml::End("tbl") => tables = tables.saturating_sub(1),
        _ => {}
    })?;
    Ok(found)
}

/// Styles are named in the language of whoever made the document; their numbers are not.
fn heading(style: &str) -> Option<u8> {
    let style = style.to_ascii_lowercase();
    if matches!(&*style, "title" | "titel" | "titre" | "titulo" | "título") {
        return Some(1);
    }
    let names = [
        "heading",
        "berschrift",
        "titre",
        "titolo",
        "ttulo",
        "titulo",
        "kop",
    ];
    let digits = style.trim_start_matches(|c: char| !c.is_ascii_digit());
    let level: u8 = digits
        .parse()
        .ok()
        .filter(|level| (1..=6).contains(level))?;
    names
        .iter()
        .any(|name| style.contains(name))
        .then_some(level)
}

/// What an XML file holds, names without their prefix. An empty element starts and ends.
enum Xml<'a> {
    /// With the value of its attribute `val`.
    Start(&'a str, &'a str),
    Text(&'a str),
    End(&'a str),
}

fn each(xml: &str, mut see: impl FnMut(Xml<'_>)) -> Result<(), String> {
    let broken = |error: &dyn std::fmt::Display| format!("its XML is broken: {error}");
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event().map_err(|error| broken(&error))? {
            Event::Start(tag) => {
                see(Xml::Start(local(tag.name().as_ref()), &value(&tag)));
            }
            Event::Empty(tag) => {
                let name = tag.name();
                see(Xml::Start(local(name.as_ref()), &value(&tag)));
                see(Xml::End(local(name.as_ref())));
            }
            Event::End(tag) => see(Xml::End(local(tag.name().as_ref()))),
            Event::Text(text) => see(Xml::Text(&text.xml_content(XmlVersion::Implicit1_0))),
            Event::CData(text) => see(Xml::Text(&text.xml_content(XmlVersion::Implicit1_0))),
            // Five entities and numbers; those that a document declares itself are never expanded.
            Event::GeneralRef(name) => {
                if let Ok(Some(c)) = name.resolve_char_ref() {
                    see(Xml::Text(c.encode_utf8(&mut [0; 4])));
                } else if let Some(text) = quick_xml::escape::resolve_xml_entity(
                    &name.xml_content(XmlVersion::Implicit1_0),
                ) {
                    see(Xml::Text(text));
                }
            }
            Event::Eof => return Ok(()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn value(tag: &BytesStart<'_>) -> String {
    let mut attributes = tag.attributes();
    let found = attributes
        .with_checks(false)
        .flatten()
        .find(|attribute| local(attribute.key.as_ref()) == "val");
    found.map_or_else(String::new, |attribute| attribute.value.into_owned())
}
