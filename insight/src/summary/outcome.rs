//! How the caller's matter stands at the end.

use language::{Break, contains_any, keys, words};

use call::{CallEnding, Resolution, Speaker};

use crate::{
    english::english,
    sentiment::{Emotion, Feeling, shown},
    summary::{SessionFacts, SummaryRules},
    topics::TopicFound,
    turn::{Reply, TurnText},
};

/// Tenths of anger from which on a caller who got an answer has not got what they wanted.
const COMPLAINS: i32 = -8;
/// The same of the lexicon's words of anger.
const SAYS_SO: i32 = 15;

/// The end of a call and what it rests on.
pub(super) struct Outcome {
    pub(super) resolution: Resolution,
    /// The turns of the last need, its answer, and the caller's closing.
    pub(super) evidence: Vec<i32>,
    /// The caller asked for something.
    pub(super) had_need: bool,
    /// Something that was asked for has no answer, or the caller complained of the last one.
    pub(super) is_open: bool,
    /// The agent said that it has no answer to what is open.
    pub(super) was_refused: bool,
    /// The caller asked for a person.
    pub(super) wanted_person: bool,
    /// Position in the turns of the first answer, if any.
    pub(super) first_answer: Option<usize>,
    /// How often the agent had no answer.
    pub(super) refusals: usize,
    /// How often the caller came back to what was answered before.
    pub(super) repeats: usize,
}

/// A call, ready to be judged.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) turns: &'a [TurnText],
    /// The topics of each turn.
    pub(super) raised: &'a [Vec<usize>],
    /// The feeling of each turn; nothing of the agent's.
    pub(super) feelings: &'a [Option<Feeling>],
    pub(super) rules: &'a SummaryRules,
}

/// Something that the caller asked for, and what came of it.
struct Need {
    at: usize,
    /// Position of the turn that settles it.
    answer: Option<usize>,
    /// What the agent replied, when it did not settle it.
    reply: Reply,
    wants_person: bool,
}

impl Judge<'_> {
    /// Judges a call; events outrank words, and what is kept of the agent's replies outranks their words.
    pub(super) fn outcome(self, facts: &SessionFacts) -> Outcome {
        let needs = self.needs();
        let caller = || {
            self.turns
                .iter()
                .filter(|turn| turn.speaker == Speaker::Caller)
        };
        let replies = (0..self.turns.len()).filter_map(|at| self.reply(at));
        let refused =
            |reply: &Reply| matches!(reply, Reply::NotKnown | Reply::OutOfScope | Reply::Unclear);
        let open = self.open(&needs);
        let mut outcome = Outcome {
            resolution: Resolution::Incomplete,
            evidence: Vec::new(),
            had_need: !needs.is_empty(),
            is_open: open.is_some(),
            was_refused: open.is_some_and(|need| refused(&need.reply)),
            wanted_person: needs.iter().any(|need| need.wants_person),
            first_answer: needs.first().and_then(|need| self.answer_after(need.at)),
            refusals: replies.filter(refused).count(),
            repeats: caller()
                .filter(|turn| contains_any(&turn.text, &english().summary.repeats))
                .count(),
        };
        if facts.transferred || facts.callback_requested {
            outcome.resolution = Resolution::Escalated;
            return outcome;
        }
        let last = needs.iter().rev().find(|need| need.answer.is_some());
        let settled = last.and_then(|need| Some((need.at, need.answer?)));
        outcome.is_open |= settled.is_some_and(|(_, answer)| self.complains_after(answer));
        if !outcome.is_open
            && !matches!(
                facts.ended,
                CallEnding::Abandoned | CallEnding::RoomLost | CallEnding::Broken
            )
            && let Some((need, answer)) = settled
            && let Some(closing) =
                (answer + 1..self.turns.len()).find(|&at| is_closing(&self.turns[at]))
        {
            outcome.resolution = Resolution::Resolved;
            outcome.evidence = [need, answer, closing]
                .map(|at| self.turns[at].seq)
                .to_vec();
        }
        outcome
    }

    /// The turns in which the caller spoke of the matter: those of the main topic, or of all needs where no topic was
    /// raised.
    pub(super) fn about(self, primary: Option<&TopicFound>) -> Vec<i32> {
        match primary {
            Some(primary) => primary.evidence.clone(),
            None => (0..self.turns.len())
                .filter(|&at| self.is_need(at))
                .map(|at| self.turns[at].seq)
                .collect(),
        }
    }

    /// What the caller asked for, in order, each with what the agent said before the next.
    fn needs(self) -> Vec<Need> {
        let at: Vec<usize> = (0..self.turns.len())
            .filter(|&at| self.is_need(at))
            .collect();
        let ends = at.iter().skip(1).copied().chain([self.turns.len()]);
        let need = |(&at, end): (&usize, usize)| {
            let mut replies = (at + 1..end).filter_map(|at| Some((at, self.reply(at)?)));
            let settles =
                |(at, reply): &(usize, Reply)| *reply == Reply::Answer && self.is_whole(*at);
            let answer = replies.clone().find(settles).map(|(at, _)| at);
            let first = replies.find(|(_, reply)| *reply != Reply::Talk);
            Need {
                at,
                answer,
                // An answer that does not settle it says that a part is not known.
                reply: match first {
                    Some((_, Reply::Answer)) => Reply::NotKnown,
                    Some((_, reply)) => reply,
                    None => Reply::Talk,
                },
                wants_person: contains_any(&self.turns[at].text, &english().summary.wants_person),
            }
        };
        at.iter().zip(ends).map(need).collect()
    }

    /// The last need that nothing settled. What is not this trade's is open only when nothing else was asked for; what
    /// was not understood, or not known, is closed by an answer to the same matter asked again.
    fn open(self, needs: &[Need]) -> Option<&Need> {
        let is_closed_later = |place: usize| {
            let need = &needs[place];
            let mut later = needs[place + 1..]
                .iter()
                .filter(|later| later.answer.is_some());
            match need.reply {
                Reply::NotKnown if !self.raised[need.at].is_empty() => later.any(|later| {
                    let mut topics = self.raised[later.at].iter();
                    topics.any(|topic| self.raised[need.at].contains(topic))
                        || self.asks_again(later.at)
                }),
                Reply::NotKnown => later.any(|later| self.asks_again(later.at)),
                _ => later.next().is_some(),
            }
        };
        // "Tell me a joke" behind an answer does not open the matter again.
        let is_beside = |place: usize| {
            let need = &needs[place];
            self.raised[need.at].is_empty()
                && !need.wants_person
                && !self.asks_again(need.at)
                && matches!(need.reply, Reply::OutOfScope | Reply::Talk)
                && needs[..place]
                    .iter()
                    .any(|earlier| earlier.answer.is_some())
        };
        let open = |place: &usize| {
            needs[*place].answer.is_none() && !is_closed_later(*place) && !is_beside(*place)
        };
        (0..needs.len()).rev().find(open).map(|place| &needs[place])
    }

    fn is_need(self, at: usize) -> bool {
        let lists = &english().summary;
        let turn = &self.turns[at];
        if turn.speaker != Speaker::Caller {
            return false;
        }
        if self.asks_again(at) || contains_any(&turn.text, &lists.wants_person) {
            return true;
        }
        // "Yes please" agrees to what the agent offered.
        if lists.agrees.contains(&keys(&turn.text).join(" ")) {
            return false;
        }
        let about_a_matter = !contains_any(&turn.text, &lists.about_the_talk);
        let asks = words(&turn.text).iter().any(|w| w.after == Break::Question);
        if asks && about_a_matter {
            return true;
        }
        // "Thank you, that is all about my card" closes; it does not ask again.
        if is_closing(turn) {
            return false;
        }
        let needs = &self.rules.words.needs;
        let states = || contains_any(&turn.text, &lists.needs) || contains_any(&turn.text, needs);
        !self.raised[at].is_empty() || (about_a_matter && states())
    }

    fn asks_again(self, at: usize) -> bool {
        contains_any(&self.turns[at].text, &english().summary.repeats)
    }

    /// Position of the first turn behind `need` that answers something.
    fn answer_after(self, need: usize) -> Option<usize> {
        (need + 1..self.turns.len()).find(|&at| self.reply(at) == Some(Reply::Answer))
    }

    /// What the agent's turn was; `None` for the caller's and for silence.
    fn reply(self, at: usize) -> Option<Reply> {
        let turn = &self.turns[at];
        if turn.speaker != Speaker::Agent || turn.text.trim().is_empty() {
            return None;
        }
        if turn.has_sources {
            return Some(Reply::Answer);
        }
        Some(turn.reply.unwrap_or_else(|| self.by_words(&turn.text)))
    }

    /// No part of the answer says that something is not known.
    fn is_whole(self, at: usize) -> bool {
        self.rules.fixed.in_text(&self.turns[at].text) != Some(Reply::NotKnown)
    }

    /// What a turn was of which nothing is kept but its words.
    fn by_words(self, text: &str) -> Reply {
        let lists = &english().summary;
        if let Some(reply) = self.rules.fixed.in_text(text) {
            return reply;
        }
        let kinds = [
            (Reply::Unclear, &lists.asks_again),
            (Reply::OutOfScope, &lists.outside),
            (Reply::NotKnown, &lists.no_answer),
        ];
        let kind = kinds
            .into_iter()
            .find(|(_, phrases)| contains_any(text, phrases));
        let only_asks = || {
            let words = words(text);
            let mut ends = words
                .iter()
                .filter(|w| matches!(w.after, Break::Sentence | Break::Question));
            ends.all(|w| w.after == Break::Question)
        };
        match kind {
            Some((reply, _)) => reply,
            None if only_asks() || self.rules.fixed.is_all_of(text) => Reply::Talk,
            None => Reply::Answer,
        }
    }

    /// A caller who is angry at the answer has not got what they wanted, whatever they say in parting.
    fn complains_after(self, answer: usize) -> bool {
        let is_anger = |emotion| matches!(emotion, Emotion::Frustrated | Emotion::Angry);
        let feels = |feeling: &Feeling| is_anger(feeling.emotion) && feeling.score <= COMPLAINS;
        // Thanks may outweigh it in the feeling, but do not take it back.
        let says = |turn: &TurnText| {
            let shown = shown(&turn.text);
            let strengths = Emotion::ALL.into_iter().zip(shown.strengths);
            let anger = strengths.filter(|(emotion, _)| is_anger(*emotion));
            anger.map(|(_, tenths)| tenths).sum::<i32>() >= SAYS_SO
        };
        let behind = self.turns.iter().zip(self.feelings).skip(answer + 1);
        behind
            .filter_map(|(turn, feeling)| Some((turn, feeling.as_ref()?)))
            .any(|(turn, feeling)| feels(feeling) || says(turn))
    }
}

/// The caller thanks, without turning it round.
pub(super) fn is_thanks(text: &str) -> bool {
    let lists = &english().summary;
    contains_any(text, &lists.thanks)
        && !contains_any(text, &lists.not_closing)
        && !contains_any(text, &lists.not_thanks)
}

fn is_closing(turn: &TurnText) -> bool {
    let lists = &english().summary;
    turn.speaker == Speaker::Caller
        && contains_any(&turn.text, &lists.closing)
        && !contains_any(&turn.text, &lists.not_closing)
}
