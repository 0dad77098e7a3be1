use std::collections::BTreeSet;

use call::SessionId;
use chrono::{DateTime, Utc};
use proptest::{collection::vec, prelude::*};

use super::{
    AgentTurn, Facts, Happened, Happening, Interest, LeadKind, Selling, Temperature, of_agent,
    of_caller, of_promise, score,
};
use crate::{
    moment::{Course, Trade},
    topics::TopicRule,
};

fn at(hours: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + hours * 3600, 0).expect("an instant")
}

/// Three calls, always the same.
fn sessions() -> Vec<SessionId> {
    static SESSIONS: std::sync::LazyLock<Vec<SessionId>> =
        std::sync::LazyLock::new(|| (0..3).map(|_| SessionId::new()).collect());
    SESSIONS.clone()
}

fn happening(
    session: usize,
    cause: usize,
    kind: LeadKind,
    item: &str,
    value: i16,
    hours: i64,
) -> Happening {
    Happening {
        session: sessions()[session],
        what: Happened {
            cause: format!("{cause}:{}:{item}", kind.as_str()),
            kind,
            item: (!item.is_empty()).then(|| item.to_owned()),
            value,
        },
        at: at(hours),
    }
}

fn any_happening() -> impl Strategy<Value = Happening> {
    let kind = prop_oneof![
        Just((LeadKind::ProductSeen, "a")),
        Just((LeadKind::ProductSeen, "b")),
        Just((LeadKind::Interest, "a")),
        Just((LeadKind::Interest, "c")),
        Just((LeadKind::Objection, "price")),
        Just((LeadKind::Callback, "")),
        Just((LeadKind::Appointment, "")),
        Just((LeadKind::DocumentSent, "")),
        Just((LeadKind::Sentiment, "")),
        Just((LeadKind::Qualification, "need")),
        Just((LeadKind::Qualification, "timing")),
        Just((LeadKind::SellingOff, "theft")),
    ];
    (0..3_usize, 0..40_usize, kind, -100..=100_i16, -500..500_i64).prop_map(
        |(session, cause, (kind, item), value, hours)| {
            // One cause is one event: what it says follows from it.
            let value = if kind == LeadKind::Interest {
                1 + (cause % 3) as i16
            } else {
                value % (cause as i16 + 1)
            };
            let hours = hours - hours % 7 + cause as i64 % 7;
            happening(session, cause, kind, item, value, hours)
        },
    )
}

/// One event for each cause: the first.
fn once(happenings: Vec<Happening>) -> Vec<Happening> {
    let mut seen = BTreeSet::new();
    let is_first = |one: &Happening| seen.insert((one.session, one.what.cause.clone()));
    happenings.into_iter().filter(is_first).collect()
}

fn facts(happenings: &[Happening]) -> Facts {
    Facts::of(&sessions().into_iter().collect(), happenings)
}

proptest! {
    #[test]
    fn both_halves_are_between_nothing_and_ten(happenings in vec(any_happening(), 0..120), known in 0..9_u32, hours in -900..900_i64) {
        let facts = Facts { fields: (known, 5), ..facts(&once(happenings)) };
        let made = score(&facts, at(hours));
        for half in [made.engagement.total, made.intent.total] {
            prop_assert!((0.0..=10.0).contains(&half), "{half}");
        }
        prop_assert!((0.0..=20.0).contains(&made.second.total), "{}", made.second.total);
    }

    #[test]
    fn what_happens_twice_counts_once_in_whatever_order(happenings in vec(any_happening(), 0..80), again in vec(any::<prop::sample::Index>(), 0..20)) {
        let happenings = once(happenings);
        let mut replayed = happenings.clone();
        if !happenings.is_empty() {
            replayed.extend(again.iter().map(|at| at.get(&happenings).clone()));
        }
        replayed.reverse();
        prop_assert_eq!(facts(&replayed), facts(&happenings));
    }

    #[test]
    fn more_of_what_counts_never_lowers_a_half(happenings in vec(any_happening(), 0..60)) {
        let before = facts(&once(happenings));
        let now = at(0);
        let (engagement, intent) = (score(&before, now).engagement.total, score(&before, now).intent.total);
        let mut more = vec![before.clone(); 6];
        more[0].sessions += 1;
        *more[1].views.entry("z".into()).or_default() += 1;
        more[2].interests.insert("z".into(), Interest::Low);
        more[3].interests.insert("a".into(), Interest::High);
        more[4].appointments += 1;
        more[5].callbacks += 1;
        for facts in more {
            let after = score(&facts, now);
            prop_assert!(after.engagement.total >= engagement && after.intent.total >= intent, "{facts:?}");
        }
    }

    #[test]
    fn a_merge_scores_what_the_events_of_both_score_together_and_an_unmerge_restores(
        one in vec(any_happening(), 0..60), other in vec(any_happening(), 0..60)
    ) {
        let all = sessions();
        let (of_one, of_other): (BTreeSet<_>, BTreeSet<_>) = ([all[0]].into(), [all[1], all[2]].into());
        let events = once(one.into_iter().chain(other).collect());
        let split = |of: &BTreeSet<SessionId>| -> Vec<Happening> {
            events.iter().filter(|one| of.contains(&one.session)).cloned().collect()
        };
        let (first, second) = (split(&of_one), split(&of_other));
        let before = Facts::of(&of_one, &first);
        // A merge moves the calls, and their events with them.
        let merged: Vec<Happening> = second.iter().chain(&first).cloned().collect();
        let both: BTreeSet<SessionId> = of_one.union(&of_other).copied().collect();
        prop_assert_eq!(score(&Facts::of(&both, &merged), at(0)), score(&Facts::of(&both, &events), at(0)));
        let back: Vec<Happening> = merged.into_iter().filter(|one| of_one.contains(&one.session)).collect();
        prop_assert_eq!(Facts::of(&of_one, &back), before);
    }
}

#[test]
fn engagement_of_4_5_and_intent_of_2_are_cold() {
    // Three calls, five views, one thing of low interest, and nothing said that feels like anything: 1.5 + 1 + 1 + 1.
    let mut happenings: Vec<Happening> = (0..5)
        .map(|cause| happening(0, cause, LeadKind::ProductSeen, &format!("p{cause}"), 1, 0))
        .collect();
    happenings.push(happening(1, 9, LeadKind::Interest, "p0", 1, 1));
    let mut facts = facts(&happenings);
    facts.sessions = 3;
    let made = score(&facts, at(2));
    assert!(
        (made.engagement.total - 4.5).abs() < 1e-9,
        "{:?}",
        made.engagement
    );
    assert!((made.intent.total - 1.0).abs() < 1e-9, "{:?}", made.intent);
    facts.sessions = 6;
    facts.interests.clear();
    facts.views.clear();
    facts.sentiments = vec![50];
    let made = score(&facts, at(2));
    assert!(
        (made.engagement.total - 4.5).abs() < 1e-9,
        "{:?}",
        made.engagement
    );
    assert!((made.intent.total - 2.0).abs() < 1e-9, "{:?}", made.intent);
    assert_eq!(made.temperature, Temperature::Cold);
    assert_eq!(made.shown(), "cold");
}

#[test]
fn the_third_view_of_the_same_thing_makes_interest_high_and_the_score_rise() {
    let views = |count: usize| -> Vec<Happening> {
        (0..count)
            .map(|cause| happening(0, cause, LeadKind::ProductSeen, "citrine", 1, 0))
            .collect()
    };
    let (two, three) = (facts(&views(2)), facts(&views(3)));
    assert_eq!(two.interests.get("citrine"), None);
    assert_eq!(three.interests.get("citrine"), Some(&Interest::High));
    let (before, after) = (score(&two, at(1)), score(&three, at(1)));
    assert!(
        after.total > before.total + 2.0,
        "{} {}",
        before.total,
        after.total
    );
}

#[test]
fn everything_at_its_most_is_twenty_points_and_hot_only_when_need_and_timing_are_known() {
    let mut facts = Facts {
        sessions: 100,
        views: [("a".to_owned(), 99)].into(),
        interests: [
            ("a".to_owned(), Interest::High),
            ("b".to_owned(), Interest::Medium),
        ]
        .into(),
        sentiments: vec![100; 10],
        appointments: 2,
        callbacks: 3,
        ..Facts::default()
    };
    let made = score(&facts, at(0));
    assert!((made.total - 20.0).abs() < 1e-9);
    assert_eq!(
        (made.temperature, made.shown()),
        (Temperature::Hot, "warm (unqualified)")
    );
    facts.qualification = ["need".to_owned(), "timing".to_owned()].into();
    assert_eq!(score(&facts, at(0)).shown(), "hot");
}

#[test]
fn the_second_version_halves_in_a_fortnight_and_counts_what_is_known_and_doubted() {
    let facts = Facts {
        sessions: 100,
        interests: [("a".to_owned(), Interest::High)].into(),
        objections: [("price".to_owned(), 9)].into(),
        fields: (1, 2),
        last_at: Some(at(0)),
        ..Facts::default()
    };
    let total = score(&facts, at(0)).total;
    let made = score(&facts, at(14 * 24));
    // Half of it, one of two fields known, and the most that objections take.
    assert!(
        (made.second.total - (total / 2.0 + 1.0 - 2.0)).abs() < 1e-9,
        "{:?}",
        made.second
    );
    let early = score(&facts, at(-100));
    assert!(
        (early.second.total - (total - 1.0)).abs() < 1e-9,
        "nothing is younger than now"
    );
}

#[test]
fn nothing_is_sold_for_seven_days_after_a_theft_and_the_number_stays() {
    let theft = happening(0, 1, LeadKind::SellingOff, "theft", 1, 0);
    let (with, without) = (facts(&[theft]), facts(&[]));
    let now = at(24);
    let until = at(7 * 24);
    let off = Selling::Off {
        topic: "theft".to_owned(),
        until,
    };
    assert_eq!(score(&with, now).selling, off);
    assert_eq!(score(&with, until).selling, Selling::On);
    assert!((score(&with, now).total - score(&without, now).total).abs() < 1e-9);
}

/// A trade that sells boats.
fn boats() -> Trade {
    let words = toml::from_str(
        r#"
        products = ["boats"]
        selling_off = ["theft"]
        appointments = ["book_visit"]
        opportunity = [{ id = "boats", phrases = ["river"] }]
        "#,
    );
    let topic = |id: &str, phrase: &str| TopicRule {
        id: id.to_owned(),
        label: id.to_owned(),
        phrases: vec![phrase.to_owned()],
    };
    let topics = [topic("boats", "boat"), topic("theft", "stolen")];
    Trade::new(
        language::Lexicon::default(),
        &words.expect("it reads"),
        &topics,
    )
}

fn said(text: &str) -> Vec<String> {
    let trade = boats();
    let moment = Course::default().caller(text, false, None, &trade);
    let found = of_caller(4, &moment, &trade).into_iter();
    let found = found.filter(|one| one.kind != LeadKind::Sentiment);
    found
        .map(|one| format!("{}={}", one.cause, one.value))
        .collect()
}

#[test]
fn what_callers_say_of_what_is_sold_counts_and_what_they_say_in_trouble_does_not() {
    assert_eq!(
        said("I would like to buy a boat"),
        [
            "turn:4:product_seen:boats=1",
            "turn:4:interest:boats=3",
            "turn:4:qualification:need=1"
        ]
    );
    assert_eq!(
        said("What does a boat cost?"),
        ["turn:4:product_seen:boats=1"]
    );
    assert_eq!(
        said("We live by the river"),
        ["turn:4:product_seen:boats=1", "turn:4:interest:boats=2"]
    );
    assert_eq!(
        said("My boat does not work and I want to complain"),
        [""; 0]
    );
    assert_eq!(said("It was stolen"), ["turn:4:selling_off:theft=1"]);
}

/// What a turn of the agent counts for, by cause.
fn told(deed: Option<&str>, intent: Option<&str>, sources: &[&str]) -> Vec<String> {
    let turn = AgentTurn {
        seq: 7,
        deed,
        intent,
        sources: sources.to_vec(),
    };
    let found = of_agent(&turn, &boats()).into_iter();
    found.map(|one| one.cause).collect()
}

#[test]
fn a_deed_counts_by_what_the_pack_calls_it() {
    assert_eq!(told(Some("book_visit"), None, &[]), ["turn:7:appointment"]);
    assert_eq!(told(Some("mend"), None, &[]), [""; 0]);
}

#[test]
fn rows_of_what_is_sold_count_when_they_are_told_and_documents_do_not() {
    let rows = ["boats/heron", "boats/teal", "boats/heron", "shop/boats"];
    assert_eq!(
        told(None, Some("boats"), &rows),
        [
            "turn:7:product_seen:boats/heron",
            "turn:7:product_seen:boats/teal"
        ]
    );
    assert_eq!(told(None, Some("places"), &["places/lake"]), [""; 0]);
    assert_eq!(told(None, None, &rows), [""; 0]);
    let many: Vec<String> = (0..50).map(|row| format!("boats/{row}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(told(None, Some("boats"), &many).len(), 5);
}

#[test]
fn a_promise_to_call_back_counts_and_a_ticket_does_not() {
    let promised = of_promise("x", "callback").expect("they are called back");
    assert_eq!(
        (promised.kind, promised.cause.as_str()),
        (LeadKind::Callback, "promise:x")
    );
    assert_eq!(of_promise("x", "complaint"), None);
}

#[test]
fn who_is_called_back_about_a_theft_wants_nothing_for_that() {
    let theft = happening(0, 1, LeadKind::SellingOff, "theft", 1, 0);
    let callback = |session| happening(session, 2, LeadKind::Callback, "", 1, 0);
    assert_eq!(facts(&[theft.clone(), callback(0)]).callbacks, 0);
    assert_eq!(facts(&[theft, callback(0), callback(1)]).callbacks, 1);
}

#[test]
fn a_thousand_objections_take_off_two_points_and_no_more() {
    let objections: Vec<Happening> = (0..1000)
        .map(|cause| happening(0, cause, LeadKind::Objection, "price", 1, 0))
        .collect();
    let (with, without) = (facts(&objections), facts(&[]));
    assert_eq!(with.hesitated(), 1000);
    let most = Facts {
        objections: [("a".into(), u32::MAX), ("b".into(), u32::MAX)].into(),
        ..with.clone()
    };
    for facts in [&with, &most] {
        let (made, before) = (score(facts, at(0)), score(&without, at(0)));
        assert!(
            (made.total - before.total).abs() < 1e-9,
            "version 1 has no doubts"
        );
        assert!((made.second.parts[2].points + 2.0).abs() < 1e-9);
        assert!(made.second.total >= 0.0);
    }
}

#[test]
fn what_comes_from_the_future_counts_as_now() {
    let theft = happening(0, 1, LeadKind::SellingOff, "theft", 1, 24 * 365 * 50);
    let made = score(&facts(&[theft]), at(0));
    let until = at(7 * 24);
    let topic = "theft".to_owned();
    assert_eq!(made.selling, Selling::Off { topic, until });
}

#[test]
fn only_what_the_company_wishes_to_know_makes_a_profile_whole() {
    let known = ["name", "email", "shoe_size"].map(str::to_owned);
    assert_eq!(Facts::default().with_fields(&known).fields, (2, 4));
    assert_eq!(Facts::default().with_fields(&[]).fields, (0, 4));
}
