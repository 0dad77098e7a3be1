//! How telephone numbers are said and dialled where a pack's callers live.

use std::path::Path;

use serde::Deserialize;

use crate::{check::bad, error::PackError};

/// A country's telephone numbers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Country {
    /// The country's code, without a plus: `263`.
    pub calling_code: String,
    /// What is dialled before a number within the country and left out behind the code: `0`. None where nothing is.
    #[serde(default)]
    pub trunk: String,
    /// Its numbers in the groups in which people say them, `#` for any digit: `07## ### ###`. The first that fits counts.
    pub numbers: Vec<String>,
}

impl Country {
    /// The number with the country's code that a national one stands for, digits only. `loose` takes it without its
    /// trunk prefix too.
    pub(super) fn international(&self, national: &str, loose: bool) -> Option<String> {
        self.numbers.iter().find_map(|form| {
            let form = ungrouped(form);
            let bare = self.without_trunk(&form);
            let own = match fits(&form, national) {
                true => self.without_trunk(national),
                false => {
                    let rest = self.without_trunk(national);
                    let is_said = bare.len() == form.len() || rest.len() < national.len();
                    (fits(bare, rest) && (is_said || loose)).then_some(rest)?
                }
            };
            Some(format!("{}{own}", self.calling_code))
        })
    }

    /// The groups in which a number of the country is said at home; `international` is digits only.
    pub(super) fn groups(&self, international: &str) -> Option<Vec<String>> {
        let own = international.strip_prefix(&self.calling_code)?;
        self.numbers.iter().find_map(|written| {
            let form = ungrouped(written);
            let bare = self.without_trunk(&form);
            if !fits(bare, own) {
                return None;
            }
            let trunk = form.strip_suffix(bare)?;
            let digits = format!("{trunk}{own}");
            let mut rest = digits.as_str();
            let groups = written.split(' ').filter_map(|group| {
                let (group, after) = rest.split_at_checked(group.len())?;
                rest = after;
                Some(group.to_owned())
            });
            Some(groups.collect())
        })
    }

    /// "+263 (0)77": the trunk prefix behind the country's own code is left out where the number fits without it.
    pub(super) fn without_inner_trunk(&self, international: &str) -> String {
        let own = international.strip_prefix(&self.calling_code);
        let national = own.filter(|own| !self.trunk.is_empty() && own.starts_with(&self.trunk));
        let number = national.and_then(|own| self.international(own, false));
        number.unwrap_or_else(|| international.to_owned())
    }

    fn without_trunk<'d>(&self, digits: &'d str) -> &'d str {
        digits.strip_prefix(self.trunk.as_str()).unwrap_or(digits)
    }
}

fn ungrouped(form: &str) -> String {
    form.replace(' ', "")
}

fn fits(form: &str, digits: &str) -> bool {
    form.len() == digits.len()
        && form
            .bytes()
            .zip(digits.bytes())
            .all(|(form, digit)| form == b'#' || form == digit)
}

/// What a pack says of its country.
pub(crate) fn check(file: &Path, country: &Country) -> Result<(), PackError> {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let code = country.calling_code.as_str();
    if !digits(code) || !(1..=3).contains(&code.len()) || code.starts_with('0') {
        let accepted = "a country's code of one to three digits, such as 263";
        return Err(bad(file, "country.calling_code", code, accepted));
    }
    if !digits(&country.trunk) || country.trunk.len() > 2 {
        let accepted = "one or two digits, such as 0, or nothing";
        return Err(bad(file, "country.trunk", &country.trunk, accepted));
    }
    let accepted =
        "numbers as they are said, digits and # for any digit, in groups, such as 07## ### ###";
    if country.numbers.is_empty() {
        return Err(bad(file, "country.numbers", "", accepted));
    }
    for form in &country.numbers {
        let is_group = |group: &str| {
            !group.is_empty() && group.bytes().all(|b| b == b'#' || b.is_ascii_digit())
        };
        // With the code, at most the 15 digits of E.164.
        let length = code.len() + country.without_trunk(&ungrouped(form)).len();
        if !form.split(' ').all(is_group) || !(7..=15).contains(&length) {
            return Err(bad(file, "country.numbers", form, accepted));
        }
    }
    Ok(())
}
