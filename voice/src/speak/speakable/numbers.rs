//! Numbers in words.

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
const SCALES: [(u64, &str); 4] = [
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1_000, "thousand"),
];

/// Sign or code before an amount; its unit and the unit's hundredth, one and many.
const CURRENCIES: [(&str, [&str; 2], [&str; 2]); 12] = [
    ("$", ["dollar", "dollars"], ["cent", "cents"]),
    ("USD", ["dollar", "dollars"], ["cent", "cents"]),
    ("£", ["pound", "pounds"], ["penny", "pence"]),
    ("GBP", ["pound", "pounds"], ["penny", "pence"]),
    ("€", ["euro", "euros"], ["cent", "cents"]),
    ("EUR", ["euro", "euros"], ["cent", "cents"]),
    ("₹", ["rupee", "rupees"], ["paisa", "paise"]),
    ("INR", ["rupee", "rupees"], ["paisa", "paise"]),
    ("Rs", ["rupee", "rupees"], ["paisa", "paise"]),
    ("KES", ["shilling", "shillings"], ["cent", "cents"]),
    ("KSh", ["shilling", "shillings"], ["cent", "cents"]),
    ("Ksh", ["shilling", "shillings"], ["cent", "cents"]),
];

/// Digits one by one; what is no digit is left out.
pub(super) fn digits(text: &str) -> String {
    text.chars()
        .filter_map(|c| c.to_digit(10))
        .map(|digit| SMALL[digit as usize])
        .collect::<Vec<_>>()
        .join(" ")
}

/// "1,250" and "3.5" in words; `None` for anything else.
pub(super) fn number_words(text: &str) -> Option<String> {
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let whole = cardinal(whole_number(whole)?);
    match fraction {
        None => Some(whole),
        Some(fraction) if !fraction.is_empty() && fraction.chars().all(|c| c.is_ascii_digit()) => {
            Some(format!("{whole} point {}", digits(fraction)))
        }
        Some(_) => None,
    }
}

/// An amount of money: "$1,250.50" alone, or "1,250.50" after the code "KES".
pub(super) fn money(word: &str, code: Option<&str>) -> Option<String> {
    let (_, units, cents, amount) = CURRENCIES.iter().find_map(|&(sign, units, cents)| {
        let amount = match code {
            Some(code) => (code.trim_end_matches('.') == sign).then_some(word),
            None => word.strip_prefix(sign),
        };
        amount.map(|amount| (sign, units, cents, amount))
    })?;
    let (whole, fraction) = amount
        .split_once('.')
        .map_or((amount, ""), |(whole, fraction)| (whole, fraction));
    let whole = whole_number(whole)?;
    if !fraction.chars().all(|c| c.is_ascii_digit()) || fraction.len() == 1 || fraction.len() > 2 {
        // "$1.5" is no sum of cents.
        return number_words(amount).map(|number| format!("{number} {}", units[1]));
    }
    let hundredths: u64 = fraction.parse().unwrap_or(0);
    let count = |number: u64, names: [&str; 2]| {
        format!("{} {}", cardinal(number), names[usize::from(number != 1)])
    };
    Some(match (whole, hundredths) {
        (whole, 0) => count(whole, units),
        (0, hundredths) => count(hundredths, cents),
        (whole, hundredths) => format!("{} and {}", count(whole, units), count(hundredths, cents)),
    })
}

/// "1st", "22nd", "3rd", "31th" in words.
pub(super) fn ordinal(word: &str) -> Option<String> {
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

/// Digits, with commas where thousands have them.
fn whole_number(text: &str) -> Option<u64> {
    let groups: Vec<&str> = text.split(',').collect();
    let well_formed = groups.len() == 1
        || groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3);
    if !well_formed
        || !groups
            .iter()
            .all(|group| !group.is_empty() && group.chars().all(|c| c.is_ascii_digit()))
    {
        return None;
    }
    groups
        .concat()
        .parse()
        .ok()
        .filter(|&number: &u64| number < 1_000_000_000_000_000)
}

fn cardinal(number: u64) -> String {
    if let Some(word) = SMALL.get(number as usize) {
        return (*word).to_owned();
    }
    if number < 100 {
        let (tens, ones) = (TENS[number as usize / 10], number % 10);
        return if ones == 0 {
            tens.to_owned()
        } else {
            format!("{tens} {}", cardinal(ones))
        };
    }
    if number < 1000 {
        let (hundreds, rest) = (format!("{} hundred", cardinal(number / 100)), number % 100);
        return if rest == 0 {
            hundreds
        } else {
            format!("{hundreds} and {}", cardinal(rest))
        };
    }
    let (scale, name) = SCALES
        .into_iter()
        .find(|(scale, _)| number >= *scale)
        .unwrap_or((1000, "thousand"));
    let (head, rest) = (
        format!("{} {name}", cardinal(number / scale)),
        number % scale,
    );
    match rest {
        0 => head,
        1..=99 => format!("{head} and {}", cardinal(rest)),
        _ => format!("{head} {}", cardinal(rest)),
    }
}
