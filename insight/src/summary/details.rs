//! What the caller said of the matter: amounts, days, why, how often they called about it. In words of our own, of lists
//! and of numbers, never in the caller's: summaries stay readable where what was said is sealed.

use call::Speaker;
use language::{contains_any, keys, money, numbers::grouped, quantity::ONE};

use super::{SummaryRules, dates::dates};
use crate::{english::english, turn::TurnText};

/// Of each kind so many are told.
const MOST: usize = 3;
/// Words between the kin and the word of dying.
const KIN_REACH: usize = 5;

/// What the caller said of the matter, each kind in order of its first mention.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Details {
    /// "200 dollars", "45.50 EUR".
    pub(super) amounts: Vec<String>,
    /// "yesterday", "3 May", "last Friday", "two days ago".
    pub(super) dates: Vec<String>,
    /// "illness", of the language's list.
    pub(super) reasons: Vec<String>,
    pub(super) calls: Option<Calls>,
    /// The turns that these rest on.
    pub(super) evidence: Vec<i32>,
}

/// How often the caller has called about the matter.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Calls {
    /// This is the "third" call.
    This(String),
    /// "Two" times before.
    Before(String),
    /// Before, nobody said how often.
    Some,
}

impl Details {
    /// Of a call whose matter the caller spoke of in the turns `about`; why and how often are said in any turn.
    pub(super) fn of(turns: &[TurnText], about: &[i32], rules: &SummaryRules) -> Self {
        let mut found = Self::default();
        for turn in turns.iter().filter(|turn| turn.speaker == Speaker::Caller) {
            let before = found.count();
            if about.contains(&turn.seq) {
                add(&mut found.amounts, rules.amounts(&turn.text));
                add(&mut found.dates, dates(&turn.text));
            }
            add(&mut found.reasons, reasons(&turn.text));
            if found
                .calls
                .as_ref()
                .is_none_or(|calls| *calls == Calls::Some)
                && let Some(calls) = calls(&turn.text)
            {
                found.calls = Some(calls);
            }
            if found.count() > before {
                found.evidence.push(turn.seq);
            }
        }
        found
    }

    fn count(&self) -> usize {
        let calls = match self.calls {
            None => 0,
            Some(Calls::Some) => 1,
            Some(_) => 2,
        };
        self.amounts.len() + self.dates.len() + self.reasons.len() + calls
    }
}

fn add(known: &mut Vec<String>, new: Vec<String>) {
    for item in new {
        if known.len() < MOST && !known.contains(&item) {
            known.push(item);
        }
    }
}

impl SummaryRules {
    /// Amounts of money, with the currency's name where it is the pack's own and its code elsewhere.
    fn amounts(&self, text: &str) -> Vec<String> {
        let (own, spoken) = &self.currency;
        let said = |amount: money::Amount| {
            let unit = if amount.currency == *own {
                spoken
            } else {
                &amount.currency
            };
            let figures =
                |minor: Option<i64>| minor.and_then(|minor| figures(minor, &amount.currency));
            let (least, most) = (figures(amount.least), figures(amount.most));
            let figures = match (least, most) {
                (Some(least), Some(most)) if least != most => format!("{least} to {most}"),
                (Some(one), _) | (None, Some(one)) => one,
                (None, None) => return None,
            };
            Some(format!("{figures} {unit}").trim_end().to_owned())
        };
        let amounts = money::amounts(text, own).into_iter();
        amounts.filter_map(said).collect()
    }
}

/// "1,234.50"; whole amounts without a fraction.
fn figures(minor: i64, currency: &str) -> Option<String> {
    let unit = money::minor(ONE, currency)?;
    let whole = grouped(&(minor / unit).to_string())?;
    let whole = whole.strip_suffix(".00").unwrap_or(&whole);
    Some(match minor % unit {
        0 => whole.to_owned(),
        rest => format!("{whole}.{rest:0width$}", width = unit.to_string().len() - 1),
    })
}

/// Whether the caller speaks of somebody's death.
pub(super) fn is_bereaved(text: &str) -> bool {
    let lists = &english().summary;
    if contains_any(text, &lists.bereaved) {
        return true;
    }
    let heard = keys(text);
    let after = |at: usize| &heard[at..heard.len().min(at + KIN_REACH)];
    let mut kin = (0..heard.len()).filter(|at| lists.kin.contains(&heard[*at]));
    let dies = kin.any(|at| after(at).iter().any(|word| lists.dying.contains(word)));
    // "I lost my wife" is a death, "I lost my wife's card" is not.
    let mut lost = lists.lost_kin.iter().flat_map(|phrase| {
        let phrase = keys(phrase);
        let at = language::find_phrase(&heard, &phrase);
        at.and_then(|at| heard.get(at + phrase.len()))
    });
    dies || lost.any(|next| lists.kin.contains(next) && !next.ends_with("'s"))
}

fn reasons(text: &str) -> Vec<String> {
    let death = is_bereaved(text).then(|| english().summary.bereavement.clone());
    let reasons = english().summary.reasons.iter();
    let given = reasons.filter(|reason| contains_any(text, &reason.phrases));
    death
        .into_iter()
        .chain(given.map(|reason| reason.reason.clone()))
        .collect()
}

/// "The third time I call", "I have called three times already", "I called yesterday".
fn calls(text: &str) -> Option<Calls> {
    let lists = &english().summary.calls;
    let heard = keys(text);
    let calling = |word: &String| lists.calling.contains(word);
    if !heard.iter().any(calling) {
        return None;
    }
    let pairs = || heard.windows(2).map(|pair| (&pair[0], pair[1].as_str()));
    let this = pairs()
        .find(|(word, next)| lists.ordinals.contains(word) && matches!(*next, "time" | "call"));
    if let Some((ordinal, _)) = this {
        return Some(Calls::This(ordinal.clone()));
    }
    let is_count =
        |word: &String| lists.counts.contains(word) || word.parse::<u8>().is_ok_and(|n| n > 1);
    let count = pairs().find(|(word, next)| is_count(word) && *next == "times");
    let count = count.map(|(word, _)| word.clone());
    let twice = || {
        heard
            .iter()
            .any(|word| lists.twice.contains(word))
            .then(|| lists.counts[0].clone())
    };
    match count.or_else(twice) {
        Some(count) => Some(Calls::Before(count)),
        None => contains_any(text, &lists.before).then_some(Calls::Some),
    }
}

#[cfg(test)]
mod tests {
    use super::{Calls, SummaryRules, calls, is_bereaved, reasons};

    #[test]
    fn amounts_are_written_in_figures_with_the_packs_word_for_its_currency() {
        let rules = SummaryRules::default().with_currency("USD", "dollars");
        for (said, expected) in [
            (
                "two hundred dollars and then $45.50",
                &["200 dollars", "45.50 dollars"][..],
            ),
            ("I sent 1500 euros", &["1,500 EUR"]),
            ("I need twenty minutes", &[]),
            ("my number is 12345", &[]),
        ] {
            assert_eq!(rules.amounts(said), expected, "{said:?}");
        }
    }

    #[test]
    fn earlier_calls_are_counted_as_the_caller_counts_them() {
        let this = |ordinal: &str| Some(Calls::This(ordinal.to_owned()));
        let before = |count: &str| Some(Calls::Before(count.to_owned()));
        for (said, expected) in [
            (
                "this is the third time i'm calling and nobody knows",
                this("third"),
            ),
            ("It's my second call about this.", this("second")),
            ("I have called three times already.", before("three")),
            ("I rang you twice", before("two")),
            ("I called yesterday and was told to wait", Some(Calls::Some)),
            ("that is the third time it broke", None),
            ("call me back please", None),
        ] {
            assert_eq!(calls(said), expected, "{said:?}");
        }
    }

    #[test]
    fn a_death_is_one_of_a_person() {
        for said in [
            "my husband died last week",
            "she passed away",
            "I lost my wife in May",
            "my mother is dead",
        ] {
            assert!(is_bereaved(said), "{said:?}");
        }
        for said in [
            "my battery died",
            "I lost my wife's card",
            "the line went dead",
            "I lost my card",
        ] {
            assert!(!is_bereaved(said), "{said:?}");
        }
        assert_eq!(
            reasons("my father died and now I'm in hospital"),
            ["bereavement", "illness"]
        );
    }
}
