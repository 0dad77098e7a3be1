//! What a summary says of a call, and what it calls resolved. Calls to the bank whose pack comes with the project.

use std::{path::Path, time::Duration};

use call::{CallEnding, Resolution, Sentiment, Speaker};
use insight::{
    summary::{SessionFacts, Summary, SummaryRules, summarize},
    topics::TopicRule,
    turn::{Reply, TurnText},
};
use language::{SummaryWords, phrase::written_out};
use serde::Deserialize;

#[derive(Deserialize)]
struct Topics {
    topic: Vec<Topic>,
}

#[derive(Deserialize)]
struct Topic {
    id: String,
    label: String,
    phrases: Vec<String>,
}

#[derive(Deserialize)]
struct Settings {
    summary: SummaryWords,
    lines: toml::Table,
}

/// The bank's rules, with its lines that are no answers.
fn rules() -> SummaryRules {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs/bank");
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).expect(file);
    let topics: Topics = toml::from_str(&read("topics.toml")).expect("topics");
    let settings: Settings = toml::from_str(&read("pack.toml")).expect("settings");
    let rule = |topic: Topic| TopicRule {
        phrases: topic.phrases.iter().flat_map(|p| written_out(p)).collect(),
        id: topic.id,
        label: topic.label,
    };
    let topics: Vec<TopicRule> = topics.topic.into_iter().map(rule).collect();
    let lines = settings.lines.iter().flat_map(|(name, line)| {
        let kind = match name.as_str() {
            "unsupported" | "perhaps" | "technical_problem" => Reply::NotKnown,
            "out_of_scope" => Reply::OutOfScope,
            "unclear" | "did_not_catch" => Reply::Unclear,
            _ => Reply::Talk,
        };
        let several = line.as_array().into_iter().flatten().chain([line]);
        several.filter_map(move |line| Some((kind, line.as_str()?)))
    });
    SummaryRules::new(&topics, settings.summary)
        .with_lines(lines)
        .with_currency("USD", "dollars")
}

fn facts() -> SessionFacts {
    SessionFacts {
        duration: Duration::from_secs(60),
        ended: CallEnding::CallerLeft,
        authenticated: false,
        authentication_attempted: false,
        transferred: false,
        callback_requested: false,
    }
}

/// `C` caller; `A` agent of whom nothing but the words is kept; with what is kept: `S` from documents, `N` not known,
/// `O` out of scope, `U` unclear, `T` talk. `S@topic` carries the router's intent.
fn turns(script: &[&str]) -> Vec<TurnText> {
    let turn = |(line, seq): (&&str, i32)| {
        let (who, text) = line.split_once(' ').expect("who and what");
        let (who, intent) = who
            .split_once('@')
            .map_or((who, None), |(w, i)| (w, Some(i)));
        TurnText {
            seq,
            speaker: if who == "C" {
                Speaker::Caller
            } else {
                Speaker::Agent
            },
            text: text.to_owned(),
            intent: intent.map(str::to_owned),
            interrupted: false,
            has_sources: who == "S",
            reply: match who {
                "S" | "D" => Some(Reply::Answer),
                "N" => Some(Reply::NotKnown),
                "O" => Some(Reply::OutOfScope),
                "U" => Some(Reply::Unclear),
                "T" => Some(Reply::Talk),
                _ => None,
            },
            deed: (who == "D").then(|| "block_card".to_owned()),
            meaning: None,
        }
    };
    script.iter().zip(1..).map(turn).collect()
}

fn of(script: &[&str]) -> Summary {
    summarize(&facts(), &turns(script), &rules())
}

#[track_caller]
fn check(script: &[&str], resolution: Resolution, positive: bool) {
    let made = of(script);
    assert_eq!(made.resolution, resolution, "{script:?}: {}", made.summary);
    let is_positive = made.sentiment == Sentiment::Positive;
    assert_eq!(is_positive, positive, "{script:?} is {:?}", made.sentiment);
}

#[track_caller]
fn says(script: &[&str], parts: &[&str]) {
    let summary = of(script).summary;
    for part in parts {
        assert!(summary.contains(part), "{part:?} is not in {summary:?}");
    }
}

const UNSUPPORTED: &str = "I am sorry, I have no reliable information on that. Please ask in another way, or ask me for a person and a colleague will help you.";
const THANKS: &str = "C Okay, thank you very much, bye.";

#[test]
fn what_was_done_is_told_once_and_settles_the_matter() {
    let script = [
        "C Please block my card",
        "T Which card is it?",
        "C The debit card",
        "D Done. Your debit card is blocked.",
        "D Done. Your debit card is blocked.",
        THANKS,
    ];
    says(&script, &["Agent carried out: block card."]);
    assert_eq!(of(&script).summary.matches("block card").count(), 1);
    check(&script, Resolution::Resolved, true);
}

#[test]
fn an_answer_and_thanks_resolve_a_call() {
    let script = [
        "C How do I block my card?",
        "S@block_card Call us at any time.",
        THANKS,
    ];
    check(&script, Resolution::Resolved, true);
    // Only words are kept.
    let script = [
        "C How do I block my card?",
        "A You can block it in the app under cards.",
        THANKS,
    ];
    check(&script, Resolution::Resolved, true);
}

#[test]
fn thanks_after_a_failure_are_manners() {
    let unsupported = format!("N {UNSUPPORTED}");
    for reply in [
        unsupported.as_str(),
        "O I am sorry, I can only help with banking. Is there something about your account, a card or a payment?",
        "U I am not sure I understood. Could you tell me in a few words what you need?",
        "N I am not sure that I have that. I can tell you about this: home loans. Shall I?",
        "T One of my colleagues can call you back. Would you like that?",
    ] {
        let kept = [
            "C Can I insure my travel money with you?",
            reply,
            "C Oh well, thank you so much anyway, goodbye.",
        ];
        check(&kept, Resolution::Incomplete, false);
        // The same where nothing but the words is kept.
        let words = format!("A {}", &reply[2..]);
        let words = [kept[0], &words, kept[2]];
        check(&words, Resolution::Incomplete, false);
    }
}

#[test]
fn one_of_two_matters_that_stays_open_keeps_the_call_open() {
    let refused = format!("N {UNSUPPORTED}");
    check(
        &[
            "C What is the fee for a stolen safe key?",
            &refused,
            "C And when are you open on Saturday?",
            "S@branch_hours From 8 to 12.",
            THANKS,
        ],
        Resolution::Incomplete,
        false,
    );
    let half = format!("S@branch_hours From 8 to 12. {UNSUPPORTED}");
    check(
        &[
            "C When are you open, and do you sell stamps?",
            &half,
            THANKS,
        ],
        Resolution::Incomplete,
        false,
    );
    // Asked again in other words, it is closed by the answer.
    check(
        &[
            "C It got eaten.",
            "U I am not sure I understood. Could you tell me in a few words what you need?",
            "C The machine swallowed my card.",
            "S@atm_problem Come to the branch.",
            THANKS,
        ],
        Resolution::Resolved,
        false,
    );
    check(
        &[
            "C How do I block my card?",
            "S@block_card Call us.",
            "C That is not what I asked, I said the app.",
            "S@block_card Open the app.",
            THANKS,
        ],
        Resolution::Resolved,
        false,
    );
}

#[test]
fn a_caller_who_wanted_a_person_and_got_none_has_no_resolution() {
    let script = [
        "C I want to talk to a human being.",
        "T One of my colleagues can call you back. Would you like that?",
        "C No, thank you, bye.",
    ];
    check(&script, Resolution::Incomplete, false);
    says(&script, &["User asked for a person."]);
    let called_back = SessionFacts {
        callback_requested: true,
        ..facts()
    };
    let made = summarize(&called_back, &turns(&script), &rules());
    assert_eq!(made.resolution, Resolution::Escalated);
}

#[test]
fn a_caller_who_is_angry_at_the_answer_has_none() {
    for closing in ["C That is terrible, thanks and goodbye.", "C Useless. Bye."] {
        check(
            &[
                "C How long does a transfer take?",
                "S@money_transfer Up to five days.",
                closing,
            ],
            Resolution::Incomplete,
            false,
        );
    }
}

#[test]
fn an_offer_that_was_agreed_to_is_answered() {
    let script = [
        "C What do I need for a house loan?",
        "N I am not sure that I have that. I can tell you about this: home loans. Shall I?",
        "C Yes please.",
        "S Bring your payslips.",
        "C Perfect, thank you.",
    ];
    check(&script, Resolution::Resolved, true);
}

#[test]
fn a_mourning_caller_is_never_positive() {
    for said in [
        "C My husband died last week, what happens to his account?",
        "C Good morning, my mother passed away and I must close her account please.",
    ] {
        check(
            &[
                said,
                "S@account_closing Bring the certificate.",
                "C Thank you very much, you are very kind, that's great.",
            ],
            Resolution::Resolved,
            false,
        );
        says(&[said], &["bereavement"]);
    }
}

#[test]
fn amounts_days_and_reasons_of_the_matter_are_told() {
    says(
        &[
            "C I sent two hundred dollars to my brother last Friday and it has not arrived.",
            "S@money_transfer It takes five days.",
            THANKS,
        ],
        &[
            "Amount: 200 dollars.",
            "Date: last Friday.",
            "Reason: a delay.",
            "Query resolved.",
        ],
    );
    says(
        &[
            "C You charged me twice for the card, $45.50 on the 3rd of May.",
            "S@unknown_charge Call us.",
        ],
        &["45.50 dollars", "3 May", "a charge in dispute"],
    );
    let hours = of(&[
        "C Are you open on Saturday?",
        "S@branch_hours From 8 to 12.",
        THANKS,
    ]);
    assert!(
        !hours.summary.contains("Saturday"),
        "what is asked about is no date: {}",
        hours.summary
    );
    assert_eq!(hours.extracted_info["dates"], serde_json::json!([]));
}

#[test]
fn earlier_calls_about_it_are_told() {
    says(
        &[
            "C This is the third time I'm calling about my card.",
            "S@block_card Come in.",
        ],
        &["It was the third call about it."],
    );
    says(
        &["C I called twice about my loan.", "S@loan Come in."],
        &["User had called two times about it before."],
    );
    says(
        &["C I called yesterday about my card."],
        &["User had called about it before."],
    );
}

#[test]
fn what_the_agent_could_not_say_is_told() {
    let refused = format!("N {UNSUPPORTED}");
    says(
        &["C Do you sell stamps for a card?", &refused, THANKS],
        &["Agent had no answer.", "Query not resolved."],
    );
}

#[test]
fn no_words_of_the_caller_are_in_a_summary() {
    let made = of(&[
        "C Zanzibar quixotic transfer because my landlord Humphrey is threatening me.",
        "S@money_transfer Wait.",
    ]);
    let whole = serde_json::to_string(&made).expect("it is JSON");
    for word in ["Zanzibar", "quixotic", "Humphrey", "landlord"] {
        assert!(!whole.contains(word), "{word} is in {whole}");
    }
}
