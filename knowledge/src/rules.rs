//! A pack's phrases, compiled.

use language::{
    Lexicon,
    phrase::{Phrases, Utterance},
};

use crate::{
    pack::{Pack, PhraseSet},
    task::SteerRules,
};

/// The compiled phrases of a pack.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// By topic id, in the author's order.
    pub(crate) topics: Vec<(String, Phrases)>,
    pub(crate) strong: Phrases,
    pub(crate) weak: Phrases,
    pub(crate) foreign: Phrases,
    pub(crate) follow_ups: Phrases,
    pub(crate) small_talk: Vec<SmallTalkRule>,
    /// By the look-up's name, in the author's order.
    pub(crate) lookups: Vec<(String, Phrases)>,
    /// By the task's name.
    pub(crate) tasks: Vec<(String, Phrases)>,
    /// Those of them that end in a person: asked for before a person is.
    pub(crate) for_person: Vec<String>,
    /// In the author's order.
    pub(crate) first_aid: Vec<Phrases>,
    pub(crate) steer: SteerRules,
    pub(crate) human: Phrases,
    pub(crate) authenticate: Phrases,
    pub(crate) repeat: Phrases,
    pub(crate) source: Phrases,
    pub(crate) more: Phrases,
    pub(crate) goodbye: Phrases,
    pub(crate) affirm: Phrases,
    pub(crate) deny: Phrases,
}

/// One kind of small talk, compiled.
#[derive(Clone, Debug)]
pub(crate) struct SmallTalkRule {
    pub(crate) kind: String,
    pub(crate) leads: bool,
    pub(crate) opens: bool,
    pub(crate) phrases: Phrases,
}

impl Rules {
    pub(crate) fn new(lexicon: &Lexicon, pack: &Pack) -> Self {
        let set = |set: &PhraseSet| Phrases::new(lexicon, &set.phrases, &set.unless, &set.with);
        let words = |words: &[String]| Phrases::new(lexicon, words, &[], &[]);
        let topics = pack.topics.iter().map(|topic| {
            let phrases = Phrases::new(lexicon, &topic.phrases, &topic.unless, &[]);
            (topic.id.clone(), phrases)
        });
        let small_talk = pack.small_talk.iter().map(|talk| SmallTalkRule {
            kind: talk.kind.clone(),
            leads: talk.leads,
            opens: talk.opens,
            phrases: Phrases::new(lexicon, &talk.phrases, &talk.unless, &talk.with),
        });
        let lookups = pack.lookups.iter().map(|lookup| {
            let phrases = Phrases::new(lexicon, &lookup.phrases, &lookup.unless, &[]);
            (lookup.name.clone(), phrases)
        });
        let tasks = pack.tasks.list.iter().map(|task| {
            let phrases = Phrases::new(lexicon, &task.phrases, &task.unless, &[]);
            (task.name.clone(), phrases)
        });
        let for_person = pack.tasks.list.iter();
        let for_person = for_person.filter(|task| task.asked_for_person);
        let first_aid = pack.tasks.first_aid.iter();
        let first_aid = first_aid.map(|aid| Phrases::new(lexicon, &aid.phrases, &aid.unless, &[]));
        Self {
            topics: topics.collect(),
            strong: words(&pack.words.strong),
            weak: words(&pack.words.weak),
            foreign: words(&pack.words.foreign),
            follow_ups: words(&pack.words.follow_ups),
            small_talk: small_talk.collect(),
            lookups: lookups.collect(),
            tasks: tasks.collect(),
            for_person: for_person.map(|task| task.name.clone()).collect(),
            first_aid: first_aid.collect(),
            steer: SteerRules::new(lexicon, &pack.tasks.words),
            human: set(&pack.actions.human),
            authenticate: set(&pack.actions.authenticate),
            repeat: set(&pack.actions.repeat),
            source: set(&pack.actions.source),
            more: set(&pack.actions.more),
            goodbye: set(&pack.actions.goodbye),
            affirm: set(&pack.actions.affirm),
            deny: set(&pack.actions.deny),
        }
    }

    /// Phrases that cannot match even their own words, as written: a slip, such as a filler word alone or a
    /// synonym's left side.
    pub(crate) fn dead(&self, lexicon: &Lexicon) -> Vec<&str> {
        let single = [
            &self.strong,
            &self.weak,
            &self.foreign,
            &self.follow_ups,
            &self.human,
            &self.authenticate,
            &self.repeat,
            &self.source,
            &self.more,
            &self.goodbye,
            &self.affirm,
            &self.deny,
        ];
        let named = self.topics.iter().chain(&self.lookups).chain(&self.tasks);
        named
            .map(|(_, phrases)| phrases)
            .chain(self.small_talk.iter().map(|talk| &talk.phrases))
            .chain(&self.first_aid)
            .chain(self.steer.all())
            .chain(single)
            .flat_map(Phrases::all)
            .filter(|phrase| {
                let sample = Utterance::new(lexicon.terms(&phrase.sample()));
                phrase.find(&sample).is_none()
            })
            .map(|phrase| phrase.written())
            .collect()
    }
}
