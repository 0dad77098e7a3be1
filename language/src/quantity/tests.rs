//! Money and counts in every notation.

use super::{Manner, quantities};
use crate::money::{Unit, amounts, said};

/// The first amount of `text` for a caller whose currency is `own`, as "INR 0..20000000" in whole units.
#[track_caller]
fn check(text: &str, own: &str, expected: &str) {
    let found = amounts(text, own);
    let shown: Vec<String> = found
        .iter()
        .map(|amount| {
            let end = |end: Option<i64>| {
                end.map_or(String::new(), |minor| {
                    let (whole, cents) = (minor / 100, minor % 100);
                    if cents == 0 {
                        whole.to_string()
                    } else {
                        format!("{whole}.{cents:02}")
                    }
                })
            };
            let mark = match amount.manner {
                Manner::Exactly => "=",
                Manner::AtMost => "<",
                Manner::AtLeast => ">",
                Manner::Between => "..",
                Manner::About => "~",
            };
            let ends = match amount.manner {
                Manner::AtMost => end(amount.most),
                Manner::Between => format!("{} {}", end(amount.least), end(amount.most)),
                _ => end(amount.least),
            };
            format!("{} {mark} {ends}", amount.currency)
        })
        .collect();
    assert_eq!(shown.join(", "), expected, "money in {text:?}");
}

#[test]
fn money_in_lakh_and_crore() {
    for (text, expected) in [
        ("2 Cr", "INR = 20000000"),
        ("2cr", "INR = 20000000"),
        ("2 crore", "INR = 20000000"),
        ("two crores", "INR = 20000000"),
        ("1.5 crores", "INR = 15000000"),
        ("one point five crore", "INR = 15000000"),
        ("one point eight five crore", "INR = 18500000"),
        ("a crore", "INR = 10000000"),
        ("a crore and a half", "INR = 15000000"),
        ("one and a half crore", "INR = 15000000"),
        ("one and a quarter crores", "INR = 12500000"),
        ("two and a half crores", "INR = 25000000"),
        ("half a crore", "INR = 5000000"),
        ("three quarters of a crore", "INR = 7500000"),
        ("eighty lakhs", "INR = 8000000"),
        ("80L", "INR = 8000000"),
        ("80 l", "INR = 8000000"),
        ("80 lac", "INR = 8000000"),
        ("eighty five lakh", "INR = 8500000"),
        ("85.5 lakhs", "INR = 8550000"),
        ("one crore twenty lakhs", "INR = 12000000"),
        ("1 crore 20 lakh", "INR = 12000000"),
        ("one crore and twenty lakhs", "INR = 12000000"),
        ("one crore twenty", "INR = 12000000"),
        ("two lakh fifty thousand", "INR = 250000"),
        ("₹80,00,000", "INR = 8000000"),
        ("Rs. 80 lakhs", "INR = 8000000"),
        ("rs 1,85,00,000", "INR = 18500000"),
        ("18500000 rupees", "INR = 18500000"),
        ("under two crore", "INR < 20000000"),
        ("below 80 lakhs", "INR < 8000000"),
        ("no more than a crore", "INR < 10000000"),
        ("my budget is 90 lakhs", "INR < 9000000"),
        ("a budget of around 90 lakhs", "INR < 9000000"),
        ("eighty lakhs max", "INR < 8000000"),
        ("up to 1.2 crore", "INR < 12000000"),
        ("over three crore", "INR > 30000000"),
        ("1 crore plus", "INR > 10000000"),
        ("a crore or more", "INR > 10000000"),
        ("around 90 lakhs", "INR ~ 9000000"),
        ("ninety lakhs or so", "INR ~ 9000000"),
        ("between eighty and ninety lakhs", "INR .. 8000000 9000000"),
        ("80 to 90 lakhs", "INR .. 8000000 9000000"),
        ("1-1.5 crore", "INR .. 10000000 15000000"),
        ("between 80 lakhs and 1 crore", "INR .. 8000000 10000000"),
        ("one to one and a half crore", "INR .. 10000000 15000000"),
        ("two core", "INR = 20000000"),
        ("under two crore and three bedrooms", "INR < 20000000"),
        ("under 2 crore 3 bhk", "INR < 20000000"),
    ] {
        check(text, "INR", expected);
    }
}

#[test]
fn money_in_dollars_and_other_currencies() {
    for (text, expected) in [
        ("a grand", "USD = 1000"),
        ("five grand", "USD = 5000"),
        ("1.2k", "USD = 1200"),
        ("1.2 k", "USD = 1200"),
        ("one point two k", "USD = 1200"),
        ("$1,200", "USD = 1200"),
        ("$1,200.50", "USD = 1200.50"),
        ("$ 799", "USD = 799"),
        ("USD 500", "USD = 500"),
        ("500 usd", "USD = 500"),
        ("five hundred bucks", "USD = 500"),
        ("under eight hundred dollars", "USD < 800"),
        ("less than eight fifty dollars", "USD < 850"),
        ("twelve hundred dollars", "USD = 1200"),
        ("twelve fifty bucks", "USD = 1250"),
        ("one thousand two hundred dollars", "USD = 1200"),
        ("a thousand five hundred dollars", "USD = 1500"),
        ("two hundred and fifty dollars", "USD = 250"),
        ("nine ninety nine dollars", "USD = 999"),
        ("a couple of grand", "USD = 2000"),
        ("half a grand", "USD = 500"),
        ("a quarter of a million", "USD = 250000"),
        ("a quarter million dollars", "USD = 250000"),
        ("three quarters of a million", "USD = 750000"),
        ("half a million", "USD = 500000"),
        ("one and a half million", "USD = 1500000"),
        ("$1.5m", "USD = 1500000"),
        ("$1.5 million", "USD = 1500000"),
        ("two million three hundred thousand", "USD = 2300000"),
        ("five dollars and twenty cents", "USD = 5.20"),
        ("fifty cents", "USD = 0.50"),
        ("19.99 dollars", "USD = 19.99"),
        ("500 euros", "EUR = 500"),
        ("£300", "GBP = 300"),
        ("three hundred quid", "GBP = 300"),
        ("between five and eight hundred dollars", "USD .. 500 800"),
        ("$500-$800", "USD .. 500 800"),
        ("from 500 to 800 dollars", "USD .. 500 800"),
        ("500 to 1.2k", "USD .. 500 1200"),
        ("roughly a grand", "USD ~ 1000"),
        ("a thousand tops", "USD < 1000"),
        ("at least two thousand dollars", "USD > 2000"),
        ("I can spend a thousand bucks", "USD < 1000"),
        ("$5 and 3 chairs", "USD = 5"),
        ("", ""),
        ("a lack of money", ""),
        ("the second one", ""),
        ("the 4th of two", ""),
        ("three seats", ""),
        ("one moment", ""),
        ("99999999999999999999 dollars", ""),
        (
            "nine million crore crore crore billion dollars",
            "USD = 9000000",
        ),
    ] {
        check(text, "USD", expected);
    }
}

#[test]
fn a_count_is_a_quantity_too() {
    for (text, least, most) in [
        ("three bedrooms", Some(3), Some(3)),
        ("2 or 3 bhk", Some(2), Some(3)),
        ("at least four seats", Some(4), None),
        ("under 1500 square feet", None, Some(1500)),
        ("two-bedroom", Some(2), Some(2)),
        ("3bhk", Some(3), Some(3)),
        ("4+ stars", Some(4), None),
    ] {
        let found = quantities(text);
        let found: Vec<_> = found
            .iter()
            .map(|q| (q.least.map(|n| n / 1000), q.most.map(|n| n / 1000)))
            .collect();
        assert_eq!(found, [(least, most)], "quantities in {text:?}");
    }
}

const RUPEES: Unit<'static> = Unit {
    one: "rupee",
    many: "rupees",
};
const DOLLARS: Unit<'static> = Unit {
    one: "dollar",
    many: "dollars",
};

#[test]
fn amounts_are_said_in_the_packs_manner() {
    let indian = ["crore".to_owned(), "lakh".to_owned()];
    for (minor, text) in [
        (1_850_000_000, "1.85 crore rupees"),
        (2_000_000_000, "2 crore rupees"),
        (725_000_000, "72.5 lakh rupees"),
        (1_234_567_800, "12,345,678 rupees"),
        (50_000, "500 rupees"),
    ] {
        assert_eq!(said(minor, "INR", RUPEES, &indian), text);
    }
    for (minor, text) in [
        (120_000, "1,200 dollars"),
        (79_950, "799.50 dollars"),
        (5, "0.05 dollars"),
        (100, "1 dollar"),
        (-100, "-1 dollar"),
        (101, "1.01 dollars"),
        (10_100, "101 dollars"),
        (0, "0 dollars"),
    ] {
        assert_eq!(said(minor, "USD", DOLLARS, &[]), text);
    }
    let yen = Unit {
        one: "yen",
        many: "yen",
    };
    assert_eq!(said(1500, "JPY", yen, &[]), "1,500 yen");
}
