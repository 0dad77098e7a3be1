//! Of documents that are about equally near, the newer and the more credible answers; what is outdated says so.

use std::path::Path;

use chrono::NaiveDate;
use knowledge::{Answer, DocumentText, FreshnessPolicy, KnowledgeBase, Pack, Question};

const QUESTION: &str = "what does it cost to print a page";
/// Says the same as the pack's own document, with another figure.
const TEXT: &str = "You can print from any computer on the first floor. A page in black costs 15 cents, a page in colour 40 cents.\n\nScanning to your own memory stick is free.";

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn today() -> Option<NaiveDate> {
    Some(day("2026-01-31"))
}

fn library() -> Pack {
    Pack::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/library"))
        .expect("the library's pack loads")
}

fn printing(pack: &mut Pack) -> &mut DocumentText {
    let mut documents = pack.documents.iter_mut();
    let printing = documents.find(|document| document.source == "library/printing");
    printing.expect("the pack says what printing costs")
}

/// What a document says of itself: its date and its credibility.
type About<'a> = (Option<&'a str>, Option<f32>);

/// The library with a second document about printing, and what each says of itself.
fn two(own: About<'_>, other: About<'_>) -> Pack {
    let mut pack = library();
    let set = |document: &mut DocumentText, (date, credibility): About<'_>| {
        document.date = date.map(str::to_owned);
        document.credibility = credibility;
    };
    let mut second = printing(&mut pack).clone();
    set(printing(&mut pack), own);
    set(&mut second, other);
    second.source = "a-blog/printing".to_owned();
    second.text = TEXT.to_owned();
    pack.documents.push(second);
    pack
}

fn first(base: &KnowledgeBase, today: Option<NaiveDate>) -> String {
    let found = base.search(&Question::new(QUESTION, &[]), 3, today);
    found.first().expect("a passage").source.clone()
}

/// Whichever of the two documents `better` is said of, it is first.
fn check(better: About<'_>, worse: About<'_>, today: Option<NaiveDate>) {
    let base = KnowledgeBase::new(two(better, worse));
    assert_eq!(
        first(&base, today),
        "library/printing",
        "{better:?} before {worse:?}"
    );
    let base = KnowledgeBase::new(two(worse, better));
    assert_eq!(
        first(&base, today),
        "a-blog/printing",
        "{better:?} before {worse:?}"
    );
}

#[test]
fn the_more_credible_of_two_documents_answers() {
    check((None, Some(0.9)), (None, Some(0.4)), None);
    check((None, None), (None, Some(0.4)), today());
}

#[test]
fn the_newer_of_two_documents_answers() {
    check(
        (Some("2026-01-02"), None),
        (Some("2024-05-01"), None),
        today(),
    );
    check(
        (Some("2025-01-02"), None),
        (Some("2024-05-01"), None),
        today(),
    );
    check((None, None), (Some("2020-05-01"), None), today());
}

#[test]
fn without_a_day_no_document_is_old() {
    let base = KnowledgeBase::new(two((Some("1990-05-01"), None), (Some("2026-01-02"), None)));
    let found = base.search(&Question::new(QUESTION, &[]), 2, None);
    let alike = KnowledgeBase::new(two((None, None), (None, None)));
    let without = alike.search(&Question::new(QUESTION, &[]), 2, today());
    for (with, without) in found.iter().zip(&without) {
        assert_eq!((&with.source, with.score), (&without.source, without.score));
    }
}

/// Each document in turn is the least credible and the oldest one of the pack.
#[test]
fn a_right_document_does_not_lose_to_a_newer_wrong_one() {
    let plain = KnowledgeBase::new(library());
    let mut held = 0;
    for document in &plain.pack().documents {
        let mut pack = library();
        pack.settings.freshness_policy = Some(FreshnessPolicy { ttl_days: 30 });
        for other in &mut pack.documents {
            let is_it = other.source == document.source;
            let (date, credibility) = if is_it {
                ("1990-01-01", 0.0)
            } else {
                ("2026-01-30", 1.0)
            };
            other.date = Some(date.to_owned());
            other.credibility = Some(credibility);
        }
        let base = KnowledgeBase::new(pack);
        for ask in document.asks.iter().chain([&document.title]) {
            let question = Question::new(ask, &[]);
            let right = plain.search(&question, 1, today());
            if right[0].source == document.source {
                let found = base.search(&question, 1, today());
                assert_eq!(found[0].source, document.source, "{ask:?}");
                held += 1;
            }
        }
    }
    assert!(held >= 12, "{held} questions found their document at all");
}

/// The answer of a library whose document of this day may be 90 days old.
fn answer_of(date: &str, line: Option<&str>) -> Answer {
    let mut pack = library();
    pack.settings.freshness_policy = Some(FreshnessPolicy { ttl_days: 90 });
    pack.settings.lines.outdated = line.map(str::to_owned);
    printing(&mut pack).date = Some(date.to_owned());
    let topics = ["printing".to_owned()];
    KnowledgeBase::new(pack).answer(&Question::new(QUESTION, &topics), today())
}

#[test]
fn an_outdated_answer_is_introduced_in_the_packs_words() {
    let line = Some("That was so on {date}.");
    let old = answer_of("2025-03-07", line);
    assert_eq!(old.sentences[0], "That was so on 7 March 2025.");
    assert!(
        old.supported && old.sentences[1].contains("10 cents"),
        "{old:?}"
    );
    let told = answer_of("2025-03-07", None).sentences;
    assert_eq!(told[..], old.sentences[1..], "a pack without words for it");
    assert_eq!(answer_of("2026-01-07", line).sentences, told, "in time");
}

#[test]
fn what_is_outdated_and_unsure_is_offered_with_its_introduction() {
    let question = Question::new("is there something to print with in colour", &[]);
    let mut pack = library();
    pack.settings.lines.perhaps = Some("I have something about {topic}. Shall I?".to_owned());
    pack.settings.lines.outdated = Some("That was so on {date}.".to_owned());
    pack.settings.freshness_policy = Some(FreshnessPolicy { ttl_days: 90 });
    let support = |pack: &Pack| {
        let base = KnowledgeBase::new(pack.clone());
        let found = base.search(&question, 1, today());
        (found[0].support, base.answer(&question, today()))
    };
    printing(&mut pack).date = Some("2026-01-07".to_owned());
    let (fresh, _) = support(&pack);
    printing(&mut pack).date = Some("2025-03-07".to_owned());
    let (old, answer) = support(&pack);
    assert!(
        old < fresh,
        "support {old} of an old document, {fresh} of a fresh one"
    );
    let perhaps = answer.perhaps.first().expect("it is offered");
    assert_eq!(
        perhaps.sentences[0], "That was so on 7 March 2025.",
        "{perhaps:?}"
    );
}
