//! A call so far, and what each turn of it says.

use call::Speaker;
use language::{contains_any, words};

use super::{
    Moment, Trade, category, cues, emotion,
    frustration::{Cause, Patience, Shows},
    next,
    repeated::Asked,
    urgency::{self, Loudness},
};
use crate::{
    english::english,
    sentiment::{self, Feeling},
    turn::{Reply, TurnText},
};

/// Characters of a turn that are read: a pasted book shall cost no more than a long letter.
const MOST_CHARS: usize = 4000;
/// Hundredths of a sentiment for each tenth of a feeling: a plain "thanks" is half of what there is.
const FOR_A_TENTH: i32 = 5;
/// Words that must follow a "but" to outweigh what was before.
const FEWEST_AFTER_BUT: usize = 3;

/// What a call was like so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course {
    patience: Patience,
    asked: Asked,
    /// The last reply asked the caller to say it again: that they do is no impatience.
    asks_again: bool,
}

impl Course {
    /// The caller said this. `intent` is the topic that their turn was routed to, where that is known.
    pub fn caller(
        &mut self,
        text: &str,
        typed: bool,
        intent: Option<&str>,
        trade: &Trade,
    ) -> Moment {
        let text = first(text);
        let part = after_but(text);
        let (emotion, sure) = emotion::read(text, part);
        let said = trade.said(text);
        let loudness = Loudness::of(text, typed);
        let (wants, intent_sure) = category::read(text, (&said, trade), emotion);
        let (level, now) = urgency::read((&said, trade), loudness, wants, emotion);
        let moments = &english().moment;
        let is_repeated = self.asked.again(text) && !std::mem::take(&mut self.asks_again);
        let frustration = self.patience.after_caller(&Shows {
            emotion,
            sure,
            shown: &sentiment::shown(text),
            loudness,
            is_repeated,
            called_before: contains_any(text, &moments.called_before),
        });
        let mut pain_points = trade.pain_points(&said);
        for cause in [Cause::RepeatedQuestion, Cause::NoAnswer] {
            if self.patience.has(cause) {
                pain_points.push(cause.as_str().to_owned());
            }
        }
        let mut moment = Moment {
            emotion,
            urgency: level,
            now,
            intent: wants,
            sentiment: hundredths(text, part),
            frustration,
            confidence: sure.min(intent_sure),
            topics: trade.topics(text, intent),
            pain_points,
            opportunities: trade.opportunities(&said),
            objections: trade.objections(&said),
            next_best_actions: Vec::new(),
            style: cues::style(text),
            level: cues::level(text),
        };
        moment.next_best_actions = next::actions(&moment, trade.offer_person_at());
        moment
    }

    /// The agent replied, and the caller heard of it what they did.
    pub fn agent(&mut self, reply: Option<Reply>, is_interrupted: bool) {
        self.patience.after_agent(reply, is_interrupted);
        self.asks_again = reply == Some(Reply::Unclear);
    }
}

/// What each turn of the caller says, with its number, in a call that is over.
#[must_use]
pub fn of_call(turns: &[(TurnText, bool)], trade: &Trade) -> Vec<(i32, Moment)> {
    let mut course = Course::default();
    let mut found = Vec::new();
    for (turn, typed) in turns {
        match turn.speaker {
            Speaker::Caller => {
                found.push((turn.seq, course.caller(&turn.text, *typed, None, trade)));
            }
            Speaker::Agent => course.agent(turn.reply, turn.interrupted),
        }
    }
    found
}

fn first(text: &str) -> &str {
    match text.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// What stands behind the last "but", if that is enough to outweigh what was before.
fn after_but(text: &str) -> Option<&str> {
    let buts = &english().moment.but;
    let heard = words(text);
    let at = heard.iter().rposition(|word| buts.contains(&word.key))?;
    // Behind the first word alone it joins to what somebody else said.
    let rest = heard
        .get(at + 1..)
        .filter(|rest| at > 1 && rest.len() >= FEWEST_AFTER_BUT)?;
    let begin = rest[0].text.as_ptr() as usize - text.as_ptr() as usize;
    text.get(begin..)
}

fn hundredths(text: &str, after_but: Option<&str>) -> i8 {
    let of = |text: &str| {
        let Feeling { score, .. } = sentiment::of_turn(text, None);
        (score * FOR_A_TENTH).clamp(-100, 100)
    };
    let whole = of(text);
    let both = match after_but.map(of) {
        Some(after) if after != 0 => (whole + 2 * after) / 3,
        _ => whole,
    };
    i8::try_from(both).unwrap_or_default()
}
