use call::Speaker;
use language::{Lexicon, MomentWords};

use super::{
    Cause, Course, Frustration, IntentCategory, Level, Moment, NextAction, Style, Trade, Urgency,
    of_call,
};
use crate::{
    sentiment::Emotion,
    turn::{Reply, TurnText},
};

/// A trade that lends boats.
fn boats() -> Trade {
    let words: MomentWords = toml::from_str(
        r#"
        offer_person_at = 6
        [[urgency]]
        level = "critical"
        phrases = ["sink", "boat stolen|steal"]
        unless = ["kitchen"]
        now = "Put on your life jacket."
        [[pain_point]]
        id = "leaks"
        phrases = ["leak"]
        [[opportunity]]
        id = "sailing_course"
        phrases = ["learn to sail"]
        "#,
    )
    .expect("it reads");
    Trade::new(Lexicon::default(), &words, &[])
}

fn read(text: &str) -> Moment {
    Course::default().caller(text, false, None, &boats())
}

fn typed(text: &str) -> Moment {
    Course::default().caller(text, true, None, &boats())
}

#[test]
fn a_trades_words_make_a_turn_critical_and_say_what_to_do_now() {
    let sinking = read("Help, my boat is sinking!");
    assert_eq!(sinking.urgency, Urgency::Critical);
    assert_eq!(sinking.now.as_deref(), Some("Put on your life jacket."));
    assert_eq!(sinking.next_best_actions[0], NextAction::SayWhatToDoNow);
    for calm in [
        "My boat is not sinking.",
        "Our boat was never stolen.",
        "Is there a kitchen sink on board?",
        "What does a boat cost?",
    ] {
        let moment = read(calm);
        assert_ne!(moment.urgency, Urgency::Critical, "{calm}");
        assert_eq!(moment.now, None, "{calm}");
    }
}

#[test]
fn a_weapon_in_somebodys_hands_is_critical_and_one_that_is_sold_is_not() {
    for danger in [
        "There is a man with a knife in my office",
        "they took my phone with a knife",
        "He has a gun!",
        "somebody pulled a knife on me",
        "she is holding a kitchen knife to my throat",
        "I was robbed at gunpoint",
        "they robbed us with a machete",
        "my husband was stabbed",
    ] {
        let moment = read(danger);
        assert_eq!(moment.urgency, Urgency::Critical, "{danger}");
    }
    for calm in [
        "How much is the knife set?",
        "Do you have a bread knife?",
        "I want knives for twelve guests",
        "The set came with a knife and a board",
        "Does the drawer hold a knife block?",
        "He has a knife set from you",
        "Is a glue gun enough to mend it?",
        "My son has a toy gun",
        "Can I open the box with a knife?",
        "I got a shot for the flu",
        "The pictures were shot in your house",
        "He does not have a gun",
    ] {
        let moment = read(calm);
        assert_ne!(moment.urgency, Urgency::Critical, "{calm}");
    }
}

#[test]
fn capitals_and_marks_count_in_what_is_typed_alone() {
    let text = "WHERE IS MY BOOKING CONFIRMATION??";
    assert_eq!(read(text).urgency, Urgency::Low);
    assert_eq!(typed(text).urgency, Urgency::Medium);
    assert_eq!(typed("I need this today!!").urgency, Urgency::High);
    assert_eq!(
        typed("OK").urgency,
        Urgency::Low,
        "a short word is not loud"
    );
    assert!(typed(text).frustration.level > read(text).frustration.level);
}

#[test]
fn what_follows_a_but_outweighs_what_was_before() {
    let good_end =
        read("The start was terrible but now I am really happy with it, thank you so much");
    let bad_end = read("You were very kind, thank you, but this is still terrible and I am angry");
    assert!(good_end.sentiment > 0, "{}", good_end.sentiment);
    assert!(bad_end.sentiment < 0, "{}", bad_end.sentiment);
    assert_eq!(
        call::Sentiment::from(good_end.emotion),
        call::Sentiment::Positive
    );
    assert_eq!(
        call::Sentiment::from(bad_end.emotion),
        call::Sentiment::Negative
    );
}

#[test]
fn negation_and_intensifiers_turn_and_strengthen_a_sentiment() {
    assert!(read("I am happy with it").sentiment > 0);
    assert!(read("I am not happy with it").sentiment < 0);
    assert!(read("I am very angry").sentiment <= read("I am angry").sentiment);
    assert_eq!(read("").sentiment, 0);
    assert_eq!(read("").emotion, Emotion::Neutral);
}

#[test]
fn each_category_of_intent_is_told_by_what_people_say() {
    use IntentCategory::*;
    for (text, category) in [
        ("What time do you open on Saturday?", InformationSeeking),
        ("My login does not work", ProblemSolving),
        ("I would like to buy a ticket", PurchaseIntent),
        ("Please change my address", SupportRequest),
        (
            "I want to make a complaint, your service is terrible",
            Complaint,
        ),
        ("Which one is better, the large or the small?", Comparison),
        ("I am just looking around, what do you offer?", Exploration),
        ("I want to cancel my booking", Cancellation),
    ] {
        assert_eq!(read(text).intent, category, "{text}");
    }
}

#[test]
fn cues_show_how_somebody_wishes_to_be_answered_and_what_they_know() {
    assert_eq!(
        read("Quick question, just tell me yes or no").style,
        Some(Style::Concise)
    );
    assert_eq!(
        read("Please explain it in detail").style,
        Some(Style::Detailed)
    );
    assert_eq!(
        read("Is there an API for your integration?").level,
        Some(Level::Expert)
    );
    assert_eq!(
        read("I am a beginner, is there an easy way?").level,
        Some(Level::Beginner)
    );
    let plain = read("Where are you?");
    assert_eq!((plain.style, plain.level), (None, None));
}

#[test]
fn pain_points_opportunities_and_objections_are_named_by_id() {
    assert_eq!(read("It leaks").pain_points, ["leaks"]);
    let keen = read("My son wants to learn to sail");
    assert_eq!(keen.opportunities, ["sailing_course"]);
    assert!(
        keen.next_best_actions
            .contains(&NextAction::MentionOpportunity)
    );
    assert_eq!(read("That is too expensive for me").objections, ["price"]);
}

/// A call as one line for each turn: `c` the caller, then what the agent's reply was to the matter.
fn frustration(script: &[&str]) -> Vec<Frustration> {
    let trade = boats();
    let mut course = Course::default();
    let mut levels = Vec::new();
    for line in script {
        match *line {
            "answered" => course.agent(Some(Reply::Answer), false),
            "unclear" => course.agent(Some(Reply::Unclear), false),
            "not known" => course.agent(Some(Reply::NotKnown), false),
            "cut" => course.agent(Some(Reply::Answer), true),
            said => levels.push(course.caller(said, false, None, &trade).frustration),
        }
    }
    levels
}

#[test]
fn patience_wears_thin_by_what_goes_wrong_and_says_by_what() {
    let levels = frustration(&[
        "When does my boat leave?",
        "not known",
        "I asked when my boat leaves",
        "not known",
        "This is ridiculous, I already told you, when does my boat leave?",
        "unclear",
        "You are useless, I am really angry now",
    ]);
    let numbers: Vec<u8> = levels.iter().map(|one| one.level).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    assert_eq!(numbers[0], 0);
    assert!(*numbers.last().expect("four") >= 7, "{numbers:?}");
    let last = levels.last().expect("four");
    assert_eq!(last.causes[0], Cause::Words);
    for cause in [
        Cause::NotUnderstood,
        Cause::RepeatedQuestion,
        Cause::NoAnswer,
    ] {
        assert!(last.causes.contains(&cause), "{:?}", last.causes);
    }
    assert_eq!(levels[0].causes, []);
}

#[test]
fn patience_mends_when_things_go_well() {
    let levels = frustration(&[
        "I am furious, this is unacceptable",
        "answered",
        "All right.",
        "answered",
        "Oh thank you, that is great",
        "answered",
        "And what time is it?",
    ]);
    let numbers: Vec<u8> = levels.iter().map(|one| one.level).collect();
    assert!(numbers[0] >= 4, "{numbers:?}");
    assert!(
        numbers.windows(2).all(|pair| pair[1] <= pair[0]),
        "{numbers:?}"
    );
    assert_eq!(numbers[3], 0, "{numbers:?}");
    assert_eq!(levels[3].causes, []);
}

#[test]
fn frustration_never_leaves_its_bounds_however_long_somebody_shouts() {
    let script: Vec<&str> = std::iter::repeat_n(
        [
            "This is terrible, you are useless, I hate this!!",
            "not known",
            "cut",
        ],
        40,
    )
    .flatten()
    .collect();
    assert!(frustration(&script).iter().all(|one| one.level <= 10));
}

#[test]
fn whoever_is_asked_to_say_it_again_repeats_nothing() {
    let levels = frustration(&[
        "When does the ferry leave?",
        "unclear",
        "When does the ferry leave?",
    ]);
    assert!(!levels[1].causes.contains(&Cause::RepeatedQuestion));
    let levels = frustration(&[
        "When does the ferry leave?",
        "answered",
        "When does the ferry leave?",
    ]);
    assert!(levels[1].causes.contains(&Cause::RepeatedQuestion));
}

#[test]
fn the_same_turns_are_read_the_same_again() {
    let turn = |seq, speaker, text: &str, reply| TurnText {
        seq,
        speaker,
        text: text.to_owned(),
        intent: None,
        interrupted: false,
        has_sources: false,
        reply,
        deed: None,
        meaning: None,
    };
    let turns = [
        (turn(0, Speaker::Agent, "Hello.", Some(Reply::Talk)), false),
        (turn(1, Speaker::Caller, "WHERE IS MY BOAT??", None), true),
        (
            turn(2, Speaker::Agent, "I do not know.", Some(Reply::NotKnown)),
            false,
        ),
        (turn(3, Speaker::Caller, "This is terrible", None), false),
    ];
    let trade = boats();
    let mut course = Course::default();
    course.agent(Some(Reply::Talk), false);
    let first = course.caller("WHERE IS MY BOAT??", true, None, &trade);
    course.agent(Some(Reply::NotKnown), false);
    let second = course.caller("This is terrible", false, None, &trade);
    assert_eq!(of_call(&turns, &trade), [(1, first), (3, second)]);
}

#[test]
fn odd_text_is_read_without_harm() {
    let long = "I am angry, but why? ".repeat(20_000);
    for text in [
        "",
        " ",
        "???",
        "😡😡😡",
        "but",
        "but but but",
        "\u{0}\u{202e}",
        "а́é ñ",
        &long,
    ] {
        let moment = typed(text);
        assert!(
            moment.confidence <= 100 && moment.frustration.level <= 10,
            "{text:.20}"
        );
        assert!((-100..=100).contains(&moment.sentiment), "{text:.20}");
    }
}

#[test]
fn the_packs_words_name_levels_and_categories_that_there_are() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs");
    for pack in std::fs::read_dir(folder).expect("packs") {
        let file = pack.expect("a pack").path().join("moments.toml");
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let words: MomentWords = toml::from_str(&text).expect("it reads");
        for rule in &words.urgency {
            assert!(
                rule.level.parse::<Urgency>().is_ok(),
                "{file:?}: {}",
                rule.level
            );
        }
        for rule in &words.intent {
            assert!(
                rule.category.parse::<IntentCategory>().is_ok(),
                "{file:?}: {}",
                rule.category
            );
        }
    }
}
