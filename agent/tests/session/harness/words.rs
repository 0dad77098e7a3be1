//! The words of the scenes: what the agent's fixed lines are, what callers say to get there, and the
//! questions that a document answers. Scenes name these alone, so that the pack beneath may change.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use insight::{
    facts::{FactReader, Money},
    moment::Trade,
};
use knowledge::{KnowledgeBase, Pack};

/// Heard whole by everybody.
pub(crate) const DISCLOSURE: &str = "This call is recorded.";
pub(crate) const GREETING: &str = "How can I help you today?";
pub(crate) const WELCOME_BACK: &str = "Welcome back.";
pub(crate) const NOT_CAUGHT: &str = "I did not catch that.";
pub(crate) const NOT_CAUGHT_AGAIN: &str = "Please say it slower.";
pub(crate) const STILL_THERE: &str = "Are you still there?";
pub(crate) const SILENCE_GOODBYE: &str = "I cannot hear you, goodbye.";
pub(crate) const SERVICE_GOODBYE: &str = "Our service restarts, goodbye.";
pub(crate) const TECHNICAL_PROBLEM: &str = "Something went wrong.";
pub(crate) const TRANSFER_OFFER: &str = "Shall I transfer you?";
pub(crate) const TRANSFERRING: &str = "I am transferring you now.";
pub(crate) const TRANSFER_FAILED: &str = "The transfer failed. Shall we call you back?";
pub(crate) const CALLBACK_OFFER: &str = "Shall we call you back?";
pub(crate) const CALLBACK_PROMISED: &str = "Good, we will call you back.";
pub(crate) const ENTER_NUMBER: &str = "Enter your number and the hash key.";
pub(crate) const ENTER_CODE: &str = "Please enter the code.";
pub(crate) const CODE_WRONG: &str = "That code is wrong.";
pub(crate) const CODE_LIMIT: &str = "There were too many attempts.";
pub(crate) const AUTHENTICATED: &str = "Thank you, Sarah.";
pub(crate) const CANNOT_AUTHENTICATE: &str = "I cannot verify callers now.";

/// Said to get [`ANSWER`]: a question that no trade answers.
pub(crate) const QUESTION: &str = "What is the weather like in Paris?";
/// The answer, in its two sentences: of 2.1 s, then of 1.5 s.
pub(crate) const ANSWER: &str = "That is outside what I know about. Please ask me something else.";
pub(crate) const ANSWER_BEGINS: &str = "That is outside what I know about.";
pub(crate) const ANSWER_ENDS: &str = "Please ask me something else.";
/// Said to get [`NOTHING_ELSE`].
pub(crate) const NO: &str = "No.";
pub(crate) const NOTHING_ELSE: &str = "Anything else?";
pub(crate) const YES: &str = "Yes, please.";
/// Answered with what is neither understood nor refused.
pub(crate) const UNCLEAR: &str = "What do you need?";
/// Said to get [`TRANSFER_OFFER`] or [`CALLBACK_OFFER`].
pub(crate) const WANTS_PERSON: &str = "Can I speak to a person?";
/// Said to get [`GOODBYE`].
pub(crate) const BYE: &str = "Goodbye.";
/// The farewell that hangs up.
pub(crate) const GOODBYE: &str = "Thank you for calling, goodbye.";

/// Said while a colleague is called, and when nobody takes the call.
pub(crate) const STILL_CALLING: &str = "I am still calling.";
pub(crate) const NO_ANSWER: &str = "Nobody answered. Shall we call you back?";
pub(crate) const BUSY: &str = "They are busy. Shall we call you back?";
pub(crate) const DECLINED: &str = "They cannot now. Shall we call you back?";
/// Said when the colleague who took the call has left it.
pub(crate) const BACK: &str = "You are back with me.";
/// Said to the colleague.
pub(crate) const ABOUT_NOTHING: &str = "Somebody wants a person.";
pub(crate) const OPEN_NOTHING: &str = "All was answered.";
pub(crate) const ASK: &str = "Do you take it?";
pub(crate) const ASK_AGAIN: &str = "Yes or no?";

/// What a document answers, and how.
pub(crate) const DOCUMENTED: &str = "What are your opening hours?";
pub(crate) const DOCUMENTED_ANSWER: &str = "The library is open Monday to Friday";

/// Tells a fact; the pack remembers it.
pub(crate) const TELLS: &str = "I can spend 20 dollars.";
pub(crate) const FORGET: &str = "Forget my budget.";
/// Said of it before any proof.
pub(crate) const FORGOTTEN: &str = "I have forgotten what you told me in this call.";
pub(crate) const NO_OFFERS: &str = "Please stop advertising.";
pub(crate) const NO_OFFERS_ANY_MORE: &str = "From now on I offer you nothing";
pub(crate) const WHAT_IS_KNOWN: &str = "What do you know about me?";
/// Before proof, with [`ENTER_NUMBER`] behind it.
pub(crate) const NOT_PROVEN: &str =
    "I may only speak of what I know about somebody once they have proved who they are.";
pub(crate) const KNOWN: &str = "This is what I know of you.";
pub(crate) const NOTHING_KNOWN: &str = "I have noted nothing about you.";
/// Of an earlier call.
pub(crate) const MEMBER_KNOWN: &str = "You are a member.";
pub(crate) const REMEMBERED: &str = "From your earlier calls I know this.";
/// What an earlier call was about, and what is said of it.
pub(crate) const LAST_TOPIC: &str = "opening_hours";
pub(crate) const LAST_CALL: &str = "Your last call was about opening hours.";
pub(crate) const WHAT_DID_I_ASK: &str = "What did I ask last time?";
pub(crate) const ASKED_LAST: &str = "Last time you asked: What is the weather like in Paris?";
/// Behind a welcome after proof.
pub(crate) const WHAT_FOR: &str = "What can I do for you today?";

/// The words by which the callers' turns are read.
pub(super) fn trade() -> Arc<Trade> {
    let pack = pack();
    Arc::new(Trade::new(pack.words.lexicon(), &pack.moments, &[]))
}

/// What is remembered of callers in the scenes.
pub(super) fn facts() -> Arc<FactReader> {
    let pack = pack();
    let money = Money {
        code: "USD".to_owned(),
        one: "dollar".to_owned(),
        many: "dollars".to_owned(),
        scales: Vec::new(),
    };
    Arc::new(FactReader::new(pack.words.lexicon(), &pack.facts, money))
}

/// The knowledge of all scenes, with short fixed lines.
pub(super) fn knowledge() -> Arc<KnowledgeBase> {
    static KNOWLEDGE: OnceLock<Arc<KnowledgeBase>> = OnceLock::new();
    let knowledge = KNOWLEDGE.get_or_init(|| Arc::new(KnowledgeBase::new(pack())));
    knowledge.clone()
}

fn pack() -> Pack {
    let folder = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../knowledge/tests/packs/library"
    ));
    let mut pack = Pack::load(folder).expect("the pack is in order");
    // Scenes play at any hour.
    pack.settings.people = None;
    let lines = &mut pack.settings.lines;
    for (line, text) in [
        (&mut lines.disclosure, DISCLOSURE),
        (&mut lines.greeting, GREETING),
        (&mut lines.welcome_back, WELCOME_BACK),
        (&mut lines.still_there, STILL_THERE),
        (&mut lines.silence_goodbye, SILENCE_GOODBYE),
        (&mut lines.service_goodbye, SERVICE_GOODBYE),
        (&mut lines.technical_problem, TECHNICAL_PROBLEM),
        (&mut lines.anything_else, NOTHING_ELSE),
        (&mut lines.goodbye, GOODBYE),
        (&mut lines.transfer_offer, TRANSFER_OFFER),
        (&mut lines.transferring, TRANSFERRING),
        (&mut lines.transfer_failed, TRANSFER_FAILED),
        (&mut lines.callback_offer, CALLBACK_OFFER),
        (&mut lines.callback_promised, CALLBACK_PROMISED),
        (&mut lines.authenticate_phone, ENTER_NUMBER),
        (&mut lines.code_sent, ENTER_CODE),
        (&mut lines.code_wrong, CODE_WRONG),
        (&mut lines.code_limit, CODE_LIMIT),
        (&mut lines.authenticated, "Thank you, {name}."),
        (&mut lines.authentication_unavailable, CANNOT_AUTHENTICATE),
    ] {
        text.clone_into(line);
    }
    let transfer = &mut pack.transfer.lines;
    for (line, text) in [
        (&mut transfer.waiting, STILL_CALLING),
        (&mut transfer.no_answer, NO_ANSWER),
        (&mut transfer.busy, BUSY),
        (&mut transfer.declined, DECLINED),
        (&mut transfer.back, BACK),
        (&mut transfer.about_nothing, ABOUT_NOTHING),
        (&mut transfer.open_nothing, OPEN_NOTHING),
        (&mut transfer.ask, ASK),
        (&mut transfer.ask_again, ASK_AGAIN),
    ] {
        text.clone_into(line);
    }
    let lines = &mut pack.settings.lines;
    lines.did_not_catch = vec![NOT_CAUGHT.to_owned(), NOT_CAUGHT_AGAIN.to_owned()];
    lines.out_of_scope = vec![ANSWER.to_owned()];
    lines.unclear = vec![UNCLEAR.to_owned()];
    pack
}
