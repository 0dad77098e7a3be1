//! Files as programs make them, and as somebody might who means harm.

use std::io::{Cursor, Write as _};

use zip::{ZipWriter, write::SimpleFileOptions};

/// A Word document with this text of its `word/document.xml`.
pub(crate) fn docx(body: &str) -> Vec<u8> {
    let document = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>"#
    );
    let core = r#"<cp:coreProperties xmlns:cp="c" xmlns:dc="d" xmlns:dcterms="t"><dc:title>Rules</dc:title><dcterms:modified>2026-02-03T08:00:00Z</dcterms:modified></cp:coreProperties>"#;
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("docProps/core.xml", core.as_bytes()),
        ("word/document.xml", document.as_bytes()),
    ])
}

pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A page of a PDF: lines with size and height above the page's bottom.
pub(crate) type Line<'a> = (u32, u32, &'a str);

/// A PDF of these pages.
pub(crate) fn pdf(pages: &[&[Line<'_>]]) -> Vec<u8> {
    let streams = pages.iter().map(|lines| {
        let mut content = String::from("BT\n");
        for (size, y, text) in *lines {
            content.push_str(&format!("/F1 {size} Tf 1 0 0 1 72 {y} Tm ({text}) Tj\n"));
        }
        content.push_str("ET");
        (String::new(), content.into_bytes())
    });
    pdf_of(streams.collect(), "")
}

/// A PDF of pages with these streams: further entries of the stream's dictionary, and its bytes. `resources` are further
/// entries of each page's.
pub(crate) fn pdf_of(streams: Vec<(String, Vec<u8>)>, resources: &str) -> Vec<u8> {
    let kids: Vec<String> = (0..streams.len())
        .map(|at| format!("{} 0 R", 5 + at * 2))
        .collect();
    let mut objects: Vec<Vec<u8>> = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!(
            "<< /Type /Pages /Kids [{}] /Count {} >>",
            kids.join(" "),
            kids.len()
        )
        .into_bytes(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
            .to_vec(),
        b"<< /Title (Prices 2026) /ModDate (D:20260504120000Z) >>".to_vec(),
    ];
    for (at, (entries, bytes)) in streams.into_iter().enumerate() {
        let page = format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> {resources} >> /Contents {} 0 R >>",
            6 + at * 2
        );
        objects.push(page.into_bytes());
        let mut stream = format!("<< /Length {} {entries} >>\nstream\n", bytes.len()).into_bytes();
        stream.extend(bytes);
        stream.extend(b"\nendstream");
        objects.push(stream);
    }
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.extend(format!("{} 0 obj\n", at + 1).bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let table = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for place in places {
        file.extend(format!("{place:010} 00000 n \n").bytes());
    }
    let trailer = format!(
        "trailer\n<< /Size {} /Root 1 0 R /Info 4 0 R >>\nstartxref\n{table}\n%%EOF\n",
        objects.len() + 1
    );
    file.extend(trailer.bytes());
    file
}

/// `size` zeros, packed as PDF and ZIP do it.
pub(crate) fn packed_zeros(size: usize) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b'\n'; 1_000_000];
    for _ in 0..size / zeros.len() {
        packer.write_all(&zeros).unwrap();
    }
    packer.finish().unwrap()
}

/// House rules as a Word document: styles, an entity, what was struck out, a table.
pub(crate) fn rules() -> Vec<u8> {
    let paragraph = |style: &str, text: &str| {
        format!(
            r#"<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>"#
        )
    };
    let table = r#"<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Child</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>free</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"#;
    let body = [
        paragraph("Heading1", "House rules"),
        paragraph("Normal", "Be quiet &amp; kind."),
        paragraph("Heading2", "Food"),
        r#"<w:p><w:r><w:t>None</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:t xml:space="preserve"> inside.</w:t></w:r></w:p>"#.to_owned(),
        table.to_owned(),
    ];
    docx(&body.concat())
}

/// A price list as a PDF of two pages: headings by size, a divided word, a sentence over both.
pub(crate) fn prices() -> Vec<u8> {
    let first: &[Line<'_>] = &[
        (20, 780, "Prices"),
        (10, 740, "A card costs two euros a"),
        (10, 728, "year. Children pay noth-"),
        (10, 716, "ing."),
        (14, 680, "Rooms"),
        (10, 660, "A room costs five"),
    ];
    let second: &[Line<'_>] = &[(10, 780, "euros an hour."), (10, 740, "Pay at the desk.")];
    pdf(&[first, second])
}
