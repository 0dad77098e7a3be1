//! Numbers in words.

use super::names::{SCALES, SMALL, TENS};

/// The largest number that is read out, exclusive; longer digit strings are not quantities.
const LIMIT: u64 = 1_000_000_000_000_000;

/// A whole number in words: "one thousand two hundred and fifty".
#[must_use]
pub fn cardinal(number: u64) -> String {
    let small = |n: u64| usize::try_from(n).ok();
    let joined = |head: String, rest: u64, link: &str| match rest {
        0 => head,
        _ => format!("{head}{link}{}", cardinal(rest)),
    };
    match number {
        0..20 => small(number).map_or("", |n| SMALL[n]).to_owned(),
        20..100 => {
            let tens = small(number / 10 - 2).map_or("", |n| TENS[n]);
            joined(tens.to_owned(), number % 10, " ")
        }
        100..1_000 => {
            let hundreds = format!("{} hundred", cardinal(number / 100));
            joined(hundreds, number % 100, " and ")
        }
        _ => {
            let (size, name) = SCALES
                .into_iter()
                .map(|(zeros, name)| (10_u64.pow(zeros), name))
                .find(|(size, _)| number >= *size)
                .unwrap_or((1_000, "thousand"));
            let head = format!("{} {name}", cardinal(number / size));
            let rest = number % size;
            joined(head, rest, if rest < 100 { " and " } else { " " })
        }
    }
}

/// Digits one by one: "236" is "two three six". Other characters are left out.
#[must_use]
pub fn digits_in_words(text: &str) -> String {
    let names: Vec<&str> = text
        .chars()
        .filter_map(|c| c.to_digit(10))
        .filter_map(|digit| SMALL.get(usize::try_from(digit).ok()?).copied())
        .collect();
    names.join(" ")
}

/// "1,250" and "3.5" in words; `None` for anything else.
#[must_use]
pub fn in_words(text: &str) -> Option<String> {
    let Some((whole, fraction)) = text.split_once('.') else {
        return whole_number(text).map(cardinal);
    };
    let whole = cardinal(whole_number(whole)?);
    let digits = !fraction.is_empty() && fraction.chars().all(|c| c.is_ascii_digit());
    digits.then(|| format!("{whole} point {}", digits_in_words(fraction)))
}

/// "1st", "22nd", "3rd", "31th" in words; `None` for anything else.
#[must_use]
pub fn ordinal_in_words(word: &str) -> Option<String> {
    let number = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|end| word.strip_suffix(end))?;
    let number: u64 = number.parse().ok().filter(|&number| number <= 9999)?;
    let words = cardinal(number);
    let (head, last) = words
        .rsplit_once(' ')
        .map_or(("", words.as_str()), |(head, last)| (head, last));
    let last = match last {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        tens if tens.ends_with('y') => format!("{}ieth", tens.trim_end_matches('y')),
        other => format!("{other}th"),
    };
    Some(format!("{head} {last}").trim_start().to_owned())
}

/// A decimal as amounts are written: "-1234.5" is "-1,234.50"; `None` for what is not a decimal. Text in and out:
/// a float would lose cents.
#[must_use]
pub fn grouped(decimal: &str) -> Option<String> {
    let (sign, number) = match decimal.strip_prefix('-') {
        Some(number) => ("-", number),
        None => ("", decimal),
    };
    let (whole, cents) = number.split_once('.').unwrap_or((number, "00"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(cents) || whole.len() > 15 || cents.len() > 4 {
        return None;
    }
    let mut out = String::from(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    Some(format!("{out}.{cents:0<2}"))
}

/// Digits, with commas where thousands have them.
pub(crate) fn whole_number(text: &str) -> Option<u64> {
    let groups: Vec<&str> = text.split(',').collect();
    let digits = |group: &&str| !group.is_empty() && group.chars().all(|c| c.is_ascii_digit());
    let thousands = || groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3);
    let well_formed = groups.iter().all(digits) && (groups.len() == 1 || thousands());
    let number = well_formed.then(|| groups.concat().parse::<u64>().ok());
    number.flatten().filter(|&number| number < LIMIT)
}
