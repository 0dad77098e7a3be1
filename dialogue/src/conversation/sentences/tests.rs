//! What a model may say beside what it was given, and what not.

use super::{Grounds, Judged, SentenceStream, UnusableText, Withheld, thoughts::Thoughts};
use Withheld::{Claim, Figure, Language, Markup, Orders, Secret, Thought};
use language::guard::Guard;

const PASSAGE: &str = "A new card costs 5 dollars and is ready after 5-10 working days. You can block a lost card in the app, or dial *236# and enter your PIN. \
The branch on Samora Machel Avenue is open from 8:00 to 15:30, Monday to Friday. Savings earn 2.5 percent a year from 15 March 2026 on. \
You will receive a text message when the card is ready. Call +263 242 123 456 for more.";
const ORDERS: &str = "Never make up numbers, fees, limits, codes, times or names. When you do not know, say so plainly and offer to have a person help.";

fn grounds() -> Grounds {
    let mut grounds = Grounds::default()
        .names("Meridian Library Thandi")
        .orders(ORDERS)
        .caller("I paid fifty dollars on Tuesday, is that right?")
        .agent(
            "You said fifty dollars. There are 3 branches.",
            &Guard::default(),
        );
    grounds.add_material(PASSAGE);
    grounds
}

fn stream() -> SentenceStream {
    SentenceStream::new(grounds())
}

fn judged(mut stream: SentenceStream, pieces: &[&str]) -> Result<Vec<Judged>, UnusableText> {
    let guard = Guard::default();
    let mut all = Vec::new();
    for piece in pieces {
        all.extend(stream.push(piece, &guard)?);
    }
    all.extend(stream.rest(&guard)?);
    Ok(all)
}

fn spoken(pieces: &[&str]) -> Result<Vec<String>, UnusableText> {
    let judged = judged(stream(), pieces)?.into_iter();
    let said = judged.filter_map(|judged| match judged {
        Judged::Say(sentence) => Some(sentence),
        Judged::Withhold(..) => None,
    });
    Ok(said.collect())
}

/// One sentence, and why it is withheld if it is.
#[track_caller]
fn check(grounds: Grounds, sentence: &str, expected: Option<Withheld>) {
    let judged = judged(SentenceStream::new(grounds), &[sentence]).expect("it can be spoken");
    let reasons: Vec<Option<Withheld>> = judged
        .iter()
        .map(|judged| match judged {
            Judged::Say(_) => None,
            Judged::Withhold(reason, _) => Some(*reason),
        })
        .collect();
    assert_eq!(reasons, [expected], "{sentence}");
}

/// Sentences, and why they are withheld if they are.
const SENTENCES: &[(&str, Option<Withheld>)] = &[
    // What the documents say, in any form.
    ("A new card costs five dollars.", None),
    ("A new card costs $5.00.", None),
    ("It costs 5.", None),
    ("It is ready after five to ten working days.", None),
    ("It takes 10 working days at most.", None),
    ("Savings earn two and a half percent a year.", None),
    ("Savings earn 2.5% a year.", None),
    ("We are open from eight to half past three.", None),
    ("We open at 8 a.m. and close at 3:30 p.m.", None),
    ("You can come from Monday to Friday.", None),
    ("Dial *236# on your phone.", None),
    ("Dial star two three six hash.", None),
    ("That is so from the fifteenth of March.", None),
    (
        "You can also call plus two six three, two four two, one two three, four five six.",
        None,
    ),
    ("We have three branches.", None),
    ("There are two ways to do that.", None),
    ("You can block it in the app.", None),
    ("Dial *236# and enter your PIN.", None),
    ("You will receive a text message when it is ready.", None),
    ("One of my colleagues can help you with that.", None),
    ("Would you like me to have someone call you back?", None),
    ("I do not know that, but a person could help you.", None),
    ("Never tell anybody your PIN.", None),
    ("I will never ask you for your password.", None),
    ("Have you forgotten your PIN?", None),
    ("I cannot move money for you.", None),
    ("I have not blocked anything.", None),
    ("You said fifty dollars.", None),
    ("Did you pay fifty dollars on Tuesday?", None),
    ("I am Thandi, an automated assistant.", None),
    ("Good morning.", None),
    ("I am sorry to hear that you lost your card.", None),
    ("Let me explain how that works.", None),
    ("I will gladly tell you more.", None),
    // Figures without a source.
    ("A new card costs fifty dollars.", Some(Figure)),
    ("A new card costs $50.", Some(Figure)),
    ("A new card costs 5 euros.", Some(Figure)),
    ("A new card costs ten dollars.", Some(Figure)),
    (
        "A new card costs five dollars and ninety cents.",
        Some(Figure),
    ),
    ("It is ready after two working days.", Some(Figure)),
    ("It is ready after 5 weeks.", Some(Figure)),
    ("Savings earn three and a half percent.", Some(Figure)),
    ("Savings earn 25 percent.", Some(Figure)),
    ("We are open until half past four.", Some(Figure)),
    ("We are open on Saturday.", Some(Figure)),
    ("We open at nine o'clock.", Some(Figure)),
    ("That is so from the sixteenth of March.", Some(Figure)),
    ("That is so from 15 April on.", Some(Figure)),
    ("That is so since 2025.", Some(Figure)),
    ("Dial *999# on your phone.", Some(Figure)),
    ("Dial star nine nine nine hash.", Some(Figure)),
    ("You can call 0800 123 999 for that.", Some(Figure)),
    ("We have a dozen branches, twelve in all.", Some(Figure)),
    ("It costs half of that.", Some(Figure)),
    ("It costs fifty dollars.", Some(Figure)),
    ("Yes, you paid fifty dollars.", Some(Figure)),
    ("That is right, it is fifty dollars.", Some(Figure)),
    ("See www.stranger.example for that.", Some(Figure)),
    ("Write to help@stranger.example.", Some(Figure)),
    ("See stranger dot com for that.", Some(Figure)),
    ("Please enter your PIN now.", Some(Secret)),
    (
        "And what is the three digit number on the back?",
        Some(Secret),
    ),
    ("It takes a week.", Some(Figure)),
    ("Card blocked.", Some(Claim)),
    ("I went ahead and blocked it.", Some(Claim)),
    ("Consider your card cancelled.", Some(Claim)),
    ("Which of the two do you mean?", None),
    ("Nobody here will ask you for your PIN.", None),
    (
        "If you have lost your card, please block it in the app.",
        None,
    ),
    // Secrets.
    ("Please tell me your PIN.", Some(Secret)),
    ("Please tell me your P.I.N. first.", Some(Secret)),
    ("What is the code that we sent you?", Some(Secret)),
    ("Could you read me your full card number?", Some(Secret)),
    ("I need your password for that.", Some(Secret)),
    (
        "May I have the number on the card, and the CVV?",
        Some(Secret),
    ),
    ("To go on, please give us the one time code.", Some(Secret)),
    ("Your PIN?", Some(Secret)),
    ("Please confirm your password.", Some(Secret)),
    ("Enter the code we sent to your phone.", Some(Secret)),
    // Deeds that nobody did.
    ("I have blocked your card.", Some(Claim)),
    ("I've blocked it for you.", Some(Claim)),
    ("Your card is now blocked.", Some(Claim)),
    ("Your card has been blocked.", Some(Claim)),
    ("Then I will move the money.", Some(Claim)),
    ("I'll send you a new one today.", Some(Claim)),
    ("Let me cancel that for you.", Some(Claim)),
    ("We are sending it now.", Some(Claim)),
    ("It is done.", Some(Claim)),
    ("Done!", Some(Claim)),
    ("You will receive a letter from us.", Some(Claim)),
    ("A colleague will call you back today.", Some(Claim)),
    ("Your complaint has been registered.", Some(Claim)),
    ("I can block it for you right away.", Some(Claim)),
    ("Shall I order a new one for you?", Some(Claim)),
    // What the model was told.
    ("My instructions are to be calm and brief.", Some(Orders)),
    (
        "Never make up numbers, fees, limits, codes, times or names.",
        Some(Orders),
    ),
    ("The system prompt says that I am calm.", Some(Orders)),
    // Other tongues, and what is for machines.
    (
        "Una tarjeta nueva cuesta cinco dólares y está lista mañana.",
        Some(Language),
    ),
    (
        "Eine neue Karte kostet fünf Dollar und ist morgen fertig.",
        Some(Language),
    ),
    ("Новая карта стоит пять долларов.", Some(Language)),
    ("新しいカードは五ドルです。", Some(Language)),
    ("{\"name\": \"block\", \"arguments\": {}}", Some(Markup)),
    ("block_card(number=5)", Some(Markup)),
    ("See <b>here</b> for more.", Some(Markup)),
];

#[test]
fn a_sentence_is_said_or_withheld_for_its_reason() {
    for (sentence, expected) in SENTENCES {
        check(grounds(), sentence, *expected);
    }
}

#[test]
fn what_a_tool_did_may_be_told_and_what_it_could_do_may_be_offered() {
    let done = || grounds().deeds(["block_card".to_owned()], Vec::new());
    check(done(), "I have blocked your card.", None);
    check(done(), "Your card is now frozen.", None);
    check(done(), "It is done.", None);
    check(done(), "I have ordered a new one.", Some(Claim));
    let able = || grounds().deeds(Vec::new(), ["block_card".to_owned()]);
    check(able(), "I can block it for you.", None);
    check(able(), "Shall I block it?", None);
    check(able(), "I have blocked it.", Some(Claim));
    check(able(), "I can order a new one for you.", Some(Claim));
}

#[test]
fn what_a_tool_found_is_a_source() {
    let found = || {
        let mut grounds = grounds();
        grounds.add_material(r#"{"amount": "1250.50", "currency": "USD", "on": "2026-11-20"}"#);
        grounds
    };
    check(found(), "It is 1,250.50 dollars.", None);
    check(
        found(),
        "It is one thousand two hundred fifty dollars and fifty cents.",
        None,
    );
    check(found(), "That was on the twentieth of November.", None);
    check(found(), "It is 1,251 dollars.", Some(Figure));
}

#[test]
fn thoughts_are_taken_out_however_they_are_cut() {
    for (text, left) in [
        (
            "<think>It says five.</think>It costs five dollars.",
            "It costs five dollars.",
        ),
        (
            "<THINK >\nHm. Fifty?\n</think>\nYes, you can.",
            "\nYes, you can.",
        ),
        (
            "Yes. <reasoning>Why? <reasoning>So.</reasoning> Hm.</reasoning>You can.",
            "Yes. You can.",
        ),
        (
            "Yes, you can. <think>Should I say more? I",
            "Yes, you can. ",
        ),
        ("[THINK]Hm.[/THINK]Yes.", "Yes."),
        ("Yes. <tool_call>{\"name\": \"x\"}</tool_call>", "Yes. "),
        (
            "Hm, it says five. </think>It costs five dollars.",
            "It costs five dollars.",
        ),
        ("<thinking>Hm.</think></thinking>Yes.", "Yes."),
        ("Is 5 < 10? Yes.", "Is 5 < 10? Yes."),
        ("It is <thinner> now.", "It is <thinner> now."),
        ("<think/>Yes.", "Yes."),
    ] {
        for size in 1..text.chars().count() + 1 {
            let chars: Vec<char> = text.chars().collect();
            let mut thoughts = Thoughts::default();
            let mut out = String::new();
            let mut take = |spoken: super::thoughts::Spoken| {
                if spoken.began_with_thoughts {
                    out.clear();
                }
                out += &spoken.text;
            };
            for piece in chars.chunks(size) {
                take(thoughts.push(&piece.iter().collect::<String>()));
            }
            take(thoughts.end());
            assert_eq!(out, left, "{text:?} in pieces of {size}");
        }
    }
}

#[test]
fn a_thought_leaves_a_trace_and_no_words() {
    let pieces = [
        "<thi",
        "nk>I was told ",
        "fifty.</th",
        "ink>A new card costs five dollars.",
    ];
    let judged = judged(stream(), &pieces).unwrap();
    let sentence = "A new card costs five dollars.".to_owned();
    let thought = Judged::Withhold(Thought, String::new());
    assert_eq!(judged, [thought, Judged::Say(sentence)]);
}

#[test]
fn sentences_come_out_whole_however_the_text_is_cut() {
    let text = "You can block it in the app. Dial *236# for more. It costs 5 dollars, from 8:00 to 15:30. Anything else?";
    let whole = [
        "You can block it in the app.",
        "Dial *236# for more.",
        "It costs 5 dollars, from 8:00 to 15:30.",
        "Anything else?",
    ];
    for size in 1..12 {
        let chars: Vec<char> = text.chars().collect();
        let pieces: Vec<String> = chars.chunks(size).map(|c| c.iter().collect()).collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        assert_eq!(spoken(&pieces).unwrap(), whole, "in pieces of {size}");
    }
}

#[test]
fn a_sentence_leaves_as_soon_as_the_next_begins() {
    let guard = Guard::default();
    let mut stream = stream();
    assert!(stream.push("Yes, you can. ", &guard).unwrap().is_empty());
    let said = Judged::Say("Yes, you can.".to_owned());
    assert_eq!(stream.push("J", &guard).unwrap(), [said]);
}

#[test]
fn what_cannot_be_spoken_is_refused() {
    let refused = |piece: &str| spoken(&[piece]).unwrap_err();
    assert_eq!(
        refused("All\u{0}is\u{1b}[0m well. "),
        UnusableText::ControlCharacters
    );
    assert_eq!(refused("\u{fffd}\u{fffd}"), UnusableText::ControlCharacters);
    assert_eq!(refused(&"QUJD".repeat(40)), UnusableText::NoSentence);
    assert_eq!(refused(&"and so on ".repeat(80)), UnusableText::NoSentence);
    let endless = ["Once more with feeling. "; 100];
    assert_eq!(spoken(&endless), Err(UnusableText::TooLong));
    let musing = ["<think>Hm. "].into_iter().chain(["And so on. "; 8_000]);
    assert_eq!(
        spoken(&musing.collect::<Vec<_>>()),
        Err(UnusableText::TooLong)
    );
    assert_eq!(
        spoken(&["...", " -- ", "!!"]).unwrap(),
        Vec::<String>::new(),
        "marks alone are silence"
    );
}
