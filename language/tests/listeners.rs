//! What listeners say over an answer, and what those say who want to interrupt it. Of the acknowledgements every second
//! line was put aside before the words of `packs/languages/en.toml` were written.

use language::Listening;

const ACKNOWLEDGEMENTS: &str = include_str!("listeners/acknowledgements.txt");
const INTERRUPTIONS: &str = include_str!("listeners/interruptions.txt");

/// Those that the rule takes for more than listening.
fn false_stops(of: &[&'static str]) -> Vec<&'static str> {
    let english = Listening::default();
    let stops = of.iter().filter(|text| !english.is_backchannel(text));
    stops.copied().collect()
}

fn every_second(first: usize) -> Vec<&'static str> {
    ACKNOWLEDGEMENTS.lines().skip(first).step_by(2).collect()
}

#[test]
fn who_only_listens_does_not_stop_the_agent() {
    let known = every_second(0);
    assert!(known.len() >= 50, "{} lines", known.len());
    assert_eq!(false_stops(&known), Vec::<&str>::new());
}

#[test]
fn who_only_listens_in_words_put_aside_does_not_stop_the_agent_either() {
    let aside = every_second(1);
    assert!(aside.len() >= 50, "{} lines", aside.len());
    let stops = false_stops(&aside);
    assert!(stops.len() * 50 <= aside.len(), "more than 2 %: {stops:?}");
}

#[test]
fn whoever_asks_corrects_or_refuses_is_heard_at_once() {
    let english = Listening::default();
    let all: Vec<&str> = INTERRUPTIONS.lines().collect();
    assert!(all.len() >= 100, "{} lines", all.len());
    let missed: Vec<&&str> = all
        .iter()
        .filter(|text| english.is_backchannel(text))
        .collect();
    assert!(missed.is_empty(), "taken for listening: {missed:?}");
}
