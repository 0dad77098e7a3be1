//! A pack and its index as one value, to be held in an `Arc` and swapped whole when either changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::NaiveDate;
use embedding::{Classifier, Vector};
use language::{Lexicon, phrase::Utterance};
use sha2::{Digest, Sha256};

use crate::{
    answer::{Answer, Aspects, Citation, Extractor, has_sign, sentences},
    catalogue::{Ask, Last, Offer, SharedStems, Shelf},
    chunk::{Chunk, chunks},
    evidence::Weighing,
    heard::{Heard, Meanings},
    index::{Asks, Index, Passage},
    learned::Learned,
    pack::{DocumentText, Pack},
    route::{Question, Route, RouteContext, Routed},
    rules::Rules,
    task::FirstAid,
    transfer::TransferRules,
    trust::Trust,
    understand::Reader,
    web::WebRules,
};

/// Nearness from which on a document of an urgent topic answers, whatever else speaks against it.
const URGENT: f32 = 0.45;
/// The support that it has then.
const URGENT_SUPPORT: f32 = 6.0;
/// Passages among which the document of the question before may be.
const LOOKED_AT: usize = 8;
/// Passages that an extractive answer looks at.
const ANSWER_PASSAGES: usize = 3;

/// Everything a call asks: routing, retrieval, answers. Immutable.
#[derive(Clone, Debug)]
pub struct KnowledgeBase {
    pack: Pack,
    lexicon: Lexicon,
    rules: Rules,
    aspects: Aspects,
    index: Index,
    /// What the pack sounds like, by words and by meaning.
    learned: Option<Learned>,
    learned_meaning: Option<Learned>,
    weighing: Weighing,
    /// Topics that cannot wait.
    urgent: BTreeSet<String>,
    meanings: Option<Meanings>,
    /// What the ways of asking mean that one sentence answers, by document, with that sentence.
    answered_by: BTreeMap<String, Vec<(String, Vector)>>,
    shelf: Option<Shelf>,
    web: WebRules,
    transfer: TransferRules,
    fingerprint: String,
}

impl KnowledgeBase {
    /// Indexes the pack's own documents.
    #[must_use]
    pub fn new(pack: Pack) -> Self {
        let chunks = pack.documents.iter().flat_map(chunks).collect();
        Self::from_chunks(pack, chunks)
    }

    /// Indexes chunks as they were stored. A chunk of a document that the pack knows gains its
    /// topic and its known ways of asking.
    #[must_use]
    pub fn from_chunks(pack: Pack, mut chunks: Vec<Chunk>) -> Self {
        let known: BTreeMap<&str, &DocumentText> = pack
            .documents
            .iter()
            .map(|d| (d.source.as_str(), d))
            .collect();
        for chunk in &mut chunks {
            if chunk.topic.is_none() {
                chunk.topic = known
                    .get(chunk.source.as_str())
                    .and_then(|document| document.topic.clone());
            }
        }
        let documents = pack.documents.iter();
        let asks = documents
            .map(|document| (document.source.clone(), Asks::of(document)))
            .collect();
        let words = &pack.words;
        let lexicon = Lexicon::new(&words.synonyms, &words.whole, &words.unspecific);
        let fingerprint = fingerprint(&pack, &chunks);
        let urgent = pack.topics.iter().filter(|topic| topic.urgent);
        let urgent = urgent.map(|topic| topic.id.clone()).collect();
        let index = Index::new(&lexicon, chunks, &asks);
        let trade: Vec<&str> = index.asks().collect();
        let elsewhere: Vec<&str> = pack
            .elsewhere
            .sentences
            .iter()
            .map(String::as_str)
            .collect();
        let trained = pack.trained.as_ref();
        let learned = trained.and_then(|trained| trained.words.learned());
        let learned = learned.or_else(|| Learned::from_words(&trade, &elsewhere));
        let weighing = trained.map(|trained| trained.weighing);
        Self {
            weighing: weighing.unwrap_or_default(),
            rules: Rules::new(&lexicon, &pack),
            shelf: pack.catalogue.as_ref().map(|catalogue| {
                Shelf::new(&lexicon, catalogue.clone(), pack.catalogue_words.clone())
            }),
            aspects: Aspects::new(&lexicon, &pack.words.aspects),
            web: WebRules::new(&lexicon, &pack.web),
            transfer: TransferRules::new(&lexicon, &pack.transfer),
            pack,
            lexicon,
            index,
            learned,
            learned_meaning: None,
            urgent,
            meanings: None,
            answered_by: BTreeMap::new(),
            fingerprint,
        }
    }

    pub(crate) fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// How rare a stem is among the documents, 0 and up.
    pub(crate) fn rarity(&self, stem: &str) -> f32 {
        self.index.rarity(stem)
    }

    /// The pack.
    #[must_use]
    pub fn pack(&self) -> &Pack {
        &self.pack
    }

    /// The pack's documents in pieces, for storing.
    #[must_use]
    pub fn chunks(&self) -> Vec<Chunk> {
        self.pack.documents.iter().flat_map(chunks).collect()
    }

    /// A hash of what the pack and its stored documents say, in hex: equal bases answer alike, if both understand by
    /// meaning or neither does.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The texts whose meaning counts: titles, known ways of asking, paragraphs and sentences of the documents.
    #[must_use]
    pub fn texts(&self) -> BTreeSet<String> {
        let elsewhere = self.pack.elsewhere.sentences.iter().map(String::as_str);
        let texts = self.index.texts().chain(elsewhere);
        texts.map(str::to_owned).collect()
    }

    /// The same base, which understands by meaning too. What `meanings` lacks of [`Self::texts`] counts by its words
    /// alone.
    #[must_use]
    pub fn with_meanings(mut self, meanings: Meanings) -> Self {
        for document in &self.pack.documents {
            let known = document.answered_by.iter();
            let known = known
                .filter_map(|(ask, answer)| Some((answer.clone(), meanings.known(ask)?.clone())));
            let source = document.source.clone();
            self.answered_by.insert(source, known.collect());
        }
        let trained = self.pack.trained.as_ref();
        self.index.set_meanings(&meanings, trained.map(Arc::as_ref));
        if let Some(trained) = trained {
            self.learned_meaning = trained.meaning.learned();
            self.meanings = Some(meanings);
            return self;
        }
        let trade = self.index.asks().filter_map(|text| meanings.known(text));
        let elsewhere = self.pack.elsewhere.sentences.iter();
        let elsewhere = elsewhere.filter_map(|text| meanings.known(text));
        let (trade, elsewhere): (Vec<_>, Vec<_>) = (trade.collect(), elsewhere.collect());
        self.learned_meaning = Learned::from_meanings(&trade, &elsewhere);
        self.meanings = Some(meanings);
        self
    }

    /// Whether it understands by meaning: reading a turn takes milliseconds then.
    #[must_use]
    pub fn has_meanings(&self) -> bool {
        self.meanings.is_some()
    }

    /// What its texts mean, where that is known.
    #[must_use]
    pub fn meanings(&self) -> Option<&Meanings> {
        self.meanings.as_ref()
    }

    /// Reads a finished turn.
    #[must_use]
    pub fn read(&self, text: &str) -> Heard {
        Heard::read(text, &self.pack.meaning, |text| {
            let vector = self.meanings.as_ref()?.of(text);
            Some(self.index.sense(vector))
        })
    }

    /// Reads a finished turn by its words alone.
    #[must_use]
    pub fn read_words(&self, text: &str) -> Heard {
        Heard::read(text, &self.pack.meaning, |_| None)
    }

    /// What a finished turn asks for.
    #[must_use]
    pub fn route(&self, text: &str, context: &RouteContext) -> Route {
        self.explain(text, context).route
    }

    /// The route with its reasons.
    #[must_use]
    pub fn explain(&self, text: &str, context: &RouteContext) -> Routed {
        self.understand(&self.read(text), context)
    }

    /// The route of a turn that was read, with its reasons, where nothing is done for anybody: no task is connected.
    #[must_use]
    pub fn understand(&self, heard: &Heard, context: &RouteContext) -> Routed {
        let tasks = self.pack.tasks.list.iter();
        let tasks: Vec<String> = tasks.map(|task| task.name.clone()).collect();
        self.understand_without(heard, context, &tasks)
    }

    /// The same where the look-ups and tasks of these names are not connected: what asks for them is read as if the pack
    /// had none.
    #[must_use]
    pub fn understand_without(
        &self,
        heard: &Heard,
        context: &RouteContext,
        without: &[String],
    ) -> Routed {
        let reader = Reader {
            rules: &self.rules,
            lexicon: &self.lexicon,
            index: &self.index,
            words: &self.pack.meaning,
            shelf: self.shelf.as_ref(),
            learned: self.learned.as_ref(),
            learned_meaning: self.learned_meaning.as_ref(),
            urgent: &self.urgent,
            weighing: self.weighing,
            without,
        };
        reader.understand(heard, context)
    }

    /// What people say elsewhere.
    pub(crate) fn elsewhere(&self) -> impl Iterator<Item = &str> {
        self.pack.elsewhere.sentences.iter().map(String::as_str)
    }

    /// The sources of the documents, and what the ways of asking for each mean, with the document's place among them.
    pub(crate) fn ways_of_asking(&self) -> (Vec<String>, Vec<(&Vector, usize)>) {
        match &self.meanings {
            Some(meanings) => self.index.ways_of_asking(meanings),
            None => (Vec::new(), Vec::new()),
        }
    }

    /// The topic of a document.
    pub(crate) fn topic_of(&self, source: &str) -> Option<&str> {
        let mut documents = self.pack.documents.iter();
        documents
            .find(|document| document.source == source)?
            .topic
            .as_deref()
    }

    /// The documents found for a question that stands alone, best first, with what was learned of which document a
    /// question sounds like.
    pub(crate) fn find_with(
        &self,
        text: &str,
        vector: Option<&Vector>,
        sources: &[String],
        learned: &Classifier,
    ) -> Vec<String> {
        let question = Question {
            vector: vector.cloned(),
            ..Question::new(text, &[])
        };
        let trust = Trust::default();
        let found = (self.index).search_with(
            &self.lexicon,
            &question,
            LOOKED_AT,
            trust,
            Some((sources, learned)),
        );
        found.into_iter().map(|passage| passage.source).collect()
    }

    /// The pack's catalogue, where it has one.
    #[must_use]
    pub fn shelf(&self) -> Option<&Shelf> {
        self.shelf.as_ref()
    }

    /// The answer from the catalogue to what a turn asks of it, after the last one.
    #[must_use]
    pub fn offer(&self, ask: &Ask, last: Option<&Last>) -> Option<Offer> {
        let shelf = self.shelf.as_ref()?;
        let lexicon = &self.lexicon;
        Some(shelf.offer(ask, last, &SharedStems { shelf, lexicon }))
    }

    /// The `k` best passages for a question about the trade, one per document. `today` tells how old they are; without
    /// it their age does not count.
    #[must_use]
    pub fn search(&self, question: &Question, k: usize, today: Option<NaiveDate>) -> Vec<Passage> {
        let settings = &self.pack.settings;
        let policy = settings.freshness_policy;
        let trust = Trust { today, policy };
        let looked_at = k.max(LOOKED_AT);
        let mut passages = (self.index).search(&self.lexicon, question, looked_at, trust);
        self.prefer_last(question, &mut passages);
        passages.truncate(k);
        let (line, months) = (
            settings.lines.outdated.as_deref(),
            &self.pack.catalogue_words.months,
        );
        for passage in &mut passages {
            passage.introduction = trust.introduction(passage.provenance, line, months);
        }
        // Whoever is in need is not told that nothing is known.
        if let Some(best) = passages.first_mut()
            && let Some(topic) = best
                .topic
                .as_ref()
                .filter(|topic| self.urgent.contains(*topic))
            && (question.topics.contains(topic) || best.nearness.is_some_and(|near| near >= URGENT))
        {
            best.support = URGENT_SUPPORT;
        }
        passages
    }

    /// What a question that leans on another wants to know in particular is first looked for in the document that
    /// answered that: "and what does it cost" is not about the list of all prices.
    fn prefer_last(&self, question: &Question, passages: &mut Vec<Passage>) {
        let before = question.before.as_ref();
        let source = before.and_then(|before| before.source.as_deref());
        let asked = Utterance::new(self.lexicon.terms(&question.text));
        let Some(signs) = self.aspects.asked_for(&asked) else {
            return;
        };
        let last = passages.iter().position(|passage| {
            Some(passage.source.as_str()) == source
                && sentences(&passage.text)
                    .iter()
                    .any(|sentence| has_sign(sentence, &signs))
        });
        if let Some(last) = last {
            let passage = passages.remove(last);
            passages.insert(0, passage);
        }
    }

    /// The `k` best passages for each of the questions of one turn.
    #[must_use]
    pub fn search_all(
        &self,
        questions: &[Question],
        k: usize,
        today: Option<NaiveDate>,
    ) -> Vec<Vec<Passage>> {
        let mut found: Vec<Vec<Passage>> = Vec::new();
        for question in questions {
            let mut question = question.clone();
            // One that leans on the question before it asks of the same document first.
            let last = found.last().and_then(|passages| passages.first());
            if let Some(before) = question
                .before
                .as_mut()
                .filter(|before| before.source.is_none())
            {
                before.source = last.map(|passage| passage.source.clone());
            }
            found.push(self.search(&question, k, today));
        }
        found
    }

    /// Which of these labels a text names with a word that the others lack; none where it names none or several.
    #[must_use]
    pub fn named(&self, text: &str, labels: &[&str]) -> Option<usize> {
        let stems = |text: &str| self.lexicon.document_stems(text).into_iter().collect();
        let said: BTreeSet<String> = stems(text);
        let labels: Vec<BTreeSet<String>> = labels.iter().map(|label| stems(label)).collect();
        let is_own = |at: usize, stem: &String| {
            let mut others = labels.iter().enumerate();
            others.all(|(other, label)| other == at || !label.contains(stem))
        };
        let mut named = (0..labels.len()).filter(|at| {
            labels[*at]
                .iter()
                .any(|stem| said.contains(stem) && is_own(*at, stem))
        });
        named.next().filter(|_| named.next().is_none())
    }

    /// What is said first to whoever says this, with its place among the pack's.
    #[must_use]
    pub fn first_aid(&self, text: &str) -> Option<(usize, &FirstAid)> {
        let said = Utterance::new(self.lexicon.terms(text));
        let mut rules = self.rules.first_aid.iter();
        let at = rules.position(|phrases| !phrases.matches(&said).is_empty())?;
        Some((at, self.pack.tasks.first_aid.get(at)?))
    }

    /// The extractive answer to a question about the trade.
    #[must_use]
    pub fn answer(&self, question: &Question, today: Option<NaiveDate>) -> Answer {
        let passages = self.search(question, ANSWER_PASSAGES, today);
        self.answer_from(question, &passages, &self.beside(question, &[]))
    }

    /// The extractive answer from passages that [`Self::search`] found, with what [`Self::beside`] gives.
    #[must_use]
    pub fn answer_from(
        &self,
        question: &Question,
        passages: &[Passage],
        beside: &[Citation],
    ) -> Answer {
        let extractor = self.extractor(&self.index, self.meanings.as_ref());
        extractor.answer(question, passages, beside)
    }

    pub(crate) fn extractor<'a>(
        &'a self,
        index: &'a Index,
        meanings: Option<&'a Meanings>,
    ) -> Extractor<'a> {
        Extractor {
            lexicon: &self.lexicon,
            index,
            aspects: &self.aspects,
            settings: &self.pack.settings,
            meanings,
            urgent: &self.urgent,
            topics: &self.pack.topics,
            answered_by: &self.answered_by,
            documents: &self.pack.documents,
        }
    }

    pub(crate) fn web_rules(&self) -> &WebRules {
        &self.web
    }

    pub(crate) fn transfer_rules(&self) -> &TransferRules {
        &self.transfer
    }

    /// The documents' index with these chunks among them, and what these mean.
    pub(crate) fn index_with(&self, chunks: Vec<Chunk>) -> (Index, Option<Meanings>) {
        let count = chunks.len();
        let mut index = self.index.with(&self.lexicon, chunks);
        let meanings = self.meanings.as_ref();
        let meanings = meanings.map(|meanings| index.set_meanings_of_last(count, meanings));
        (index, meanings)
    }
}

fn fingerprint(pack: &Pack, chunks: &[Chunk]) -> String {
    let mut hash = Sha256::new();
    // `Debug` of plain data is deterministic and covers every field, those added later too.
    hash.update(format!("{pack:?}{chunks:?}{:?}", pack.elsewhere.sentences));
    format!("{:x}", hash.finalize())
}
