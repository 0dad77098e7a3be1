//! What must hold in a look-up whose address and parameters the pack declares.

use std::path::Path;

use super::{Lookup, Proof};
use crate::{
    check::{Names, bad, ids},
    error::PackError,
    slot::{self, Slot, Wrong},
};

/// The only settings that a pack may name begin so.
pub(crate) const TOKENS: &str = "LOOKUP_TOKEN_";
/// The caller's name in the other system, in an address.
const CUSTOMER: &str = "customer";
/// Headers that belong to the request and not to who asks.
const OF_THE_REQUEST: [&str; 6] = [
    "connection",
    "content-length",
    "host",
    "idempotency-key",
    "te",
    "transfer-encoding",
];

/// Everything that a look-up declares beside its phrases, fields and answer; fills in the pack's names.
pub(crate) fn check(file: &Path, names: Names<'_>, lookup: &mut Lookup) -> Result<(), PackError> {
    let wrong = |key: &str, value: &str, accepted: &str| {
        let key = format!("lookup {}: {key}", lookup.name);
        Err(bad(file, &key, value, accepted))
    };
    match (lookup.proof, lookup.unauthenticated.is_empty()) {
        (Proof::Code, true) => {
            let accepted = "a sentence, as proof is \"code\"";
            return wrong("unauthenticated", "", accepted);
        }
        (Proof::None, false) => {
            let accepted = "nothing, as proof is \"none\": everybody is answered";
            return wrong("unauthenticated", &lookup.unauthenticated, accepted);
        }
        _ => {}
    }
    match &lookup.address {
        Some(address) => {
            if let Err((key, value, accepted)) = of_address(lookup, address) {
                return wrong(key, &value, &accepted);
            }
        }
        None => {
            let without = "nothing without an address";
            for (key, value) in [
                ("credential", lookup.credential.as_ref()),
                ("parameters", lookup.parameters.keys().next()),
            ] {
                if let Some(value) = value {
                    return wrong(key, value, without);
                }
            }
        }
    }
    if let Err((key, value, accepted)) = of_credential(lookup) {
        return wrong(key, &value, &accepted);
    }
    let parameters = lookup.parameters.keys().map(String::as_str);
    ids(
        file,
        &format!("lookup {}: parameters", lookup.name),
        parameters,
    )?;
    for (name, parameter) in &lookup.parameters {
        let has_line = parameter.ask.is_some() || lookup.ask.is_some();
        let checked = of_parameter(lookup, name, parameter, has_line);
        if let Err((part, value, accepted)) = checked {
            return wrong(&format!("parameters.{name}{part}"), &value, &accepted);
        }
    }
    let of = format!("lookup {}: ", lookup.name);
    if let Some(line) = &mut lookup.ask {
        names.fill(file, &format!("{of}ask"), line, &[])?;
    }
    for (name, parameter) in &mut lookup.parameters {
        if let Some(line) = &mut parameter.ask {
            names.fill(file, &format!("{of}parameters.{name}.ask"), line, &[])?;
        }
    }
    Ok(())
}

fn of_address(lookup: &Lookup, address: &str) -> Result<(), Wrong> {
    let wrong = |accepted: &str| Err(("address", address.to_owned(), accepted.to_owned()));
    let absolute = "an address such as https://desk.example.com/queues/{branch}, with placeholders behind the host alone";
    let rest = address
        .strip_prefix("https://")
        .or_else(|| address.strip_prefix("http://"));
    let Some(rest) = rest else {
        return wrong(absolute);
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, behind) = rest.split_at(end);
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let usable = |c: char| c.is_ascii_graphic() && !matches!(c, '#' | '\\' | '"' | '<' | '>');
    if host.is_empty() || !host.chars().all(is_host) || !behind.chars().all(usable) {
        return wrong(absolute);
    }
    let Some(used) = placeholders(behind) else {
        return wrong("placeholders in pairs of braces, such as {branch}");
    };
    for name in &used {
        let is_customer = *name == CUSTOMER && lookup.proof == Proof::Code;
        if !is_customer && !lookup.parameters.contains_key(*name) {
            let mut allowed: Vec<&str> = lookup.parameters.keys().map(String::as_str).collect();
            if lookup.proof == Proof::Code {
                allowed.push(CUSTOMER);
            }
            return wrong(&format!(
                "placeholders of its parameters ({})",
                allowed.join(", ")
            ));
        }
    }
    let mut parameters = lookup.parameters.keys();
    match parameters.find(|name| !used.contains(&name.as_str())) {
        Some(unused) => wrong(&format!("an address that holds {{{unused}}} too")),
        None => Ok(()),
    }
}

/// The names in braces; `None` where braces do not pair.
fn placeholders(text: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        let (name, after) = rest[open..].strip_prefix('{')?.split_once('}')?;
        if name.contains('{') {
            return None;
        }
        found.push(name);
        rest = after;
    }
    Some(found)
}

fn of_credential(lookup: &Lookup) -> Result<(), Wrong> {
    let letter = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if let Some(setting) = &lookup.credential {
        let own = setting.strip_prefix(TOKENS).unwrap_or_default();
        if own.is_empty() || !own.chars().all(letter) {
            let accepted =
                format!("the name of a setting that begins with {TOKENS}, such as {TOKENS}DESK");
            return Err(("credential", setting.clone(), accepted));
        }
    }
    let Some(header) = &lookup.header else {
        return Ok(());
    };
    let wrong = |accepted: &str| Err(("header", header.clone(), accepted.to_owned()));
    if lookup.credential.is_none() {
        return wrong("nothing without a credential");
    }
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_name = !header.is_empty() && header.chars().all(letter);
    if !is_name || OF_THE_REQUEST.contains(&header.as_str()) {
        return wrong("the name of a header in lower case, such as x-api-key");
    }
    Ok(())
}

/// The key's end is that below the parameter's name.
fn of_parameter(
    lookup: &Lookup,
    name: &str,
    parameter: &Slot,
    has_line: bool,
) -> Result<(), Wrong> {
    let wrong =
        |part, value: &str, accepted: &str| Err((part, value.to_owned(), accepted.to_owned()));
    if name == CUSTOMER || lookup.fields.contains_key(name) {
        return wrong(
            "",
            name,
            "a name of its own: neither customer nor a field's",
        );
    }
    slot::wrong_in(parameter, has_line)
}

#[cfg(test)]
mod tests;
