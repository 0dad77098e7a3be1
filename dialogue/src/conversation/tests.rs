//! Scripts. A line is a time in seconds and what happened; what the conversation wants done is written
//! the same way, each step at the time it was given. Neither a model nor a runtime is there.
//!
//! `left TASK VALUES` is what an earlier call left, `done 2` what was done today, `done unknown` that nobody knows.
//! `caller WORDS` is a finished turn, `agent WORDS` what was heard of the agent, `agent is cut after WORDS` of a reply cut short; `found` answers a
//! search from the pack's own documents, `found nothing` without any; `model WORDS` is a piece of the
//! language model's text, and `model ends`, `model is cut off` and `model breaks` are its end.

mod answers;
mod cut;
mod hours;
mod left;
mod limits;
mod lookups;
mod memory;
mod mood;
mod notices;
mod offers;
mod task_edges;
mod tasks;
mod web;

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use call::Channel;
use chrono::NaiveDate;
use knowledge::{KnowledgeBase, Pack, WebAnswer};
use serde_json::json;
use tools::{DoneDeed, LeftTask, Outcome, Refusal, ToolCaller};

use super::{
    Abilities, CallFacts, CallerTurn, Conversation, Delta, Event, Found, ModelFailure, Mood, Query,
    Step, ToolCallId,
};

/// Passages of a search.
const PASSAGES: usize = 3;

/// The agent and the caller of a script.
#[derive(Clone, Copy, Default)]
struct Cast {
    phone: bool,
    desk: bool,
    model: bool,
    look_ups: bool,
    codes: bool,
    web: bool,
    tasks: bool,
    messages: bool,
}

const WEB: Cast = Cast {
    phone: false,
    desk: false,
    model: false,
    look_ups: false,
    codes: false,
    web: false,
    tasks: false,
    messages: false,
};
const PHONE: Cast = Cast { phone: true, ..WEB };
const DESK: Cast = Cast {
    desk: true,
    ..PHONE
};
const MODEL: Cast = Cast { model: true, ..WEB };
const LOOK_UPS: Cast = Cast {
    look_ups: true,
    codes: true,
    ..WEB
};

const SEARCHING: Cast = Cast { web: true, ..WEB };

/// A library with short fixed lines.
fn library() -> Arc<KnowledgeBase> {
    static LIBRARY: OnceLock<Arc<KnowledgeBase>> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| Arc::new(KnowledgeBase::new(pack())));
    library.clone()
}

fn pack() -> Pack {
    let folder = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../knowledge/tests/packs/library"
    ));
    let mut pack = Pack::load(folder).expect("the pack is in order");
    let lines = &mut pack.settings.lines;
    for (line, text) in [
        (&mut lines.technical_problem, "Something went wrong."),
        (&mut lines.anything_else, "Anything else?"),
        (&mut lines.nothing_to_repeat, "I said nothing."),
        (&mut lines.goodbye, "Goodbye."),
        (&mut lines.transfer_offer, "Shall I transfer you?"),
        (&mut lines.transferring, "I am transferring you."),
        (
            &mut lines.transfer_failed,
            "The transfer failed. Shall we call you?",
        ),
        (&mut lines.callback_offer, "Shall we call you?"),
        (&mut lines.callback_promised, "We will call you."),
        (&mut lines.offer_declined, "What else?"),
        (&mut lines.authenticate_web, "Press verify."),
        (&mut lines.authenticate_phone, "Enter your number."),
        (
            &mut lines.authentication_unavailable,
            "I cannot verify you.",
        ),
        (&mut lines.already_authenticated, "You are verified."),
        (
            &mut lines.unsupported,
            "I do not know. Would you like to speak to a person?",
        ),
    ] {
        text.clone_into(line);
    }
    lines.one_moment = Some("One moment, please.".to_owned());
    lines.out_of_scope = vec!["I know nothing of that.".to_owned()];
    lines.unclear = vec!["What do you need?".to_owned()];
    let lookup = &mut pack.lookups[0];
    "You have {count} books.".clone_into(&mut lookup.answer);
    lookup.fields.retain(|key, _| key == "count");
    "Verify first.".clone_into(&mut lookup.unauthenticated);
    "I cannot see your books.".clone_into(&mut lookup.unavailable);
    pack
}

#[track_caller]
fn check(cast: Cast, script: &str, expected: &str) {
    let happened = play(cast, script).join("\n");
    let expected: Vec<&str> = lines(expected).collect();
    assert_eq!(happened, expected.join("\n"), "\nthe script was:{script}");
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn play(cast: Cast, script: &str) -> Vec<String> {
    let mut stage = Stage::new(cast);
    for line in lines(script) {
        let (time, what) = line.split_once(' ').expect("a line is `<seconds> <event>`");
        let now = Duration::from_secs_f64(time.parse().expect("a time in seconds"));
        let event = stage.event(what);
        let mut steps = Vec::new();
        stage.conversation.on(event, now, &mut steps);
        for step in steps {
            let what = stage.note(step);
            stage.done.push(format!("{:.1} {what}", now.as_secs_f64()));
        }
    }
    stage.done
}

struct Stage {
    conversation: Conversation,
    done: Vec<String>,
    turns: i32,
    query: Option<Query>,
    call: ToolCallId,
}

impl Stage {
    fn new(cast: Cast) -> Self {
        let abilities = Abilities {
            model: cast.model.then(|| "model".to_owned()),
            look_ups: match cast.look_ups {
                true => ["borrowed_books", "queue"].map(str::to_owned).into(),
                false => BTreeSet::new(),
            },
            web_search: cast.web,
            tools: [
                ("reserve_room", cast.tasks),
                ("ticket", cast.tasks),
                ("message", cast.messages),
            ]
            .into_iter()
            .filter(|(_, is_there)| *is_there)
            .map(|(tool, _)| tool.to_owned())
            .collect(),
            transfer: cast.desk,
            consults: false,
            functions: Vec::new(),
        };
        let channel = if cast.phone {
            Channel::Phone
        } else {
            Channel::Web
        };
        let facts = CallFacts {
            channel,
            can_authenticate: cast.codes,
            name: None,
            caller: ToolCaller::default(),
            begun: None,
        };
        Self {
            conversation: Conversation::new(library(), abilities, facts),
            done: Vec::new(),
            turns: 0,
            query: None,
            call: ToolCallId::default(),
        }
    }

    fn event(&mut self, what: &str) -> Event {
        let words = |prefix: &str| what.strip_prefix(prefix).map(str::to_owned);
        if let Some(text) = words("caller ") {
            self.turns += 1;
            return Event::CallerSaid(CallerTurn {
                question: text.clone(),
                text,
                seq: self.turns,
                ..CallerTurn::default()
            });
        }
        if let Some(turn) = mood(what).or_else(|| memory::recall(what)) {
            self.turns += 1;
            return Event::CallerSaid(CallerTurn {
                seq: self.turns,
                ..turn
            });
        }
        if let Some(text) = words("unanswered ") {
            return Event::CallerUnanswered(text);
        }
        if let Some(event) = of_earlier_calls(what).or_else(|| memory::past(what)) {
            return event;
        }
        if let Some(heard) = words("agent is cut after ") {
            let words = heard.split_whitespace().count();
            return Event::ReplyCut { heard, words };
        }
        if let Some(text) = words("agent ") {
            return Event::AgentHeard(text);
        }
        if what == "found" {
            let query = self.query.clone().expect("something was searched for");
            let passages = query.questions.iter();
            let passages = passages
                .map(|asked| library().search(asked, PASSAGES, None))
                .collect();
            return Event::Found(Found {
                passages,
                took: Duration::ZERO,
            });
        }
        if let Some(event) = plain(what) {
            return event;
        }
        if let Some(text) = words("model ") {
            return Event::ModelWrote(Delta::Text(text + " "));
        }
        Event::ToolDone(self.call, outcome(what))
    }

    fn note(&mut self, step: Step) -> String {
        match step {
            Step::Read(_) => panic!("this base reads by words alone"),
            Step::Find(query) => {
                let questions = query.questions.iter();
                let topics: Vec<String> = questions.map(|asked| asked.topics.join(", ")).collect();
                let topics = topics.join("; ");
                self.query = Some(query);
                format!("FIND {topics}")
            }
            Step::AskModel(prompt) => {
                assert!(prompt.rules.contains("Willow Lane Library"));
                format!("ASK {} after {} turns", prompt.question, prompt.turns.len())
            }
            Step::CallTool(id, request) => {
                self.call = id;
                let agreed = if request.consent { ", agreed to" } else { "" };
                let level = request.caller.level.number();
                let with = match request.arguments == json!({}) {
                    true => String::new(),
                    false => format!(" with {}", request.arguments),
                };
                format!(
                    "CALL {}{with} for turn {}{agreed}, level {level}",
                    request.tool, request.seq
                )
            }
            Step::CallTools(calls) => format!("CALL {} at once", calls.len()),
            Step::SearchWeb(query) => {
                let (tool, sent) = (query.request.tool, query.request.arguments);
                format!("SEARCH {tool} {sent} for turn {}", query.request.seq)
            }
            Step::Say(sentence) => format!("SAY {sentence}"),
            Step::Done(meta) => {
                let action = meta.action.map(|action| format!(", then {action:?}"));
                let offered = meta.person_offered;
                let offered = offered.map(|level| format!(", a person offered at {level}"));
                let action = action.or(offered);
                let failure = meta.failure.map(|failure| format!(" ({failure})"));
                let (action, failure) = (action.unwrap_or_default(), failure.unwrap_or_default());
                let goes_on = if meta.continues { ", the rest" } else { "" };
                format!(
                    "DONE {} by {}{goes_on}{failure}{action}",
                    meta.route, meta.model
                )
            }
        }
    }
}

/// A turn of a caller who is upset or alarmed, in the notation.
fn mood(what: &str) -> Option<CallerTurn> {
    let (mood, text) = match what.strip_prefix("upset ") {
        Some(rest) => {
            let (frustration, text) = rest.split_once(' ')?;
            let mood = Mood {
                frustration: frustration.parse().expect("a level"),
                ..Mood::default()
            };
            (mood, text)
        }
        None => {
            let mood = Mood {
                is_critical: true,
                now: Some("Please leave the building now.".to_owned()),
                ..Mood::default()
            };
            (mood, what.strip_prefix("alarmed ")?)
        }
    };
    Some(CallerTurn {
        text: text.to_owned(),
        question: text.to_owned(),
        mood,
        ..CallerTurn::default()
    })
}

/// What an earlier call left, or what was done today, in the notation.
fn of_earlier_calls(what: &str) -> Option<Event> {
    if let Some(many) = what.strip_prefix("done ") {
        let deed = || DoneDeed {
            tool: "reserve_room".to_owned(),
            arguments: json!({"purpose": "study"}),
            day: NaiveDate::default(),
        };
        let many = many.parse().ok();
        let deeds = many.map(|many| std::iter::repeat_with(deed).take(many).collect());
        return Some(Event::DoneBefore(deeds));
    }
    let (task, values) = what.strip_prefix("left ")?.split_once(' ')?;
    Some(Event::Left(LeftTask {
        task: task.to_owned(),
        values: serde_json::from_str(values).expect("values are JSON"),
    }))
}

/// What is always the same event.
fn plain(what: &str) -> Option<Event> {
    Some(match what {
        "found nothing" => Event::Found(Found::default()),
        "web finds nothing" => Event::WebFound(None),
        "web answers" => Event::WebFound(Some(WebAnswer {
            sentence: "The oldest book here is of 1488, {title}.".to_owned(),
            host: "books.example".to_owned(),
            title: "Old {host} books".to_owned(),
            score: 1.0,
        })),
        "model ends" => Event::ModelWrote(Delta::Finished),
        "model is cut off" => Event::ModelWrote(Delta::CutOff),
        "model breaks" => Event::ModelWrote(Delta::Failed(ModelFailure::Broken)),
        "written" => Event::ReplyWritten,
        "cancelled" => Event::ReplyCancelled,
        "slow" => Event::ToolsSlow,
        "lapsed" => Event::OfferLapsed,
        "transfer fails" => Event::TransferFailed(Outcome::TimedOut),
        "proven" => Event::Proven {
            name: "Ana".to_owned(),
            customer: "ana".to_owned(),
        },
        _ => return None,
    })
}

/// What came of a tool, in the notation.
fn outcome(what: &str) -> Outcome {
    match what.strip_prefix("tool ") {
        Some("done") => Outcome::Success(json!(null)),
        Some("finds 2") => Outcome::Success(json!({"count": "2"})),
        Some("finds 4 waiting") => Outcome::Success(json!({"waiting": "4"})),
        Some("fails") => Outcome::Failed("it is away".to_owned()),
        Some("finds something else") => Outcome::Success(json!({"number": "2"})),
        Some("knows nobody") => Outcome::Refused(Refusal::NotFound),
        Some("is not recorded") => Outcome::Refused(Refusal::NotRecorded),
        Some("declines") => Outcome::Refused(Refusal::Declined("it is taken".to_owned())),
        Some(gives) if gives.starts_with("gives ") => {
            Outcome::Success(json!({"reference": gives["gives ".len()..]}))
        }
        Some("is over the limit") => Outcome::Refused(Refusal::Limit),
        Some("is late") => Outcome::TimedOut,
        Some("ends unseen") => Outcome::Unknown,
        _ => panic!("no such event in the notation: {what}"),
    }
}
