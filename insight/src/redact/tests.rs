use language::numbers::{cardinal, digits_in_words, scan};

use super::*;

/// A call as lines `C said` or `A said`; `=>` gives what must be kept of it, else it is kept as it is.
#[track_caller]
fn check(call: &[&str]) {
    let mut redactor = Redactor::new();
    for line in call {
        let (who, said) = line.split_once(' ').unwrap();
        let (said, kept) = said.split_once(" => ").unwrap_or((said, said));
        let speaker = if who == "C" {
            Speaker::Caller
        } else {
            Speaker::Agent
        };
        let redacted = redactor.redact(speaker, said);
        assert_eq!(redacted.text, kept, "in {call:?}");
        for found in &redacted.found {
            assert_eq!(
                &redacted.text[found.span.clone()],
                found.kind.placeholder(),
                "span in {said:?}"
            );
        }
    }
}

/// Each line is a call of its own.
#[track_caller]
fn check_each(lines: &[&str]) {
    for line in lines {
        check(&[line]);
    }
}

#[test]
fn a_card_number_goes_however_it_is_written_or_spoken() {
    check_each(&[
        "C It is 4111111111111111. => It is [card number].",
        "C 4111 1111 1111 1111 => [card number]",
        "C use 4111-1111-1111-1111 please => use [card number] please",
        "C 4111, 1111, 1111, 1111. => [card number].",
        "C 3782 822463 10005, expires 12 26 => [card number], expires 12 26",
        "C it's four one one one, one one one one, one one one one, one one one one => it's [card number]",
        "C four triple one, double one double one, um, one one one one, one one one one => [card number]",
        "C forty-one eleven eleven eleven eleven eleven eleven eleven => [card number]",
        "C forty one hundred, twelve thirty four, fifty six seventy eight, nine zero one six => [card number]",
        "C 4111 1111 1111 1111 12 26 123 => [card number]",
        "C ４１１１ １１１１ １１１１ １１１１ => [card number]",
        "A You said 4111 1111 1111 1111? => You said [card number]?",
        "C My card number is 4111 1111 1111 111. => My card number is [card number].",
        "C My card number is four one one one. => My card number is [card number].",
        "C The card is 4111 1111 1111 => The card is [card number]",
        "C My order is 4111 1111 1111 1111 => My order is [card number]",
    ]);
}

#[test]
fn pins_codes_and_security_codes_go_when_they_are_named() {
    check_each(&[
        "C My PIN is 4321. => My PIN is [PIN].",
        "C My PIN is four two one nine. => My PIN is [PIN].",
        "C my pin code number is 4 3 2 1 => my pin code number is [PIN]",
        "C My PIN number. It's four three two one. => My PIN number. It's [PIN].",
        "C 4321 is my PIN. => [PIN] is my PIN.",
        "C The PIN for my account is 4321. => The PIN for my account is [PIN].",
        "C My PIN for account number 12345678 is 4321. => My PIN for account number 12345678 is [PIN].",
        "C I changed my PIN to forty-three twenty-one => I changed my PIN to [PIN]",
        "C My PIN is 4321 and my account number is 12345678. => My PIN is [PIN] and my account number is 12345678.",
        "C My PIN is 4321. 200 dollars please. => My PIN is [PIN]. 200 dollars please.",
        "C P.I.N. 4321 => P.I.N. [PIN]",
        "C The CVV is 123 => The CVV is [security code]",
        "C The security code is one two three. => The security code is [security code].",
        "C The three digits on the back are 737. => The three digits on the back are [security code].",
        "C The code is 123456. => The code is [code].",
        "C The code is one two three four five six. => The code is [code].",
        "C the code you sent to my phone is 123456 => the code you sent to my phone is [code]",
        "C My one-time password is 9 8 7 6 5 4 => My one-time password is [code]",
        "C 123456, that's the code you sent me => [code], that's the code you sent me",
        "C My password is four two one nine. => My password is [password].",
        "A Your PIN is 4321. => Your PIN is [PIN].",
    ]);
}

#[test]
fn what_is_no_secret_stays() {
    check_each(&[
        "C Hello, how are you?",
        "C ",
        "A Dial *236# and follow the steps.",
        "A Dial star two three six hash.",
        "A The USSD code is *236#.",
        "A The USSD code is 236.",
        "C My sort code is 20-30-40.",
        "C My phone number is 0771 234 567.",
        "C My phone number is zero seven seven one two three four five six seven.",
        "C Call me on +234 803 123 4567.",
        "C Send two hundred and fifty dollars to Grace.",
        "C I want to send 2,500 to John.",
        "C My balance is 1234.56 dollars.",
        "C There is a charge of $1,250.00 on my account.",
        "C My card number ends in 4821.",
        "C My card number ends in zero four seven one.",
        "C The last four digits are zero four seven one.",
        "C The last four digits of my card are 4821.",
        "C My number is five five five one two three.",
        "C My order number is four two one nine six six.",
        "C My account number is 12345678.",
        "C My date of birth is 12/05/1990.",
        "C I was born on the 14th of March 1990.",
        "C I have had my PIN since 2019.",
        "C I entered my PIN three times.",
        "C I forgot my PIN, can I withdraw 2000 today?",
        "C My PIN is blocked and my balance is 2000.",
        "C I lost my card 3 days ago.",
        "C My PIN is one of my problems.",
        "C I called three times this week.",
        "A We are open from 8:00 to 15:30.",
        "A Your PIN has four digits.",
        "A The daily limit is five hundred dollars.",
    ]);
}

#[test]
fn digits_that_answer_a_question_for_a_secret_go() {
    check(&[
        "A Please tell me the code we sent you.",
        "C 123456. => [code].",
    ]);
    check(&[
        "A What is the code?",
        "C Hold on.",
        "A Sure.",
        "C It's one two three four. => It's [code].",
    ]);
    check(&[
        "A What is the code?",
        "C I think 123456 but it may be old => I think [code] but it may be old",
    ]);
    check(&[
        "A What is your card number?",
        "C four one one one two two two two => [card number]",
    ]);
    check(&[
        "A Please enter your PIN.",
        "C One moment.",
        "C Four. => [PIN].",
    ]);
    check(&["A What is your phone number?", "C 077 123 4567"]);
    check(&[
        "A How much would you like to send?",
        "C Two thousand five hundred.",
    ]);
    check(&[
        "A We never ask for your PIN. How can I help?",
        "C Send 2000 to Grace.",
    ]);
    check(&["C My PIN is", "C four three two one => [PIN]"]);
    check(&[
        "C My phone number is",
        "C five five five one two three four",
    ]);
    check(&["C 123456 => [number]"]);
}

#[test]
fn a_number_spread_over_turns_is_one_number() {
    check(&[
        "A What is the card number?",
        "C four one one one => [card number]",
        "A Go on.",
        "C one one one one one one one one => [card number]",
        "C and then one one one one => and then [card number]",
    ]);
    check(&["C My code is 123 => My code is [code]", "C 456. => [code]."]);
    check(&[
        "A What is your phone number?",
        "C 4111 1111",
        "C 1111 1111 => [card number]",
    ]);
    check(&["A What is your phone number?", "C 077 123", "C 4567"]);
    check(&[
        "C My PIN is 4321. => My PIN is [PIN].",
        "A How much do you need?",
        "C 2000",
    ]);
}

#[test]
fn a_secret_told_before_is_known_again() {
    check(&[
        "A What is the code?",
        "C 123456 => [code]",
        "A You said 123456, is that right? => You said [code], is that right?",
        "C Yes I did say one two three four five six to you => Yes I did say [code] to you",
    ]);
}

/// xorshift64*: the same cases on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % end
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn card(&mut self) -> String {
        let length = [13, 14, 15, 16, 16, 16, 19][self.below(7)];
        let mut digits: Vec<u8> = vec![b'3' + u8::try_from(self.below(4)).unwrap()];
        while digits.len() < length - 1 {
            digits.push(b'0' + u8::try_from(self.below(10)).unwrap());
        }
        let check = (b'0'..=b'9')
            .find(|c| luhn::is_valid(&[&digits[..], &[*c]].concat()))
            .unwrap();
        digits.push(check);
        String::from_utf8(digits).unwrap()
    }

    /// A card number in groups, each in some wording.
    fn worded(&mut self, card: &str) -> String {
        let groups: &[usize] = if card.len() == 15 {
            &[4, 6, 5]
        } else {
            &[4, 4, 4, 4, 3]
        };
        let style = self.below(6);
        // Pairs run into each other without a pause: "seventy, six" is 70 and 6, "seventy six" is 76.
        let separator = if style == 4 {
            ", "
        } else {
            self.pick(&[" ", "-", ", ", ". ", " um ", "  ", " - ", " and then "])
        };
        let mut rest = card;
        let mut parts = Vec::new();
        for length in groups {
            let (group, more) = rest.split_at((*length).min(rest.len()));
            rest = more;
            if !group.is_empty() {
                parts.push(match style {
                    0 => group.to_owned(),
                    1 => digits_in_words(group),
                    2 => doubled(group),
                    // A lone "oh" is an exclamation, not a digit.
                    3 if group.contains(|c| c != '0') => {
                        digits_in_words(group).replace("zero", "oh")
                    }
                    4 => paired(group),
                    _ => group
                        .chars()
                        .map(String::from)
                        .collect::<Vec<_>>()
                        .join(" "),
                });
            }
        }
        if style == 0 && self.below(3) == 0 {
            card.to_owned()
        } else {
            parts.join(separator)
        }
    }
}

/// "double one" for 11, "triple one" for 111.
fn doubled(group: &str) -> String {
    let runs = group.as_bytes().chunk_by(|a, b| a == b);
    let worded = runs.map(|run| {
        let digit = digits_in_words(std::str::from_utf8(&run[..1]).unwrap());
        match run.len() {
            2 => format!("double {digit}"),
            3 => format!("triple {digit}"),
            length => vec![digit; length].join(" "),
        }
    });
    worded.collect::<Vec<_>>().join(" ")
}

/// "forty-one eleven" for 4111.
fn paired(group: &str) -> String {
    // The odd digit comes first: "seventy four" would be 74.
    let (odd, even) = group.as_bytes().split_at(group.len() % 2);
    let pairs = odd.chunks(1).chain(even.chunks(2)).map(|pair| {
        let text = std::str::from_utf8(pair).unwrap();
        match text.parse().unwrap() {
            0..10 => digits_in_words(text),
            value => cardinal(value).replace(' ', "-"),
        }
    });
    pairs.collect::<Vec<_>>().join(" ")
}

const AROUND: &[(&str, &str)] = &[
    ("", ""),
    ("My card number is ", "."),
    ("Please pay with ", " thanks."),
    ("My order number is ", ", okay?"),
    ("I was charged 200 dollars on ", " yesterday."),
    ("Yes, ", " and it expires in May."),
    ("My name is Sarah, ", " is my card."),
];

#[test]
fn no_card_number_survives_in_any_common_grouping_or_wording() {
    let mut random = Random(7);
    for case in 0..4000 {
        let card = random.card();
        let worded = random.worded(&card);
        let (before, after) = AROUND[random.below(AROUND.len())];
        let said = format!("{before}{worded}{after}");
        let kept = Redactor::new().redact(Speaker::Caller, &said);
        assert_eq!(
            kept.text,
            format!("{before}[card number]{after}"),
            "case {case}: {card} said as {said:?}"
        );
    }
}

#[test]
fn no_card_number_survives_when_it_is_spread_over_turns() {
    let mut random = Random(11);
    for case in 0..2000 {
        let card = random.card();
        let mut redactor = Redactor::new();
        let opening = random.pick(&[
            "How can I help?",
            "What is your card number?",
            "Please tell me the code.",
            "Go on.",
        ]);
        redactor.redact(Speaker::Agent, opening);
        let cut = 1 + random.below(card.len() / 2);
        let second = cut + 1 + random.below(card.len() / 2 - 1);
        let mut kept = 0;
        let mut heard = Vec::new();
        for part in [&card[..cut], &card[cut..second], &card[second..]] {
            let said = random.worded(part);
            let text = redactor.redact(Speaker::Caller, &said).text;
            let digits: usize = scan(&text, &[]).iter().filter(|i| i.is_numeral()).count();
            heard.push(said);
            kept += if digits > 0 { part.len() } else { 0 };
            if random.below(3) == 0 {
                redactor.redact(Speaker::Agent, "Mm-hm, go on.");
            }
        }
        // A first scrap of up to three digits may stand before anyone knows what begins.
        assert!(
            kept < 7,
            "case {case}: {kept} digits of {card} survive in {heard:?} after {opening:?}"
        );
    }
}

#[test]
fn redacting_twice_changes_nothing_more() {
    let mut random = Random(13);
    let lines = [
        "A What is your card number?",
        "A Please tell me the code.",
        "A What is your phone number?",
        "A Go on.",
        "C 4111",
        "C four one one one one one one one",
        "C My PIN is 4321 and my balance is 2000.",
        "C It's 123456.",
        "C Yes.",
        "C My PIN is",
        "C 0771234567",
        "C 4111 1111 1111 1111, 200 dollars",
        "C The code is 12 34 56, no, 12 34 57",
        "C One moment please.",
        "C 1111 1111",
        "A You said 123456.",
        "C Send 2000 to Grace.",
        "C and 4 more",
    ];
    for case in 0..3000 {
        let (mut first, mut second) = (Redactor::new(), Redactor::new());
        let call: Vec<&str> = (0..6).map(|_| random.pick(&lines)).collect();
        for line in &call {
            let (who, said) = line.split_once(' ').unwrap();
            let speaker = if who == "C" {
                Speaker::Caller
            } else {
                Speaker::Agent
            };
            let once = first.redact(speaker, said).text;
            assert_eq!(
                second.redact(speaker, &once).text,
                once,
                "case {case}: {said:?} in {call:?}"
            );
        }
    }
}

#[test]
fn texts_without_digits_stay_as_they_are_and_no_text_panics() {
    let mut random = Random(17);
    let words = [
        "my", "PIN", "is", "code", "card", "number", "the", "é", "…", "“", "*", "#", "+", "[", "]",
        ".", "?", "double", "oh", "o", "hash", "star", "’s", "\u{200b}", "日本", "\n", "-",
        "account", "last", "digits", "ends", "in",
    ];
    let numerals = [
        "4", "4111", "one", "hundred", "thousand", "million", "triple", "٤", "zero", "[PIN]",
        "*236#", "th", "$",
    ];
    let mut redactor = Redactor::new();
    for _ in 0..5000 {
        let mut parts: Vec<&str> = (0..random.below(12)).map(|_| random.pick(&words)).collect();
        let plain = parts.join(random.pick(&[" ", ""]));
        assert_eq!(Redactor::new().redact(Speaker::Caller, &plain).text, plain);
        for _ in 0..random.below(6) {
            parts.insert(random.below(parts.len() + 1), random.pick(&numerals));
        }
        redactor.redact(
            if random.below(2) == 0 {
                Speaker::Caller
            } else {
                Speaker::Agent
            },
            &parts.join(random.pick(&[" ", ""])),
        );
    }
}
