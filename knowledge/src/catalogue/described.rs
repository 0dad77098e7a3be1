//! What must hold in `catalogue.toml`, and the messages that help when it does not.

use std::path::Path;

use super::{
    schema::{CatalogueFile, Field, Kind, Table},
    template, value,
};
use crate::{
    check::{bad, id, ids},
    error::PackError,
};

/// Checks what does not need the rows, and fills in labels.
pub(crate) fn check_file(file: &Path, catalogue: &mut CatalogueFile) -> Result<(), PackError> {
    let names: Vec<String> = catalogue.tables.iter().map(|t| t.name.clone()).collect();
    ids(file, "table.name", names.iter().map(String::as_str))?;
    for table in &mut catalogue.tables {
        let key = |key: &str| format!("table {:?}: {key}", table.name);
        let safe = !table.file.is_empty()
            && Path::new(&table.file)
                .components()
                .all(|part| matches!(part, std::path::Component::Normal(_)));
        let ending = Path::new(&table.file).extension();
        if !safe || !ending.is_some_and(|e| e == "csv" || e == "json") {
            let accepted = "a .csv or .json file below the pack's folder";
            return Err(bad(file, &key("file"), &table.file, accepted));
        }
        ids(
            file,
            &key("field.key"),
            table.fields.iter().map(|field| field.key.as_str()),
        )?;
        if table.place(&table.title).is_none() {
            let accepted = "the key of one of its fields";
            return Err(bad(file, &key("title"), &table.title, accepted));
        }
        check_templates(file, table)?;
        for field in &table.fields {
            check_field(file, table, field, &names)?;
        }
        for field in &mut table.fields {
            if field.label.is_empty() {
                field.label = field.key.replace('_', " ");
            }
        }
    }
    Ok(())
}

fn check_templates(file: &Path, table: &Table) -> Result<(), PackError> {
    let own = |key: &str| table.place(key).is_some();
    let with_value = |key: &str| own(key) || key == "value";
    let two = |key: &str| matches!(key, "a" | "b" | "a_value" | "b_value");
    let accepted = "a sentence whose {…} are keys of fields";
    let check = |key: String, text: &str, known: &dyn Fn(&str) -> bool| {
        if template::is_sound(text, known) {
            Ok(())
        } else {
            Err(bad(file, &key, text, accepted))
        }
    };
    check(format!("table {:?}: row", table.name), &table.row, &own)?;
    check(
        format!("table {:?}: detail", table.name),
        &table.detail,
        &own,
    )?;
    for field in &table.fields {
        let key = |key: &str| format!("field {:?}: {key}", field.key);
        for (name, text) in [
            ("say", &field.say),
            ("none", &field.none),
            ("zero", &field.zero),
            ("lack", &field.lack),
            ("has", &field.has),
            ("has_not", &field.has_not),
        ] {
            if let Some(text) = text {
                check(key(name), text, &with_value)?;
            }
        }
        if let Some(text) = &field.versus {
            check(key("versus"), text, &two)?;
        }
    }
    Ok(())
}

fn check_field(
    file: &Path,
    table: &Table,
    field: &Field,
    names: &[String],
) -> Result<(), PackError> {
    let key = |key: &str| format!("table {:?}: field {:?}: {key}", table.name, field.key);
    id(file, "field.key", &field.key)?;
    if let Some(link) = &field.link
        && !names.contains(link)
    {
        return Err(bad(file, &key("link"), link, "the name of a table"));
    }
    if let Some(from) = &field.from {
        let linked = from.split_once('.');
        let place = linked.map_or(from.as_str(), |(place, _)| place);
        let link = table.field(place).and_then(|field| field.link.as_ref());
        let has_link = linked.is_none() || link.is_some();
        if table.place(place).is_none() || !has_link {
            let accepted = "another field of the table, or place.key";
            return Err(bad(file, &key("from"), from, accepted));
        }
    }
    for means in &field.means {
        let bounds = [&means.at_most, &means.at_least];
        for bound in bounds.into_iter().flatten() {
            let fits = match field.kind {
                Kind::Number => value::number(bound).is_some(),
                Kind::Month => value::month(bound).is_some(),
                Kind::Money => language::money::parse(bound, "").is_some(),
                _ => false,
            };
            if !fits {
                return Err(bad(file, &key("means"), bound, field.kind.accepted()));
            }
        }
        let conditions = [
            means.is.is_some(),
            means.at_most.is_some(),
            means.at_least.is_some(),
            means.given.is_some(),
        ];
        if !conditions.contains(&true) {
            let accepted = "is, at_most, at_least or given beside the phrases";
            return Err(bad(
                file,
                &key("means"),
                &means.phrases.join("; "),
                accepted,
            ));
        }
    }
    if let Some(alternatives) = &table.alternatives {
        let fields = [
            Some(&alternatives.price),
            alternatives.value.as_ref(),
            alternatives.place.as_ref(),
        ];
        for wanted in fields.into_iter().flatten() {
            if table.place(wanted).is_none() {
                let accepted = "the key of one of its fields";
                return Err(bad(file, &key("alternatives"), wanted, accepted));
            }
        }
    }
    Ok(())
}
