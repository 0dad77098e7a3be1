//! A reply that is written before it is known that the turn is over. It is tried out on a copy of the conversation, which
//! takes the conversation's place if the turn was over, and is forgotten otherwise.
//!
//! ```text
//! pause -> draft: copy -> read, search, model, first sentence     nothing of it is heard, kept or done
//!   more words -> dropped                                         as if it had never been
//!   turn over  -> settled: the copy is the conversation           tools begin, sentences are heard
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use knowledge::KnowledgeBase;
use tokio::sync::watch;

use crate::{
    Driver,
    conversation::{CallerTurn, Conversation, Event, Step},
};

/// The copy, until it takes the conversation's place.
type Copy = Arc<Mutex<Option<Conversation>>>;

/// A drafted reply, as whoever decides on the turn sees it. Dropping it gives the draft up.
#[must_use = "a draft that is not settled is given up"]
pub struct Draft {
    driver: Driver,
    copy: Copy,
    /// What had happened in the conversation when the copy was made.
    events: u64,
    settled: watch::Sender<bool>,
}

/// The same, as the reply that is written sees it.
#[derive(Debug)]
pub(crate) struct Trial {
    copy: Copy,
    settled: watch::Receiver<bool>,
}

impl Draft {
    /// A copy of the conversation in which the caller said `turn`, and the first steps of the reply.
    pub(crate) fn new(
        driver: Driver,
        knowledge: Arc<KnowledgeBase>,
        turn: CallerTurn,
    ) -> (Self, Trial, Vec<Step>) {
        let mut copy = driver.conversation().clone();
        let events = copy.events();
        let (now, mut steps) = (driver.now(), Vec::new());
        copy.on(Event::Knowledge(knowledge), now, &mut steps);
        copy.on(Event::CallerSaid(turn), now, &mut steps);
        let copy = Arc::new(Mutex::new(Some(copy)));
        let (settled, is_settled) = watch::channel(false);
        let trial = Trial {
            copy: Arc::clone(&copy),
            settled: is_settled,
        };
        let draft = Self {
            driver,
            copy,
            events,
            settled,
        };
        (draft, trial, steps)
    }

    /// The turn was over, in the same words: what was drafted is the reply to it. `false` where something happened in the
    /// conversation meanwhile, so that the reply may be a different one: then nothing has changed.
    #[must_use = "a draft that is out of date is not the reply"]
    pub fn settle(self) -> bool {
        {
            let mut copy = lock(&self.copy);
            let mut conversation = self.driver.conversation();
            if conversation.events() != self.events {
                return false;
            }
            let Some(settled) = copy.take() else {
                return false;
            };
            *conversation = settled;
        }
        self.settled.send_replace(true);
        true
    }
}

impl Trial {
    /// Reports to the copy, or to the conversation once the copy has taken its place.
    pub(crate) fn on(&self, event: Event, driver: &Driver) -> Vec<Step> {
        let mut copy = lock(&self.copy);
        match &mut *copy {
            Some(conversation) => {
                let mut steps = Vec::new();
                conversation.on(event, driver.now(), &mut steps);
                steps
            }
            None => driver.steps(event),
        }
    }

    /// The documents that the reply uses.
    pub(crate) fn knowledge(&self, driver: &Driver) -> Arc<KnowledgeBase> {
        match &*lock(&self.copy) {
            Some(conversation) => Arc::clone(conversation.knowledge()),
            None => Arc::clone(driver.conversation().knowledge()),
        }
    }

    /// Waits until it is known what becomes of the draft: whether it is the reply.
    pub(crate) async fn is_settled(&mut self) -> bool {
        self.settled.wait_for(|settled| *settled).await.is_ok()
    }
}

fn lock(copy: &Copy) -> MutexGuard<'_, Option<Conversation>> {
    copy.lock().unwrap_or_else(PoisonError::into_inner)
}
