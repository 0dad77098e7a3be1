//! Language models behind the OpenAI chat completion API, streamed, with deadlines, never retried: a caller is waiting,
//! and the documents can answer at once. Where the first model fails before it said anything, the second is asked.
//!
//! ```text
//! Models -> which may be asked now   outbound::Breaker, budget.rs (pure)
//!        -> one answer as it comes   server.rs, what is sent: messages.rs, its calls of functions: calls.rs
//! ```

mod budget;
mod calls;
mod messages;
mod server;

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::{Duration, Instant};

use crate::{
    LlmConfig, ModelRequest,
    conversation::{Delta, ModelFailure, Prompt},
};
use budget::{Budget, Meter};
use outbound::Breaker;
use server::{Answer, Server};

/// The models of a worker, shared by all its calls: the first, and others for when it fails.
#[derive(Debug)]
pub(super) struct Models(Vec<Model>);

#[derive(Debug)]
struct Model {
    server: Server,
    /// Held for moments only.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    breaker: Breaker,
    meter: Meter,
}

/// An answer that is being given: by one model after the other until one speaks.
pub(super) struct Asking<'a> {
    models: &'a Models,
    prompt: &'a Prompt,
    /// When the reply's first request began.
    begun: Instant,
    /// The model after the one that answers.
    next: usize,
    current: Option<Trial<'a>>,
    last: ModelFailure,
    requests: Vec<ModelRequest>,
}

/// One request to one model. Dropping it leaves its tokens spent and says nothing for or against the model.
struct Trial<'a> {
    model: &'a Model,
    answer: Option<Answer<'a>>,
    place: usize,
    /// Tokens set aside for it.
    reserved: u64,
    has_begun: bool,
}

impl Models {
    pub(super) fn new(configs: impl IntoIterator<Item = LlmConfig>) -> Self {
        let model = |config: LlmConfig| {
            let budget = Budget {
                per_minute: config.tokens_per_minute,
                per_day: config.tokens_per_day,
            };
            Model {
                server: Server::new(config),
                state: Mutex::new(State {
                    breaker: Breaker::default(),
                    meter: Meter::new(budget),
                }),
            }
        };
        Self(configs.into_iter().map(model).collect())
    }

    /// The name of the first.
    pub(super) fn name(&self) -> Option<&str> {
        Some(self.0.first()?.server.name())
    }

    /// Begins to ask; `begun` is when the reply's first request began.
    pub(super) fn ask<'a>(&'a self, prompt: &'a Prompt, begun: Instant) -> Asking<'a> {
        Asking {
            models: self,
            prompt,
            begun,
            next: 0,
            current: None,
            last: ModelFailure::Resting,
            requests: Vec::new(),
        }
    }
}

impl<'a> Asking<'a> {
    /// What comes next. `has_spoken`: a sentence of this answer was whole; from then on no other model is asked.
    pub(super) async fn next(&mut self, has_spoken: bool) -> Delta {
        loop {
            let Some(trial) = &mut self.current else {
                match self.begin() {
                    Some(trial) => self.current = Some(trial),
                    None => return Delta::Failed(self.last.clone()),
                }
                continue;
            };
            let delta = trial.next(self.prompt, self.begun, has_spoken).await;
            let failure = match delta {
                Delta::Failed(failure) => failure,
                Delta::Finished | Delta::CutOff | Delta::Calls(_) => {
                    self.end(None).await;
                    return delta;
                }
                delta => return delta,
            };
            self.end(Some(&failure)).await;
            self.last = failure;
            if has_spoken {
                return Delta::Failed(self.last.clone());
            }
        }
    }

    /// The requests so far, for the record.
    pub(super) fn requests(self) -> Vec<ModelRequest> {
        self.requests
    }

    /// A request to the next model that may be asked, while there is time for one.
    fn begin(&mut self) -> Option<Trial<'a>> {
        let models: &'a [Model] = &self.models.0;
        while let Some(model) = models.get(self.next) {
            let place = self.next;
            self.next += 1;
            if place > 0 && self.begun.elapsed() >= models[0].server.patience() {
                return None;
            }
            let estimate = messages::estimated_tokens(self.prompt);
            let refused = {
                let (mut state, now) = (model.state(), now());
                let State { breaker, meter } = &mut *state;
                if !breaker.allows(now) {
                    Some(ModelFailure::Resting)
                } else if meter.reserve(now, estimate) {
                    breaker.asked(now);
                    None
                } else {
                    if meter.tells_that_it_is_used_up() {
                        tracing::warn!(
                            model = model.server.name(),
                            "the budget of tokens is used up: answers are given without this language model"
                        );
                    }
                    Some(ModelFailure::OverBudget)
                }
            };
            let Some(refused) = refused else {
                return Some(Trial {
                    model,
                    answer: None,
                    place,
                    reserved: estimate,
                    has_begun: false,
                });
            };
            self.requests
                .push(ModelRequest::new(place, refused.kind(), 0));
            self.last = refused;
        }
        None
    }

    /// The request under way is over.
    async fn end(&mut self, failure: Option<&ModelFailure>) {
        let Some(mut trial) = self.current.take() else {
            return;
        };
        let written = trial.answer.as_ref().map_or(0, Answer::estimated_tokens);
        let known = match &mut trial.answer {
            Some(answer) if failure.is_none() => answer.usage().await,
            _ => None,
        };
        let spent = known.unwrap_or(trial.reserved + written);
        trial.model.ended(failure, trial.reserved, spent);
        // It is settled.
        trial.reserved = 0;
        let outcome = failure.map_or("answered", ModelFailure::kind);
        self.requests
            .push(ModelRequest::new(trial.place, outcome, spent));
    }
}

impl Trial<'_> {
    async fn next(&mut self, prompt: &Prompt, begun: Instant, has_spoken: bool) -> Delta {
        if !self.has_begun {
            self.has_begun = true;
            return Delta::Begins(self.model.server.name().to_owned());
        }
        if self.answer.is_none() {
            match self.model.server.ask(prompt, begun).await {
                Ok(answer) => self.answer = Some(answer),
                Err(failure) => return Delta::Failed(failure),
            }
        }
        match &mut self.answer {
            Some(answer) => answer.next(has_spoken).await,
            None => Delta::Failed(ModelFailure::Broken),
        }
    }
}

impl Model {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self, failure: Option<&ModelFailure>, reserved: u64, spent: u64) {
        let (mut state, now) = (self.state(), now());
        state.meter.settle(now, reserved, spent);
        match failure {
            // We were too many, which says nothing of the model.
            Some(ModelFailure::Late(server::NO_PLACE)) => {}
            None => state.breaker.succeeded(),
            Some(_) => {
                if state.breaker.failed(now) {
                    tracing::warn!(
                        model = self.server.name(),
                        "the language model fails again and again: it is left alone for a while"
                    );
                }
            }
        }
    }
}

/// Since the beginning of 1970, by which minutes and days are told apart.
fn now() -> Duration {
    let millis = chrono::Utc::now().timestamp_millis();
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}
