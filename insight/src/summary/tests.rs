use std::{path::Path, time::Duration};

use language::phrase::written_out;

use serde::Deserialize;

use super::*;

/// The topics and words of a pack, as its files hold them.
fn rules_of(folder: &str) -> SummaryRules {
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
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder);
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).expect(file);
    let topics: Topics = toml::from_str(&read("topics.toml")).expect("topics");
    let settings: Settings = toml::from_str(&read("pack.toml")).expect("words for summaries");
    let topics: Vec<TopicRule> = topics
        .topic
        .into_iter()
        .map(|topic| TopicRule {
            phrases: topic.phrases.iter().flat_map(|p| written_out(p)).collect(),
            id: topic.id,
            label: topic.label,
        })
        .collect();
    SummaryRules::new(&topics, settings.summary)
}

/// A few topics of a bank, with the words of its pack.
fn rules() -> SummaryRules {
    let rule = |id: &str, phrases: &[&str]| TopicRule {
        id: id.to_owned(),
        label: id.replace('_', " "),
        phrases: phrases.iter().map(|c| (*c).to_owned()).collect(),
    };
    let topics = [
        rule(
            "cardless_withdrawal",
            &["cardless", "withdraw without card"],
        ),
        rule(
            "banking_hours",
            &["opening hours", "open on", "branch open"],
        ),
        rule("balance", &["balance"]),
        rule("lost_card", &["lost card", "stolen card"]),
        rule("loans", &["loan"]),
    ];
    SummaryRules::new(&topics, rules_of("packs/bank").words)
}

fn facts(ended: CallEnding) -> SessionFacts {
    SessionFacts {
        duration: Duration::from_millis(142_900),
        ended,
        authenticated: false,
        authentication_attempted: false,
        transferred: false,
        callback_requested: false,
    }
}

/// A script: `C` caller, `A` agent, `S` agent from sources, `I` agent from sources, interrupted;
/// `S@topic` carries the router's intent.
fn turns(script: &[&str]) -> Vec<TurnText> {
    let turn = |(line, seq): (&&str, i32)| {
        let (who, text) = line.split_once(' ').unwrap();
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
            interrupted: who == "I",
            has_sources: matches!(who, "S" | "I"),
            reply: None,
            deed: None,
            meaning: None,
        }
    };
    script.iter().zip(1..).map(turn).collect()
}

#[track_caller]
fn check(facts: SessionFacts, script: &[&str], text: &str, resolution: Resolution) -> Summary {
    let summary = summarize(&facts, &turns(script), &rules());
    assert_eq!(summary.summary, text, "summary of {script:?}");
    assert_eq!(summary.resolution, resolution, "resolution of {script:?}");
    summary
}

#[track_caller]
fn check_name(script: &[&str], expected: Option<&str>) {
    let summary = summarize(&facts(CallEnding::CallerLeft), &turns(script), &rules());
    assert_eq!(
        summary.extracted_info["user_name"].as_str(),
        expected,
        "name in {script:?}"
    );
}

const GOLDEN: &str = "User inquired about cardless withdrawal. Provided USSD code *236# and instructions. User thanked agent. Query resolved.";

#[track_caller]
fn check_golden(script: &[&str]) {
    let summary = check(
        facts(CallEnding::CallerLeft),
        script,
        GOLDEN,
        Resolution::Resolved,
    );
    assert_eq!(summary.extracted_info["user_name"], "Sarah");
    assert_eq!(
        summary.extracted_info["primary_intent"],
        "cardless_withdrawal"
    );
    assert_eq!(summary.extracted_info["authentication_attempted"], false);
    assert_eq!(summary.sentiment, Sentiment::Positive);
    assert_eq!(summary.topics, ["cardless_withdrawal", "banking_hours"]);
    assert_eq!((summary.message_count, summary.duration_seconds), (8, 142));
    assert_eq!(
        (summary.method, summary.source_last_seq, summary.partial),
        ("rules", Some(8), false)
    );
}

#[test]
fn the_golden_call_is_summarised_word_for_word() {
    check_golden(&[
        "A Hello, you have reached the bank's automated assistant. This call is recorded. How can I help?",
        "C Hi, my name is Sarah. How do I withdraw money without my card?",
        "S For a cardless withdrawal, dial *236#, choose withdraw cash and enter the amount.",
        "C Okay. And are you open on Saturday if I need help?",
        "S Yes, our opening hours on Saturday are eight to twelve.",
        "C Great, thank you very much, that is all.",
        "A You are welcome, Sarah. Goodbye.",
        "C Bye.",
    ]);
}

#[test]
fn the_golden_call_comes_out_the_same_when_numbers_are_words_and_the_agent_names_the_hours() {
    check_golden(&[
        "C hello this is Sarah speaking",
        "A Hello Sarah, how can I help you?",
        "C What is the USSD code for cardless withdrawal?",
        "S Dial star two three six hash and follow the steps. You get a code for the cash machine.",
        "C Do I have to come to you for that?",
        "S@banking_hours No. If you prefer to, we are open from eight to three.",
        "C Thank you for your help.",
        "A You are welcome. Goodbye.",
    ]);
}

#[test]
fn the_golden_call_is_summarised_so_from_the_packs_own_data() {
    let script = [
        "A Welcome to Meridian Bank. How can I help you today?",
        "C Hi, my name is Sarah. How do I withdraw money without my card?",
        "S@cardless_withdrawal To withdraw cash without your card, dial *236#, choose option 4, and enter the amount.",
        "C Okay. And when are you open on Saturday?",
        "S@banking_hours Our branches are open on Saturday from 9 to noon.",
        "C Great, thank you very much, that is all.",
        "A You are welcome, Sarah. Goodbye.",
        "C Bye.",
    ];
    let ended = facts(CallEnding::CallerLeft);
    let summary = summarize(&ended, &turns(&script), &rules_of("packs/bank"));
    assert_eq!(summary.summary, GOLDEN);
    assert_eq!(summary.topics, ["cardless_withdrawal", "banking_hours"]);
}

#[test]
fn a_call_of_another_trade_is_summarised_in_its_words() {
    let library = rules_of("knowledge/tests/packs/library");
    let ended = facts(CallEnding::CallerLeft);
    let said = |script: &[&str]| summarize(&ended, &turns(script), &library);
    let summary = said(&[
        "A Welcome to Willow Lane Library. How can I help you today?",
        "C Hi, this is Grace Banda speaking. How much does it cost to reserve a book?",
        "S@reservations A reservation costs 50 cents. Ask at the desk.",
        "C And when are you open on Saturday?",
        "S@opening_hours On Saturday from 10 to 4.",
        "C Thank you, that is all.",
    ]);
    assert_eq!(
        summary.summary,
        "User inquired about reservations and opening hours. Provided information. User thanked agent. Query resolved."
    );
    assert_eq!(summary.topics, ["reservations", "opening_hours"]);
    assert_eq!(summary.extracted_info["user_name"], "Grace Banda");
    let damaged = said(&[
        "C My book is torn.",
        "S@late_returns Bring a copy.",
        "C Thanks.",
    ]);
    assert_eq!(
        damaged.summary,
        "User reported a problem concerning late returns. Provided instructions. User thanked agent. Query resolved."
    );
    let nothing = said(&["A Hello.", "C Hello.", "C Bye."]);
    assert_eq!(
        nothing.summary,
        "User raised no library matter. No query was raised."
    );
    let code = said(&["C Can I print?", "S@printing Dial *12#.", "C Thanks."]);
    assert!(
        code.summary.contains("Provided code *12#"),
        "{}",
        code.summary
    );
}

#[test]
fn events_outrank_words() {
    let script = [
        "C What is my balance?",
        "S You can see it in the app.",
        "C Thank you, bye.",
    ];
    let told = "User inquired about balance. Provided information. User thanked agent.";
    check(
        facts(CallEnding::CallerLeft),
        &script,
        &format!("{told} Query resolved."),
        Resolution::Resolved,
    );
    check(
        SessionFacts {
            transferred: true,
            ..facts(CallEnding::CallerLeft)
        },
        &script,
        &format!("{told} Call was transferred to a person. Query escalated."),
        Resolution::Escalated,
    );
    check(
        SessionFacts {
            callback_requested: true,
            ..facts(CallEnding::Goodbye)
        },
        &script,
        &format!("{told} Callback was agreed. Query escalated."),
        Resolution::Escalated,
    );
    let cut = check(
        facts(CallEnding::Abandoned),
        &script,
        &format!("{told} Call was cut off. Query not resolved."),
        Resolution::Incomplete,
    );
    assert!(cut.partial, "a call that was cut off may lack turns");
    check(
        facts(CallEnding::Broken),
        &script,
        &format!("{told} Call ended by an error. Query not resolved."),
        Resolution::Incomplete,
    );
}

#[test]
fn a_need_without_an_answer_or_a_closing_is_not_resolved() {
    use CallEnding::{CallerLeft, Drained, Silence};
    use Resolution::Incomplete;
    check(
        facts(CallerLeft),
        &["C What is my balance?"],
        "User inquired about balance. Query not resolved.",
        Incomplete,
    );
    check(
        facts(Silence),
        &["C What is my balance?", "S It is in the app."],
        "User inquired about balance. Provided information. User fell silent. Query not resolved.",
        Incomplete,
    );
    check(
        facts(CallerLeft),
        &[
            "C I need a loan.",
            "A I'm sorry, I don't know that.",
            "C Okay, thanks, bye.",
        ],
        "User inquired about loans. Agent had no answer. Query not resolved.",
        Incomplete,
    );
    check(
        facts(Drained),
        &[
            "C I need a loan.",
            "S Visit a branch.",
            "C Thanks. And what is my balance?",
        ],
        "User inquired about loans and balance. Provided instructions. User thanked agent. Call was ended for maintenance. Query not resolved.",
        Incomplete,
    );
    check(
        facts(CallerLeft),
        &[
            "C I need a loan.",
            "S Visit a branch.",
            "C That is not what I asked.",
            "C Thanks for nothing.",
        ],
        "User inquired about loans. Provided instructions. User was dissatisfied. Query not resolved.",
        Incomplete,
    );
}

#[test]
fn a_call_without_a_matter_says_so() {
    use Resolution::Incomplete;
    check(
        facts(CallEnding::Silence),
        &[],
        "User did not speak. User fell silent. No query was raised.",
        Incomplete,
    );
    check(
        facts(CallEnding::CallerLeft),
        &["A Hello.", "C Hello.", "C Bye."],
        "User raised no banking matter. No query was raised.",
        Incomplete,
    );
    check(
        facts(CallEnding::CallerLeft),
        &["C Who won the match?", "A I can only help with banking."],
        "User raised a matter outside the listed topics. Agent had no answer. Query not resolved.",
        Incomplete,
    );
}

#[test]
fn trouble_is_reported_and_authentication_is_told() {
    let facts = SessionFacts {
        authenticated: true,
        ..facts(CallEnding::Goodbye)
    };
    let summary = check(
        facts,
        &[
            "C I lost my card yesterday.",
            "S Call this line at any time to block it.",
            "C Thank you.",
        ],
        "User reported a problem concerning lost card. Date: yesterday. Reason: a loss. User was authenticated. Provided information. User thanked agent. Query resolved.",
        Resolution::Resolved,
    );
    assert_eq!(summary.extracted_info["authentication_attempted"], true);
    assert_eq!(
        summary.extracted_info["evidence"]["resolution"],
        json!([1, 2, 3])
    );
}

#[test]
fn a_name_comes_only_from_the_caller_introducing_themselves() {
    for (said, name) in [
        ("C Hello, my name is Sarah.", Some("Sarah")),
        ("C my name is sarah", Some("Sarah")),
        (
            "C my name is sarah moyo and i lost my card",
            Some("Sarah Moyo"),
        ),
        ("C My name's Tendai Moyo, I need help.", Some("Tendai Moyo")),
        ("C My name is Mary-Jane Watson.", Some("Mary Jane Watson")),
        ("C This is Grace Banda speaking.", Some("Grace Banda")),
        ("C Hi, this is Peter.", Some("Peter")),
        ("C I am John calling about my card.", Some("John")),
        ("C I am John Smith.", Some("John Smith")),
        ("C The name is Ruth, Ruth Okafor.", Some("Ruth")),
        ("C My name is Dr Khan.", Some("Khan")),
        ("C I'm calling about my loan.", None),
        ("C I am looking for a loan.", None),
        ("C I'm John's wife.", None),
        ("C This is John's wife speaking.", None),
        ("C I'm Angry.", None),
        ("C This is not acceptable.", None),
        ("C This is terrible.", None),
        ("C My name is wrong on the card.", None),
        ("C My name is not on the account.", None),
        ("C My mother's name is Grace.", None),
        ("C Send money to Grace Banda.", None),
        ("C The letter says my name is Bob.", None),
        ("C Is this Harare?", None),
        ("A My name is Teller.", None),
    ] {
        check_name(&[said], name);
    }
    check_name(
        &["A May I have your name?", "C Sarah Moyo."],
        Some("Sarah Moyo"),
    );
    check_name(&["A May I have your name?", "C It's Sarah."], Some("Sarah"));
    check_name(&["A May I have your name?", "C Why?"], None);
    check_name(&["A How can I help?", "C Savings."], None);
    check_name(
        &["C My name is Sara.", "C No, my name is Sandra."],
        Some("Sandra"),
    );
}

#[test]
fn preferences_carry_their_turn() {
    let script = [
        "C Please keep it short.",
        "C And send me a text message instead.",
    ];
    let info = summarize(&facts(CallEnding::CallerLeft), &turns(&script), &rules()).extracted_info;
    assert_eq!(
        info["preferences"],
        json!({"answer_style": "concise", "contact_channel": "sms"})
    );
    assert_eq!(
        info["evidence"]["preferences"],
        json!({"answer_style": [1], "contact_channel": [2]})
    );
}

#[test]
fn the_same_call_always_gives_the_same_summary_also_a_long_one() {
    let line = [
        "C What is my balance and how do I withdraw money without my card?",
        "S Dial *236# and follow the steps.",
    ];
    let script: Vec<&str> = line.iter().cycle().take(400).copied().collect();
    let turns = turns(&script);
    let first = summarize(&facts(CallEnding::CallerLeft), &turns, &rules());
    assert_eq!(
        summarize(&facts(CallEnding::CallerLeft), &turns, &rules()),
        first
    );
}
