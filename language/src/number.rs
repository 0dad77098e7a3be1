//! Spoken numbers in digits, as far as matching needs it: digit strings, tens, and service codes.

/// Whether a folded word is a number or a part of one.
pub(crate) fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) || MAGNITUDES.contains(&word)
}

const MAGNITUDES: [&str; 6] = ["hundred", "thousand", "million", "billion", "lakh", "crore"];

/// Replaces number words by digits and joins digits spoken one by one: "two three six" is `236`,
/// "double seven" is `77`, "twenty five" is `25`, "star two three six hash" is `*236#`.
pub(crate) fn join(tokens: Vec<String>) -> Vec<String> {
    codes(strings(values(tokens)))
}

/// A token whose value is known, and how it may join its neighbours.
enum Part {
    Digit(String),
    Tens(u32),
    Other(String),
}

fn values(tokens: Vec<String>) -> Vec<Part> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let times = match token.as_str() {
            "double" => 2,
            "triple" => 3,
            _ => 0,
        };
        let repeated = tokens
            .peek()
            .and_then(|next| unit(next))
            .filter(|_| times > 0);
        out.push(match (repeated, unit(&token), tens(&token)) {
            (Some(digit), ..) => {
                tokens.next();
                Part::Digit(digit.to_string().repeat(times))
            }
            (None, Some(digit), _) => Part::Digit(digit.to_string()),
            (None, None, Some(tens)) => Part::Tens(tens),
            (None, None, None) => match teen(&token) {
                Some(teen) => Part::Other(teen.to_string()),
                None => Part::Other(token),
            },
        });
    }
    out
}

fn strings(parts: Vec<Part>) -> Vec<String> {
    let mut out: Vec<String> = Vec::with_capacity(parts.len());
    let mut digits = String::new();
    let mut parts = parts.into_iter().peekable();
    while let Some(part) = parts.next() {
        if let Part::Digit(digit) = &part {
            digits.push_str(digit);
            continue;
        }
        if !digits.is_empty() {
            out.push(std::mem::take(&mut digits));
        }
        match part {
            Part::Tens(tens) => {
                let unit = parts
                    .next_if(|next| matches!(next, Part::Digit(d) if d.len() == 1 && d != "0"));
                let unit = unit.map_or(0, |u| {
                    if let Part::Digit(d) = u {
                        d.parse().unwrap_or(0)
                    } else {
                        0
                    }
                });
                out.push((tens + unit).to_string());
            }
            Part::Other(word) => out.push(word),
            Part::Digit(_) => {}
        }
    }
    if !digits.is_empty() {
        out.push(digits);
    }
    out
}

fn codes(tokens: Vec<String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let number = token.starts_with(|c: char| c.is_ascii_digit());
        match out.last_mut() {
            Some(last) if number && (last == "star" || last == "asterisk") => {
                *last = format!("*{token}")
            }
            Some(last)
                if last.starts_with('*')
                    && !last.ends_with('#')
                    && matches!(token.as_str(), "hash" | "pound") =>
            {
                last.push('#');
            }
            Some(last)
                if last.starts_with('*') && !last.ends_with('#') && (token == "star" || number) =>
            {
                last.push_str(if number { &token } else { "*" });
            }
            _ => out.push(token),
        }
    }
    out
}

fn unit(word: &str) -> Option<u32> {
    const UNITS: [&str; 10] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    ];
    if word.len() == 1 {
        return word.parse().ok();
    }
    if word == "oh" {
        return None;
    }
    UNITS
        .iter()
        .position(|u| *u == word)
        .and_then(|at| u32::try_from(at).ok())
}

fn teen(word: &str) -> Option<u32> {
    const TEENS: [&str; 10] = [
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
    TEENS
        .iter()
        .position(|t| *t == word)
        .and_then(|at| u32::try_from(at + 10).ok())
}

fn tens(word: &str) -> Option<u32> {
    const TENS: [&str; 8] = [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    TENS.iter()
        .position(|t| *t == word)
        .and_then(|at| u32::try_from((at + 2) * 10).ok())
}
