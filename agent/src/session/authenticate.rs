//! Authentication inside a call: the page's form and the keypad lead to the same steps.
//!
//! The steps run as tasks and report back, so that a slow database or webhook
//! never holds up speech. Whatever the number, the caller hears the same words.

use std::time::Duration;

use authentication::{Authenticator, Claim, Keypad, KeypadAction, Started, Verified};
use call::{CallEnding, Channel, PhoneNumber};
use dialogue::Event;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use voice::turn::{Hold, TurnEvent};

use super::{End, Leaving, Phase, Report, Session, before::Before, ledger::SpeechKind};
use crate::line::{RpcCall, RpcMethod};

/// What a page shows when a number cannot be read.
const NUMBER_FORM: &str =
    "Please write the number with its country code, starting with +. An example: +1 555 010 0199.";

/// Whoever presses keys or fills in a form has this long for the next one before silence is silence.
const KEYS: Duration = Duration::from_secs(10);
/// A step that takes longer is not waited for in silence.
const STEP: Duration = Duration::from_secs(30);

/// How far the caller got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// Nobody claimed anything.
    #[default]
    Anonymous,
    /// A claim was made; a code may be on its way.
    Claimed,
    /// Proven; the dialogue knows who they are.
    Authenticated,
}

/// How far the caller got, and whether a step is under way.
#[derive(Debug, Default)]
pub(crate) struct Authentication {
    state: State,
    /// One step in flight for a call: a page that asks in a loop takes no connections from others.
    busy: bool,
}

impl Authentication {
    pub(crate) fn attempted(&self) -> bool {
        self.state != State::Anonymous
    }

    fn is_complete(&self) -> bool {
        self.state == State::Authenticated
    }
}

/// What one step led to, with the page that waits for it.
#[derive(Debug)]
pub(crate) enum Outcome {
    Started(Started, Option<oneshot::Sender<Value>>),
    Verified(
        Verified,
        Option<Box<Before>>,
        Option<oneshot::Sender<Value>>,
    ),
}

#[derive(Deserialize)]
struct ClaimForm {
    username: String,
    phone_number: String,
}

#[derive(Deserialize)]
struct CodeForm {
    code: String,
}

impl Session {
    pub(super) async fn on_rpc(&mut self, call: RpcCall) -> Option<End> {
        match call.method {
            RpcMethod::Session => answer(Some(call.answer), self.about()),
            RpcMethod::HangUp => {
                answer(Some(call.answer), json!({}));
                return Some(End::HangUp(CallEnding::CallerLeft));
            }
            RpcMethod::Authenticate | RpcMethod::Verify if self.phase.is_consulting() => {
                let busy = "a colleague is being called, or speaks with you";
                answer(
                    Some(call.answer),
                    json!({ "status": "busy", "message": busy }),
                );
            }
            RpcMethod::Authenticate => {
                let end = self.hold(Hold::Keys, KEYS).await;
                match claim_of(&call.payload) {
                    Ok(claim) => return end.or(self.claim(claim, Some(call.answer)).await),
                    Err(malformed) => answer(Some(call.answer), malformed),
                }
                return end;
            }
            RpcMethod::Verify => {
                let end = self.hold(Hold::Keys, KEYS).await;
                match serde_json::from_str::<CodeForm>(&call.payload) {
                    Ok(form) => return end.or(self.verify(form.code, Some(call.answer)).await),
                    Err(_) => answer(Some(call.answer), malformed("{\"code\": …}")),
                }
                return end;
            }
        }
        None
    }

    /// Something goes on without words, for so long at most: nobody is asked whether they are there, nor hung up on.
    async fn hold(&mut self, what: Hold, lasts: Duration) -> Option<End> {
        if matches!(self.phase, Phase::Leaving(Leaving::Silence)) {
            self.phase = Phase::Talking;
        }
        let until = self.now() + lasts;
        self.tell(TurnEvent::Hold { what, until }).await
    }

    pub(super) async fn on_digit(&mut self, digit: char) -> Option<End> {
        if self.caller.channel != Channel::Phone {
            return None;
        }
        if self.phase.is_consulting() {
            // Nobody asked for keys; their tones are secrets all the same.
            let now = self.now();
            self.taped.tape.key(now);
            return None;
        }
        let end = self.hold(Hold::Keys, KEYS).await;
        let now = self.now();
        self.taped.tape.key(now);
        let action = self.keypad.press(digit, now);
        self.taped.keypad(&self.keypad, now);
        let Some(action) = action else {
            return end;
        };
        end.or(self.on_keypad(action).await)
    }

    pub(super) async fn on_keypad(&mut self, action: KeypadAction) -> Option<End> {
        // Digits that were asked for are what the caller says.
        let typed = match &action {
            KeypadAction::Start(digits) | KeypadAction::TooShort(digits) => Some(digits.as_str()),
            _ => None,
        };
        if let Some(digits) = typed.filter(|_| self.dialogue.takes_digits()) {
            let text = self.redactor.redact(call::Speaker::Caller, digits).text;
            return self.tell(TurnEvent::CallerTyped { text }).await;
        }
        match action {
            KeypadAction::Person => self.offer_person().await,
            _ if self.authentication.is_complete() => {}
            KeypadAction::Start(number) => return self.claim(Claim::Digits(number), None).await,
            KeypadAction::Verify(code) => return self.verify(code, None).await,
            KeypadAction::Cleared | KeypadAction::TooShort(_) => {
                let lines = &self.services.lines;
                let code_expected = matches!(self.keypad, Keypad::Code { .. });
                let text = if code_expected {
                    lines.code_sent.clone()
                } else {
                    lines.authenticate_phone.clone()
                };
                self.inform(&text).await;
            }
        }
        None
    }

    /// A person is asked for by key.
    async fn offer_person(&mut self) {
        for text in self.dialogue.on(Event::PersonWanted) {
            self.inform(&text).await;
        }
    }

    pub(super) async fn on_authentication(&mut self, outcome: Outcome) -> Option<End> {
        self.authentication.busy = false;
        let end = self.code_awaited(&outcome).await;
        // A yes to what follows is no yes to an offer made before it.
        self.dialogue.on(Event::OfferLapsed);
        let lines = self.services.lines.clone();
        // What was waiting for the proof goes on behind it.
        let mut behind = Vec::new();
        let (text, page, status) = match outcome {
            Outcome::Started(Started::CodeSent, page) => {
                self.keypad.expect_code();
                (lines.code_sent.clone(), page, "code_sent")
            }
            Outcome::Started(Started::Limited, page)
            | Outcome::Verified(Verified::Limited, _, page) => {
                self.keypad.reset();
                (lines.code_limit.clone(), page, "limited")
            }
            Outcome::Started(Started::Unavailable, page)
            | Outcome::Verified(Verified::Unavailable, _, page) => {
                self.keypad.reset();
                (
                    lines.authentication_unavailable.clone(),
                    page,
                    "unavailable",
                )
            }
            Outcome::Verified(Verified::Wrong, _, page) => {
                (lines.code_wrong.clone(), page, "wrong_code")
            }
            Outcome::Verified(Verified::Expired, _, page) => {
                self.keypad.reset();
                let line = lines.code_expired.as_ref().unwrap_or(&lines.code_limit);
                (line.clone(), page, "expired")
            }
            Outcome::Verified(Verified::Authenticated { name, customer }, before, page) => {
                self.keypad.reset();
                self.authentication.state = State::Authenticated;
                if let Some(before) = before {
                    before.tell(self.id, &self.dialogue, &mut self.ledger.memory);
                }
                behind = self.dialogue.on(Event::Proven {
                    name: name.clone(),
                    customer,
                });
                let goes_on = lines.authenticated_goes_on.as_ref();
                let line = goes_on.filter(|_| !behind.is_empty());
                let line = line.unwrap_or(&lines.authenticated);
                (line.replace("{name}", &name), page, "authenticated")
            }
        };
        let now = self.now();
        self.taped.keypad(&self.keypad, now);
        self.services.metrics.authentication(status);
        answer(page, json!({ "status": status, "message": text }));
        self.inform(&text).await;
        for text in behind {
            self.inform(&text).await;
        }
        end
    }

    /// A code that was sent is waited for as long as it lives; a wrong one may be entered again.
    async fn code_awaited(&mut self, outcome: &Outcome) -> Option<End> {
        let end = self.tell(TurnEvent::Release(Hold::Work)).await;
        let next = match outcome {
            Outcome::Started(Started::CodeSent, _) => {
                let authenticator = self.services.authenticator.as_ref();
                let lives = authenticator.map_or(Duration::ZERO, Authenticator::code_lives);
                self.hold(Hold::Code, lives).await
            }
            Outcome::Verified(Verified::Wrong, ..) => None,
            _ => self.tell(TurnEvent::Release(Hold::Code)).await,
        };
        end.or(next)
    }

    /// Says how far a step got, unless nobody may be spoken to yet.
    async fn inform(&mut self, text: &str) {
        if !self.phase.is_bridged() && self.may_speak().await {
            self.announce(SpeechKind::Announcement, text, true).await;
        }
    }

    fn about(&self) -> Value {
        json!({
            "summary_token": self.summary_token.expose(),
            "authentication": self.services.authenticator.is_some(),
            "speech_model": self.services.stt.model_name(),
            "language_model": self.services.config.language_model,
        })
    }

    /// The page, unless a step is under way.
    fn one_at_a_time(
        &mut self,
        page: Option<oneshot::Sender<Value>>,
    ) -> Option<Option<oneshot::Sender<Value>>> {
        if std::mem::replace(&mut self.authentication.busy, true) {
            answer(
                page,
                json!({ "status": "busy", "message": "one moment, please" }),
            );
            return None;
        }
        Some(page)
    }

    async fn claim(&mut self, claim: Claim, page: Option<oneshot::Sender<Value>>) -> Option<End> {
        let page = self.one_at_a_time(page)?;
        let end = self.hold(Hold::Work, STEP).await;
        let (session, address) = (self.id, self.address());
        let Some(authenticator) = self.services.authenticator.clone() else {
            self.report_soon(Outcome::Started(Started::Unavailable, page));
            return end;
        };
        if self.authentication.state == State::Anonymous {
            self.authentication.state = State::Claimed;
        }
        let reporter = self.reporter.clone();
        self.tasks.spawn(async move {
            let started = authenticator.start(session, claim, address).await;
            report(&reporter, Outcome::Started(started, page)).await;
        });
        end
    }

    async fn verify(&mut self, code: String, page: Option<oneshot::Sender<Value>>) -> Option<End> {
        let page = self.one_at_a_time(page)?;
        let end = self.hold(Hold::Work, STEP).await;
        let Some(authenticator) = self.services.authenticator.clone() else {
            self.report_soon(Outcome::Verified(Verified::Unavailable, None, page));
            return end;
        };
        let (session, address) = (self.id, self.address());
        let reporter = self.reporter.clone();
        let (earlier, replier) = (self.services.earlier.clone(), self.services.replier.clone());
        self.tasks.spawn(async move {
            let verified = authenticator
                .verify(session, &code, address.as_deref())
                .await;
            // Nothing of it is known before the proof.
            let before = match (&verified, earlier) {
                (Verified::Authenticated { .. }, Some(earlier)) => {
                    Some(Box::new(Before::find(&earlier, session, &replier).await))
                }
                _ => None,
            };
            report(&reporter, Outcome::Verified(verified, before, page)).await;
        });
        end
    }

    /// What the limits count beside the claim: the phone's number, or the browser's address.
    fn address(&self) -> Option<String> {
        self.caller
            .phone_hint
            .clone()
            .or_else(|| self.caller.address.clone())
    }

    fn report_soon(&self, outcome: Outcome) {
        let reporter = self.reporter.clone();
        self.tasks
            .spawn(async move { report(&reporter, outcome).await });
    }
}

async fn report(reporter: &tokio::sync::mpsc::Sender<Report>, outcome: Outcome) {
    if reporter
        .send(Report::Authentication(outcome))
        .await
        .is_err()
    {
        tracing::debug!("the call ended before its authentication");
    }
}

fn answer(page: Option<oneshot::Sender<Value>>, value: Value) {
    if page.is_some_and(|page| page.send(value).is_err()) {
        tracing::debug!("the page does not wait for its answer any more");
    }
}

/// What the page's form claims, or the answer to one that is none. A text that is not a number at all
/// is nobody's secret: the page may show how to write one.
fn claim_of(payload: &str) -> Result<Claim, Value> {
    let form = serde_json::from_str::<ClaimForm>(payload)
        .map_err(|_| malformed("{\"username\": …, \"phone_number\": …}"))?;
    let number = form.phone_number.parse::<PhoneNumber>();
    let number = number.map_err(|_| json!({ "status": "malformed", "message": NUMBER_FORM }))?;
    Ok(Claim::Username {
        username: form.username,
        phone_number: Some(number.into()),
    })
}

fn malformed(form: &str) -> Value {
    json!({ "status": "malformed", "message": format!("expected {form}") })
}
