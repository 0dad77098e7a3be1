//! A conversation about a strict pack: rows and look-ups count as sources of its answers.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails where it stands"
)]

use std::{path::Path, sync::Arc, time::Duration};

use dialogue::{
    Abilities, CallFacts, CallerTurn, Conversation, Delta, Event, Found, ReplyMeta, Step,
};
use knowledge::{GroundingMode, KnowledgeBase, Pack};
use serde_json::json;
use tools::Outcome;

const RESERVE: &str = "Can I reserve the book The Grey Heron?";
const MY_BOOKS: &str = "Which books do I have?";
const FINE: &str = "What is the fine for a late return?";

/// The names of the pack's look-ups.
fn pack_lookups(base: &KnowledgeBase) -> impl Iterator<Item = String> {
    base.pack().lookups.iter().map(|lookup| lookup.name.clone())
}

struct Talk {
    base: Arc<KnowledgeBase>,
    conversation: Conversation,
}

/// How a turn was answered.
struct Said {
    text: String,
    meta: ReplyMeta,
    model_asked: bool,
}

impl Talk {
    fn new(model: Option<&str>) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../knowledge/tests/packs/library");
        let mut pack = Pack::load(&folder).unwrap();
        pack.settings.grounding_mode = GroundingMode::Strict;
        let base = Arc::new(KnowledgeBase::new(pack));
        let abilities = Abilities {
            model: model.map(str::to_owned),
            look_ups: pack_lookups(&base).collect(),
            ..Abilities::default()
        };
        let mut conversation =
            Conversation::new(Arc::clone(&base), abilities, CallFacts::default());
        let proven = Event::Proven {
            name: "Ana".to_owned(),
            customer: "ana".to_owned(),
        };
        conversation.on(proven, Duration::ZERO, &mut Vec::new());
        Self { base, conversation }
    }

    /// One passage is found for each question, and the look-up finds an overdue book.
    fn say(&mut self, text: &str) -> Said {
        let mut said = Said {
            text: String::new(),
            meta: ReplyMeta::default(),
            model_asked: false,
        };
        let mut events = vec![Event::CallerSaid(CallerTurn {
            text: text.to_owned(),
            question: text.to_owned(),
            seq: 0,
            ..CallerTurn::default()
        })];
        while !events.is_empty() {
            let mut steps = Vec::new();
            let event = events.remove(0);
            self.conversation.on(event, Duration::ZERO, &mut steps);
            for step in steps {
                match step {
                    Step::Say(sentence) => said.text += &sentence,
                    Step::Find(query) => {
                        let questions = query.questions.iter();
                        events.push(Event::Found(Found {
                            passages: questions
                                .map(|asked| self.base.search(asked, 1, None))
                                .collect(),
                            took: Duration::ZERO,
                        }));
                    }
                    Step::CallTool(id, _) => {
                        let found = json!({
                            "count": "1", "titles": "Emma, a late return", "fine": "1", "currency": "USD"
                        });
                        events.push(Event::ToolDone(id, Outcome::Success(found)));
                    }
                    Step::AskModel(_) => {
                        said.model_asked = true;
                        events.push(Event::ModelWrote(Delta::Text("At the desk. ".to_owned())));
                        events.push(Event::ModelWrote(Delta::Finished));
                    }
                    Step::Read(_) | Step::SearchWeb(_) | Step::CallTools(_) => {}
                    Step::Done(meta) => said.meta = *meta,
                }
            }
        }
        self.conversation
            .on(Event::ReplyWritten, Duration::ZERO, &mut Vec::new());
        said
    }
}

impl Said {
    fn sources(&self) -> Vec<&str> {
        let sources = self.meta.sources.iter();
        sources.map(|source| source.source.as_str()).collect()
    }
}

#[test]
fn a_document_alone_does_not_answer_and_with_a_row_it_does() {
    let mut talk = Talk::new(None);
    let said = talk.say("How much does a reservation cost?");
    assert_eq!(said.sources(), Vec::<&str>::new(), "{}", said.text);
    let said = talk.say(RESERVE);
    assert_eq!(said.sources(), ["library/reservations", "books/heron"]);
    assert!(said.text.contains("reserve it for you"), "{}", said.text);
}

#[test]
fn a_model_is_asked_only_where_two_sources_speak() {
    let mut talk = Talk::new(Some("model"));
    assert!(!talk.say("How much does a reservation cost?").model_asked);
    let said = talk.say(RESERVE);
    assert!(said.model_asked, "{}", said.text);
    assert_eq!(said.sources(), ["library/reservations", "books/heron"]);
}

#[test]
fn what_was_looked_up_speaks_for_an_answer_for_six_turns() {
    let mut talk = Talk::new(None);
    assert_eq!(talk.say(FINE).sources(), Vec::<&str>::new());
    let said = talk.say(MY_BOOKS);
    assert_eq!(said.meta.route, "borrowed_books");
    assert!(said.text.contains("1.00 dollar."), "{}", said.text);
    let both = ["library/late-returns", "look-up/borrowed_books"];
    assert_eq!(talk.say(FINE).sources(), both);
    for _ in 0..4 {
        talk.say("Okay, thanks");
    }
    assert_eq!(talk.say(FINE).sources(), both, "the sixth turn after it");
    assert_eq!(talk.say(FINE).sources(), Vec::<&str>::new(), "the seventh");
}
