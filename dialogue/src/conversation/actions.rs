//! Turns that a fixed line of the pack answers, with the deed that goes with it. Pure.

use crate::history::{caller_turns, last_agent_text};
use crate::{Awaiting, CallAction, Channel, ReplyRequest};
use knowledge::{Pack, Route};

/// A reply that needs no search and no model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FixedReply {
    pub(crate) text: String,
    pub(crate) action: Option<CallAction>,
    pub(crate) awaiting: Awaiting,
}

impl FixedReply {
    fn say(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }

    fn and(self, action: CallAction) -> Self {
        Self {
            action: Some(action),
            ..self
        }
    }

    fn awaiting(self, awaiting: Awaiting) -> Self {
        Self { awaiting, ..self }
    }
}

/// The fixed reply to a turn; `None` where the answer must be found.
/// `can_transfer`: a number to transfer to is configured.
pub(crate) fn fixed_reply(
    route: &Route,
    request: &ReplyRequest,
    pack: &Pack,
    can_transfer: bool,
) -> Option<FixedReply> {
    let lines = &pack.settings.lines;
    let turn = caller_turns(&request.history);
    Some(match route {
        Route::Knowledge { .. } => return None,
        Route::HumanRequested => consent_given(request, pack)
            .unwrap_or_else(|| offer_person(request.caller.channel, pack, can_transfer)),
        Route::Affirm => consent_given(request, pack)
            .unwrap_or_else(|| FixedReply::say(variant(&lines.unclear, turn))),
        Route::Deny => denied(request, pack),
        Route::Lookup(name) => {
            let lookup = pack.lookup(name)?;
            FixedReply::say(match request.caller.authenticated_name {
                Some(_) => &lookup.unavailable,
                None => &lookup.unauthenticated,
            })
        }
        Route::Authenticate => FixedReply::say(way_to_authenticate(request, pack)),
        Route::Repeat => match last_agent_text(&request.history) {
            Some(text) => FixedReply::say(text)
                .and(CallAction::Repeat)
                .awaiting(request.caller.awaiting),
            None => FixedReply::say(&lines.nothing_to_repeat),
        },
        Route::Goodbye => FixedReply::say(&lines.goodbye).and(CallAction::HangUp),
        Route::SmallTalk { kind } => FixedReply::say(
            pack.small_talk_answer(kind, turn)
                .unwrap_or(&lines.greeting),
        ),
        Route::OutOfScope => FixedReply::say(variant(&lines.out_of_scope, turn)),
        // An offer stands until it is answered: say the other thing, and go on waiting.
        Route::Unclear => {
            FixedReply::say(variant(&lines.unclear, turn)).awaiting(request.caller.awaiting)
        }
    })
}

/// The offer of a person by the way that is open: transfer on a phone that has somewhere to go,
/// otherwise a callback.
pub(crate) fn offer_person(channel: Channel, pack: &Pack, can_transfer: bool) -> FixedReply {
    let lines = &pack.settings.lines;
    match offer(channel, can_transfer) {
        Awaiting::TransferConsent => FixedReply::say(&lines.transfer_offer),
        _ => FixedReply::say(&lines.callback_offer),
    }
    .awaiting(offer(channel, can_transfer))
}

/// What a yes to "would you like to speak to a person" means here.
pub(crate) fn offer(channel: Channel, can_transfer: bool) -> Awaiting {
    match channel {
        Channel::Phone if can_transfer => Awaiting::TransferConsent,
        Channel::Phone | Channel::Web => Awaiting::CallbackConsent,
    }
}

/// Yes, or asking once more for what was offered.
fn consent_given(request: &ReplyRequest, pack: &Pack) -> Option<FixedReply> {
    let lines = &pack.settings.lines;
    match request.caller.awaiting {
        Awaiting::TransferConsent => {
            Some(FixedReply::say(&lines.transferring).and(CallAction::Transfer))
        }
        Awaiting::CallbackConsent => {
            Some(FixedReply::say(&lines.callback_promised).and(CallAction::Callback))
        }
        Awaiting::None => None,
    }
}

/// No: to an offer, to "anything else?" (the caller is done), or to nothing in particular.
fn denied(request: &ReplyRequest, pack: &Pack) -> FixedReply {
    let lines = &pack.settings.lines;
    let asked_anything_else = last_agent_text(&request.history)
        .is_some_and(|text| text.ends_with(lines.anything_else.as_str()));
    match request.caller.awaiting {
        Awaiting::None if asked_anything_else => {
            FixedReply::say(&lines.goodbye).and(CallAction::HangUp)
        }
        Awaiting::None => FixedReply::say(&lines.anything_else),
        Awaiting::TransferConsent | Awaiting::CallbackConsent => {
            FixedReply::say(&lines.offer_declined)
        }
    }
}

fn way_to_authenticate<'a>(request: &ReplyRequest, pack: &'a Pack) -> &'a str {
    let lines = &pack.settings.lines;
    let caller = &request.caller;
    match caller.channel {
        _ if caller.authenticated_name.is_some() => &lines.already_authenticated,
        _ if !caller.can_authenticate => &lines.authentication_unavailable,
        Channel::Web => &lines.authenticate_web,
        Channel::Phone => &lines.authenticate_phone,
    }
}

fn variant(lines: &[String], turn: usize) -> &str {
    lines
        .get(turn % lines.len().max(1))
        .map_or("", String::as_str)
}
