//! Sentences with places for a row's values. A part in `[…]` is left out where one of its values is missing.

/// The sentence with its values; `None` when one outside of `[…]` is missing.
pub(crate) fn fill(template: &str, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(&plain(before, value)?);
        let (part, tail) = after.split_once(']')?;
        if let Some(part) = plain(part, value) {
            out.push_str(&part);
        }
        rest = tail;
    }
    out.push_str(&plain(rest, value)?);
    Some(out.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn plain(template: &str, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (key, tail) = after.split_once('}')?;
        out.push_str(before);
        out.push_str(&value(key)?);
        rest = tail;
    }
    out.push_str(rest);
    Some(out)
}

/// Whether it is text with brackets that pair, and every key is known.
pub(crate) fn is_sound(template: &str, known: &dyn Fn(&str) -> bool) -> bool {
    let filled = fill(template, &|key| known(key).then(|| "x".to_owned()));
    let every = fill(template, &|_| Some("x".to_owned()));
    filled.is_some()
        && filled == every
        && filled.is_some_and(|text| !text.is_empty() && !text.contains(['{', '}', '[', ']']))
}

/// The sentence with a capital letter at its beginning.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::{fill, is_sound};

    #[test]
    fn a_part_without_its_value_is_left_out() {
        let value = |key: &str| match key {
            "name" => Some("Emma".to_owned()),
            "price" => Some("5 {odd} dollars".to_owned()),
            _ => None,
        };
        let said = |template| fill(template, &value);
        assert_eq!(
            said("{name}[ on floor {floor}] for {price}.").unwrap(),
            "Emma for 5 {odd} dollars."
        );
        assert_eq!(said("{name} on floor {floor}"), None);
        assert_eq!(said("{name"), None);
    }

    #[test]
    fn a_template_with_a_slip_is_not_sound() {
        let known = |key: &str| key == "name";
        for (template, sound) in [
            ("{name}", true),
            ("{name}[, {name}]", true),
            ("{nam}", false),
            ("[{nam}] x", false),
            ("{name", false),
            ("[{name}", false),
            ("", false),
        ] {
            assert_eq!(is_sound(template, &known), sound, "{template:?}");
        }
    }
}
