//! What is written, and how it is said.

use super::speakable;

/// (written, said)
const CASES: &[(&str, &str)] = &[
    // Money.
    (
        "Your balance is $250.",
        "Your balance is two hundred and fifty dollars.",
    ),
    (
        "It costs $1.00 or £0.01.",
        "It costs one dollar or one penny.",
    ),
    (
        "A fee of $1,250.50 applies.",
        "A fee of one thousand two hundred and fifty dollars and fifty cents applies.",
    ),
    (
        "Send KES 1,500 today.",
        "Send one thousand five hundred shillings today.",
    ),
    (
        "Up to ₹900,000, please.",
        "Up to nine hundred thousand rupees, please.",
    ),
    (
        "Exactly $1,234.50!",
        "Exactly one thousand two hundred and thirty four dollars and fifty cents!",
    ),
    // A name for a power of ten stands before the unit, wherever the sign was.
    (
        "About $1.5 million.",
        "About one point five million dollars.",
    ),
    ("KES 2 billion", "two billion shillings"),
    (
        "about 1.5 million euros",
        "about one point five million euros",
    ),
    // The unit may follow.
    (
        "Your balance is 1,250.50 dollars.",
        "Your balance is one thousand two hundred and fifty dollars and fifty cents.",
    ),
    (
        "It costs 1,500 shillings, or 20 euros.",
        "It costs one thousand five hundred shillings, or twenty euros.",
    ),
    ("(12000 rupees)", "(twelve thousand rupees)"),
    ("1500 pounds", "one thousand five hundred pounds"),
    ("1 dollar", "one dollar"),
    ("0.50 USD", "fifty cents"),
    (
        "In 2024, dollars fell.",
        "In twenty twenty four, dollars fell.",
    ),
    (
        "It stands at -1,250.50 dollars.",
        "It stands at minus one thousand two hundred and fifty dollars and fifty cents.",
    ),
    // Numbers.
    (
        "The rate is 3.5% a year.",
        "The rate is three point five percent a year.",
    ),
    ("100% sure", "one hundred percent sure"),
    (
        "You have 3 accounts and 1,000,001 points.",
        "You have three accounts and one million and one points.",
    ),
    ("within 24 hours", "within twenty four hours"),
    (
        "the 1st, 2nd, 12th and 30th",
        "the first, second, twelfth and thirtieth",
    ),
    ("In 2024 we moved.", "In twenty twenty four we moved."),
    // Codes and phones.
    ("Your code is 4291.", "Your code is four two nine one."),
    ("Enter 0471 now", "Enter zero four seven one now"),
    (
        "Account 12345678.",
        "Account one two three four five six seven eight.",
    ),
    (
        "Call +254 712 345 678.",
        "Call plus two five four, seven one two, three four five, six seven eight.",
    ),
    (
        "Call 0800-123-456 now",
        "Call zero eight zero zero, one two three, four five six now",
    ),
    (
        "Dial *236# to start.",
        "Dial star two three six hash to start.",
    ),
    ("Dial *236*1#.", "Dial star two three six star one hash."),
    ("Then press # or 1#.", "Then press or one hash."),
    // Times and dates.
    (
        "Open 08:30 to 17:00.",
        "Open eight thirty A.M. to five P.M.",
    ),
    ("from 9am to 5:05 pm", "from nine A.M. to five oh five P.M."),
    ("at 12:00", "at twelve noon"),
    ("on 2024-05-03", "on the third of May twenty twenty four"),
    // Addresses.
    (
        "Write to help.desk@bank.com.",
        "Write to help dot desk at bank dot com.",
    ),
    (
        "See https://www.my-bank.com/cards/",
        "See my dash bank dot com slash cards",
    ),
    ("Open library.example now.", "Open library dot example now."),
    // Letters.
    ("The ATM wants your PIN.", "The A.T.M. wants your pin."),
    ("KYC, OTP and USSD", "K.Y.C., O.T.P. and U.S.S.D."),
    ("two ATMs", "two A.T.M.s"),
    (
        "GST, TDS and the EMIs of an NRI in HSR Layout",
        "G.S.T., T.D.S. and the E.M.I.s of an N.R.I. in H.S.R. Layout",
    ),
    // Markup and pictures.
    (
        "**Important:** _never_ share `it` 😀!",
        "Important: never share it!",
    ),
    ("# Heading\n- one\n* two", "Heading one two"),
    ("See [our page](https://x.com/y).", "See our page."),
    ("fees & charges", "fees and charges"),
    ("Yes - now", "Yes, now"),
    ("", ""),
    ("😀", ""),
];

#[test]
fn texts_are_said_as_people_say_them() {
    for &(written, said) in CASES {
        assert_eq!(speakable(written), said, "from {written:?}");
    }
}

/// What a careful reader says: `tests/spoken.tsv`.
#[test]
fn every_line_of_the_table_is_said_as_a_careful_reader_says_it() {
    let table = include_str!("../../tests/spoken.tsv").lines();
    let lines: Vec<(&str, &str)> = table
        .filter(|line| !line.is_empty() && (!line.starts_with('#') || line.contains('\t')))
        .map(|line| line.split_once('\t').expect("two columns"))
        .collect();
    assert!(lines.len() >= 450, "the table has {} lines", lines.len());
    let said = lines
        .iter()
        .map(|(written, said)| (written, said, speakable(written)));
    let wrong: Vec<String> = said
        .filter(|(_, wanted, said)| said != *wanted)
        .map(|(written, wanted, said)| format!("{written}\n    {wanted}\n    {said}"))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        lines.len(),
        wrong.join("\n")
    );
}

#[test]
fn ordinary_sentences_are_left_alone() {
    for text in [
        "Good morning, how can I help you?",
        "That's all; goodbye!",
        "Mr. Banda's card (the blue one) is blocked...",
        "Is it 'yes' or \"no\"?",
    ] {
        assert_eq!(speakable(text), text);
    }
}

#[test]
fn no_text_makes_it_fail() {
    for text in [
        "*",
        "#",
        "$",
        "%",
        "+",
        "-",
        "@.",
        "https://",
        "1,2,3",
        "99:99",
        "9999999999999999999999",
        "$.",
        "[](",
        "[a](b",
        "€ 5",
        "9999-99-99",
        "\u{0}\u{202e}x",
    ] {
        let _said: String = speakable(text);
    }
    for part in ["1x", "1-", "~", "$", "1.", "+1 ", "A1", "- ", "(1) "] {
        let _said: String = speakable(&part.repeat(20_000));
    }
}
