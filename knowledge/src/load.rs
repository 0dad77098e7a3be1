//! A pack read from its folder, and refused with a sentence that helps when something is wrong in it. The only file
//! of this crate that touches the disk.

use std::{
    collections::BTreeMap,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use call::input::decode_file;
use language::{FactWords, MomentWords};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    KnowledgeBase,
    catalogue::{self, Catalogue, CatalogueFile, Listing},
    check::{self, Names, bad},
    document,
    error::PackError,
    facts,
    language_file::LanguageFile,
    lookup::Lookup,
    moments,
    pack::{
        Aspect, Currency, DocumentText, Elsewhere, Pack, Settings, SmallTalk, Topic, TradeWords,
    },
    pack_test::{self, TestDialogue},
    pronunciation,
    task::{self, FirstAid, Task, TaskWords, Tasks},
    trained::Trained,
    training::{Example, TrainingFile},
};

/// What people say in English to other trades and about nothing, compiled in.
const ELSEWHERE: &str = include_str!("../../packs/languages/en-elsewhere.txt");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicsFile {
    topic: Vec<Topic>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SmallTalkFile {
    kind: Vec<SmallTalk>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LookupsFile {
    lookup: Vec<Lookup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstAidFile {
    first_aid: Vec<FirstAid>,
}

impl KnowledgeBase {
    /// Loads a pack folder and indexes its documents.
    ///
    /// # Errors
    /// When a file is missing, not text, malformed or refers to something that does not exist.
    pub fn load(folder: &Path) -> Result<Self, PackError> {
        Ok(Self::new(Pack::load(folder)?))
    }

    /// The tests in the folder `tests` of the pack that this was loaded from, in the order of their files; none
    /// without such a folder.
    ///
    /// # Errors
    /// When a file is malformed or names something that the pack does not have.
    pub fn tests(&self, folder: &Path) -> Result<Vec<TestDialogue>, PackError> {
        let files = match files(&folder.join("tests"), "toml") {
            Err(PackError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => {
                Vec::new()
            }
            files => files?,
        };
        let mut dialogues = Vec::new();
        for file in files {
            let text = read(&file)?;
            dialogues.extend(pack_test::parse(file, &text, self)?);
        }
        Ok(dialogues)
    }
}

impl KnowledgeBase {
    /// The examples of the sets that the pack's `training.toml` names, whose files lie in `data`: at most `each` of a
    /// label. None without that file.
    ///
    /// # Errors
    /// When a file is missing or malformed.
    pub fn examples(
        &self,
        folder: &Path,
        data: &Path,
        each: usize,
    ) -> Result<Vec<Example>, PackError> {
        let file = folder.join("training.toml");
        let sets = optional::<TrainingFile>(&file)?.map_or_else(Vec::new, |file| file.set);
        let mut examples = Vec::new();
        for set in sets {
            let mut documents = set.documents.values().flatten();
            if let Some(unknown) = documents.find(|source| self.topic_of(source).is_none()) {
                return Err(bad(
                    &file,
                    "documents",
                    unknown,
                    "the source of a document of the pack",
                ));
            }
            let lines = data.join(&set.file);
            examples.extend(set.examples(&lines, &read(&lines)?, each)?);
        }
        Ok(examples)
    }
}

impl Pack {
    /// Reads `pack.toml`, `topics.toml`, `words.toml`, `small_talk.toml` and `documents/*.md` from `folder`, and
    /// where they exist `documents/fetched/*.md`, `actions.toml`, `lookups.toml`, `moments.toml`,
    /// `facts.toml`, `lexicon.toml` and `language.toml`.
    ///
    /// # Errors
    /// When a file cannot be read, is not text, is malformed, or names something that is not there;
    /// the message names the file, the key and what would be accepted.
    pub fn load(folder: &Path) -> Result<Self, PackError> {
        let file = |name: &str| folder.join(name);
        let mut settings: Settings = toml_file(&file("pack.toml"))?;
        check::settings(&file("pack.toml"), &settings)?;
        let (company, agent) = (settings.company_name.clone(), settings.agent_name.clone());
        let names = Names {
            company: &company,
            agent: &agent,
        };
        let language = language(&file("language.toml"))?;
        let web = language.web.unwrap_or_default();
        let mut transfer = language.transfer.unwrap_or_default();
        transfer.fill(&file("language.toml"), names)?;
        settings.lines.or(&web);
        settings.lines.fill(&file("pack.toml"), names)?;
        if let Some(people) = &mut settings.people {
            let later = ["day", "time"];
            names.fill(
                &file("pack.toml"),
                "people.closed",
                &mut people.closed,
                &later,
            )?;
        }

        let topics = toml_file::<TopicsFile>(&file("topics.toml"))?.topic;
        let topic_ids = topics.iter().map(|topic| topic.id.as_str());
        check::ids(&file("topics.toml"), "topic.id", topic_ids)?;

        let small_talk = small_talk(&file("small_talk.toml"), names)?;
        let lookups = lookups(&file("lookups.toml"), names)?;
        let tasks = tasks(folder, names, &lookups, language.tasks.unwrap_or_default())?;

        let mut words: TradeWords = toml_file(&file("words.toml"))?;
        words
            .follow_ups
            .extend(language.follow_ups.unwrap_or_default());
        words.aspects = Aspect::merged(language.aspect.unwrap_or_default(), words.aspects);
        let mut actions = language.actions.unwrap_or_default();
        actions.extend(optional(&file("actions.toml"))?.unwrap_or_default());
        let catalogue = catalogue(folder, settings.currency.as_ref())?;
        let moments = moment_words(folder, names, (&topics, &tasks.list), catalogue.as_ref())?;
        let lexicon = file("lexicon.toml");
        let pack = Self {
            moments,
            documents: documents(&file("documents"), &topics)?,
            listening: language.listening.unwrap_or_default(),
            guard: language.guard.unwrap_or_default(),
            meaning: language.meaning.unwrap_or_default(),
            web,
            transfer,
            recording: language.recording.unwrap_or_default(),
            slot_words: language.slots.unwrap_or_default(),
            facts: facts(&file("facts.toml"), names, catalogue.as_ref())?,
            catalogue,
            recall: language.recall.unwrap_or_default(),
            catalogue_words: language.catalogue.unwrap_or_default(),
            figures: language.figures.unwrap_or_default(),
            elsewhere: elsewhere(&file("elsewhere.txt"))?,
            trained: trained(&file("learned.toml"))?.map(Arc::new),
            pronunciations: Arc::new(pronunciation::checked(&lexicon, optional(&lexicon)?)?),
            settings,
            topics,
            words,
            small_talk,
            actions,
            lookups,
            tasks,
        };
        task::check_offers(&file("tasks"), &pack.tasks.list, &pack.documents)?;
        task::check_tools(&file("tasks"), &pack.tasks.list, &pack.lookups)?;
        check::texts(&file("documents"), &pack.documents)?;
        check::phrases(folder, &pack)?;
        Ok(pack)
    }
}

/// The folder of the pack that the file `default` in the folder `packs` names.
///
/// # Errors
/// When the file cannot be read, or what it holds is not the name of a pack's folder there.
pub fn default_pack(packs: &Path) -> Result<PathBuf, PackError> {
    let file = packs.join("default");
    let name = read(&file)?;
    let folder = packs.join(name.trim());
    check::id(&file, "default", name.trim())?;
    if folder.join("pack.toml").is_file() {
        return Ok(folder);
    }
    let accepted = format!("the name of a folder in {} with a pack", packs.display());
    Err(bad(&file, "default", name.trim(), &accepted))
}

/// The topics of the pack in `folder`, whatever the state of its documents.
///
/// # Errors
/// When its `topics.toml` cannot be read or is malformed.
pub fn topic_ids(folder: &Path) -> Result<Vec<String>, PackError> {
    let topics = toml_file::<TopicsFile>(&folder.join("topics.toml"))?.topic;
    Ok(topics.into_iter().map(|topic| topic.id).collect())
}

fn read(file: &Path) -> Result<String, PackError> {
    let bytes = std::fs::read(file).map_err(|source| PackError::Unreadable {
        file: file.to_owned(),
        source,
    })?;
    decode_file(&bytes).map_err(|source| PackError::NotText {
        file: file.to_owned(),
        source,
    })
}

fn toml_file<T: DeserializeOwned>(file: &Path) -> Result<T, PackError> {
    let text = read(file)?;
    toml::from_str(&text).map_err(|error| PackError::Malformed {
        file: file.to_owned(),
        message: error.to_string(),
    })
}

/// What people say elsewhere, one sentence a line: the language's, then the pack's own.
fn elsewhere(own: &Path) -> Result<Elsewhere, PackError> {
    let mut sentences: Vec<String> = said_lines(ELSEWHERE).map(str::to_owned).collect();
    let of_language = sentences.len();
    sentences.extend(lines(own)?);
    Ok(Elsewhere {
        sentences,
        of_language,
    })
}

/// What `teller knowledge train` wrote; none without the file.
fn trained(file: &Path) -> Result<Option<Trained>, PackError> {
    let trained: Option<Trained> = optional(file)?;
    if let Some(trained) = &trained {
        trained.check().map_err(|message| PackError::Malformed {
            file: file.to_owned(),
            message: format!("{message}; teller knowledge train writes it anew"),
        })?;
    }
    Ok(trained)
}

/// `None` when there is no such file.
fn optional<T: DeserializeOwned>(file: &Path) -> Result<Option<T>, PackError> {
    match toml_file(file) {
        Err(PackError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => {
            Ok(None)
        }
        read => read.map(Some),
    }
}

/// The lines of a file that say something; none without the file. What begins with `#` is a comment.
fn lines(file: &Path) -> Result<Vec<String>, PackError> {
    let text = if_there(file)?.unwrap_or_default();
    Ok(said_lines(&text).map(str::to_owned).collect())
}

/// A file's text; none without the file.
fn if_there(file: &Path) -> Result<Option<String>, PackError> {
    match read(file) {
        Err(PackError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => {
            Ok(None)
        }
        read => read.map(Some),
    }
}

fn said_lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The language that the pack speaks: English, but for what its own file replaces.
fn language(own: &Path) -> Result<LanguageFile, PackError> {
    let own = optional::<LanguageFile>(own)?;
    Ok(own.unwrap_or_default().or(LanguageFile::english()?))
}

/// The catalogue and its rows; none without a file `catalogue.toml`.
fn catalogue(folder: &Path, currency: Option<&Currency>) -> Result<Option<Catalogue>, PackError> {
    let file = folder.join("catalogue.toml");
    let Some(mut described) = optional::<CatalogueFile>(&file)? else {
        return Ok(None);
    };
    catalogue::check_file(&file, &mut described)?;
    let Some(currency) = currency else {
        let accepted = "the currency of the catalogue's prices";
        return Err(bad(&folder.join("pack.toml"), "currency", "", accepted));
    };
    let mut tables = Vec::with_capacity(described.tables.len());
    for table in described.tables {
        let file = folder.join(&table.file);
        let rows = catalogue::parse_rows(&file, &read(&file)?, &table, &currency.code)?;
        tables.push(Listing { table, rows });
    }
    let currency = currency.clone();
    let scales = described.scales;
    Ok(Some(Catalogue::new(tables, scales, currency)))
}

/// What the company's systems can be asked; nothing without the file.
fn lookups(file: &Path, names: Names<'_>) -> Result<Vec<Lookup>, PackError> {
    let mut lookups = optional::<LookupsFile>(file)?.map_or_else(Vec::new, |file| file.lookup);
    check::lookups(file, names, &mut lookups)?;
    Ok(lookups)
}

/// What the pack adds to how turns are read; nothing without a file `moments.toml`.
fn moment_words(
    folder: &Path,
    names: Names<'_>,
    named: (&[Topic], &[Arc<Task>]),
    catalogue: Option<&Catalogue>,
) -> Result<MomentWords, PackError> {
    let words = optional::<MomentWords>(&folder.join("moments.toml"))?;
    let mut words = words.unwrap_or_default();
    moments::check(folder, names, named, catalogue, &mut words)?;
    Ok(words)
}

/// What is remembered of callers; nothing without the file.
fn facts(
    file: &Path,
    names: Names<'_>,
    catalogue: Option<&Catalogue>,
) -> Result<FactWords, PackError> {
    let mut words: FactWords = optional(file)?.unwrap_or_default();
    facts::check(file, names, catalogue, &mut words)?;
    Ok(words)
}

fn small_talk(file: &Path, names: Names<'_>) -> Result<Vec<SmallTalk>, PackError> {
    let mut small_talk = toml_file::<SmallTalkFile>(file)?.kind;
    check::ids(
        file,
        "kind.kind",
        small_talk.iter().map(|talk| talk.kind.as_str()),
    )?;
    for talk in &mut small_talk {
        let key = format!("kind {:?}: answers", talk.kind);
        names.fill_all(file, &key, &mut talk.answers)?;
    }
    Ok(small_talk)
}

/// The tasks in `tasks/*.toml` and what is said first, in `first_aid.toml`; none without them.
fn tasks(
    folder: &Path,
    names: Names<'_>,
    lookups: &[Lookup],
    words: TaskWords,
) -> Result<Tasks, PackError> {
    let files = match files(&folder.join("tasks"), "toml") {
        Err(PackError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => {
            Vec::new()
        }
        files => files?,
    };
    let mut list = Vec::with_capacity(files.len());
    for file in files {
        let mut task: Task = toml_file(&file)?;
        let name = file.file_stem().unwrap_or_default();
        task.name = name.to_string_lossy().into_owned();
        task::check(&file, names, lookups, &mut task)?;
        list.push(Arc::new(task));
    }
    let file = folder.join("first_aid.toml");
    let mut first_aid =
        optional::<FirstAidFile>(&file)?.map_or_else(Vec::new, |file| file.first_aid);
    task::check_first_aid(&file, names, &mut first_aid)?;
    Ok(Tasks {
        list,
        first_aid,
        words,
    })
}

/// The files of a folder whose names end so, sorted.
fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, PackError> {
    let unreadable = |source| PackError::Unreadable {
        file: folder.to_owned(),
        source,
    };
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file
            .extension()
            .is_some_and(|extension| extension == ending)
        {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// The files of a pack's documents by their sources, as they lie in its folder.
///
/// # Errors
/// When a document or `topics.toml` cannot be read or is malformed.
pub fn document_files(folder: &Path) -> Result<BTreeMap<String, PathBuf>, PackError> {
    let topics = toml_file::<TopicsFile>(&folder.join("topics.toml"))?.topic;
    let known = by_source(&folder.join("documents"), &topics)?;
    let within = |file: PathBuf| {
        file.strip_prefix(folder)
            .map(Path::to_owned)
            .unwrap_or(file)
    };
    let known = known.into_iter();
    Ok(known
        .map(|(source, (file, _))| (source, within(file)))
        .collect())
}

fn documents(folder: &Path, topics: &[Topic]) -> Result<Vec<DocumentText>, PackError> {
    let known = by_source(folder, topics)?.into_values();
    Ok(known.map(|(_, document)| document).collect())
}

fn by_source(
    folder: &Path,
    topics: &[Topic],
) -> Result<BTreeMap<String, (PathBuf, DocumentText)>, PackError> {
    let mut by_source: BTreeMap<String, (PathBuf, DocumentText)> = BTreeMap::new();
    // What was fetched lies in a folder of its own, which a pack without sources lacks.
    let fetched = match files(&folder.join("fetched"), "md") {
        Err(PackError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => {
            Vec::new()
        }
        fetched => fetched?,
    };
    for file in files(folder, "md")?.into_iter().chain(fetched) {
        let mut document = document::parse(&file, &read(&file)?, topics)?;
        if let Some(text) = if_there(&file.with_extension("asks.txt"))? {
            document::add_phrasings(&text, &mut document);
        }
        if let Some((other, _)) = by_source.get(&document.source) {
            let accepted = format!("a source of its own; {} has this one", other.display());
            return Err(bad(&file, "source", &document.source, &accepted));
        }
        by_source.insert(document.source.clone(), (file, document));
    }
    Ok(by_source)
}
