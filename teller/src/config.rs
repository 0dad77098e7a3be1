//! Reads the environment once and hands every module its own configuration.
//!
//! All keys are read through [`Reader`], so that one pass reports every mistake
//! at once: the key, the value it had and the form it should have. Nothing
//! opens a port before this has succeeded.

mod reader;
pub(crate) mod speech;
mod transfer;
mod turns;

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use agent::worker::{ApiKeys, DrainConfig, WorkerConfig};
use api::HttpConfig;
use dialogue::LlmConfig;
use jobs::MaintenanceConfig;
use secrecy::SecretString;
use tools::{DeedConfig, LookupConfig, WebSearchConfig};
use voice::{
    listen::SttConfig,
    speak::{KeptConfig, LocalVoice, Provider},
    turn::Patience,
};

use crate::{mcp::McpSettings, meaning::MeaningConfig};

pub use reader::{ConfigError, Reader};
pub use transfer::{Manner, TransferSettings};
pub use turns::EndOfTurnSettings;

/// Our own steps; of the libraries what goes wrong. The language model's client is silent: it quotes
/// what it received, and that is what people said.
const DEFAULT_LOG: &str = "info,whisper_rs=warn,livekit=warn,livekit_signaling=warn,libwebrtc=warn,str0m=warn,is=warn,dimpl=warn,sctp_proto=warn,async_openai=off";

/// Calls that a worker takes unless it is told otherwise, and the most it can be told.
const DEFAULT_CALLS: NonZeroUsize = NonZeroUsize::new(25).expect("not zero");
const MOST_CALLS: NonZeroUsize = NonZeroUsize::new(1000).expect("not zero");
/// A drained worker that asked its calls to leave waits this long for the goodbye.
const FAREWELL: Duration = Duration::from_secs(45);
/// Requests to the language model at a time, over all calls.
const LLM_CONCURRENCY: usize = 16;

/// The form of a database's address.
const ADDRESS: &str = "postgres://user:password@host:port/database, with ?sslmode= disable, prefer, require or verify-full where it says one (certificates: DATABASE_CA_FILE)";

/// Everything the process was configured with.
#[derive(Debug, Clone)]
pub struct Config {
    /// How to reach and authenticate to the LiveKit server.
    pub livekit: LiveKitConfig,
    /// PostgreSQL.
    pub database: DatabaseSettings,
    /// Upkeep of the record.
    pub maintenance: MaintenanceConfig,
    /// Where the record waits for PostgreSQL.
    pub spool: SpoolSettings,
    /// The agent worker.
    pub worker: WorkerConfig,
    /// Look for rooms whose caller waits without an agent.
    pub watcher: bool,
    /// A session without a sign of life for this long is closed in any case.
    pub stale_after: Duration,
    /// What the agent hears with.
    pub stt: SttConfig,
    /// What the agent speaks with.
    pub tts: Provider,
    /// Who speaks where that is a server or a network and fails.
    pub tts_fallback: Option<LocalVoice>,
    /// Where sentences that are known beforehand are kept once voiced; `None`: nowhere.
    pub speech_cache: Option<KeptConfig>,
    /// The language model, if there is one.
    pub llm: Option<LlmConfig>,
    /// The one that is asked where it fails.
    pub llm_fallback: Option<LlmConfig>,
    /// Calls are recorded.
    pub recording: bool,
    /// What judges whether a turn sounds finished, if anything does.
    pub end_of_turn: EndOfTurnSettings,
    /// How soon silence is taken for the end of a turn.
    pub patience: Patience,
    /// Replies are begun while it is still waited for whether the caller goes on.
    pub preemptive: bool,
    /// Pages and the supervisor's interface.
    pub http: HttpConfig,
    /// Login for what administrators change on the pages, `postgres://…`; unset: the worker's own.
    pub admin_database: Option<SecretString>,
    /// Authentication in a call.
    pub authentication: AuthenticationConfig,
    /// How messages reach callers.
    pub messages: MessageConfig,
    /// Folder of the knowledge pack in use.
    pub pack_dir: PathBuf,
    /// The embedding model, if there is one.
    pub meaning: MeaningConfig,
    /// Where a call can be transferred to, and how.
    pub transfer: TransferSettings,
    /// The company's systems that carry out deeds, if there are any.
    pub deeds: Option<DeedConfig>,
    /// Who answers the look-ups of the pack.
    pub lookups: LookupConfig,
    /// The search of the web, if there is one.
    pub web_search: Option<WebSearchConfig>,
    /// The list of MCP servers, if there is one.
    pub mcp: Option<McpSettings>,
    /// Log filter in `tracing` syntax.
    pub log: String,
    /// Log as JSON lines instead of text.
    pub log_json: bool,
}

/// The LiveKit server and its keys.
#[derive(Debug, Clone)]
pub struct LiveKitConfig {
    /// Address for the worker: `ws://` or `wss://`.
    pub url: String,
    /// Address for browsers; the worker's unless set.
    pub public_url: String,
    /// API key and secret.
    pub keys: ApiKeys,
}

/// How to reach PostgreSQL.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// `postgres://user:password@host:port/name`, with `?sslmode=require` for encryption.
    pub url: SecretString,
    /// PEM certificates of who may vouch for the server; the system's unless set.
    pub ca_file: Option<PathBuf>,
    /// Connections of the pool.
    pub pool_size: usize,
    /// The tenant this deployment serves.
    pub tenant: i32,
    /// The keys of what is stored; `teller keys create` makes it.
    pub key_file: PathBuf,
}

/// The spool: what was said and is not in the database yet.
#[derive(Debug, Clone)]
pub struct SpoolSettings {
    /// Its folder, for one worker alone.
    pub dir: PathBuf,
    /// Bytes it may take.
    pub budget_bytes: u64,
}

/// How one-time codes reach a customer.
#[derive(Debug, Clone)]
pub struct AuthenticationConfig {
    /// Receives `{"to", "text"}`; unset switches authentication off.
    pub code_webhook: Option<String>,
    /// Sent to the webhook as a bearer token.
    pub code_webhook_key: Option<SecretString>,
}

/// How messages reach callers.
#[derive(Debug, Clone)]
pub struct MessageConfig {
    /// Receives `{"to", "text"}`; while it is unset no message is sent.
    pub webhook: Option<String>,
    /// Sent to the webhook as a bearer token.
    pub key: Option<SecretString>,
}

impl Config {
    /// Reads and checks every key.
    ///
    /// # Errors
    /// Lists every missing or malformed key with the form it should have.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&mut Reader::from_env())
    }

    /// Reads from any source; tests pass a map.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn read(env: &mut Reader) -> Result<Self, ConfigError> {
        let livekit = livekit(env);
        let deeds = backend(env);
        let llm = llm(env);
        let config = Self {
            database: database(env),
            maintenance: maintenance(env),
            spool: spool(env),
            worker: worker(env, &livekit),
            watcher: env.flag("AGENT_WATCHER", true),
            stale_after: env.seconds("STALE_SESSION_SECONDS", 1800),
            stt: speech::stt(env),
            tts: speech::tts(env),
            tts_fallback: speech::tts_fallback(env),
            speech_cache: speech::kept(env),
            llm_fallback: llm_fallback(env, llm.as_ref()),
            llm,
            recording: env.choice("RECORDING", "off", &["on", "off"]) == "on",
            end_of_turn: turns::end_of_turn(env),
            patience: turns::patience(env),
            preemptive: env.flag("PREEMPTIVE_GENERATION", true),
            http: http(env),
            authentication: AuthenticationConfig {
                code_webhook: env.url("CODE_WEBHOOK_URL", &["http", "https"]),
                code_webhook_key: env.secret("CODE_WEBHOOK_KEY"),
            },
            messages: MessageConfig {
                webhook: env.url("MESSAGE_WEBHOOK_URL", &["http", "https"]),
                key: env.secret("MESSAGE_WEBHOOK_KEY"),
            },
            pack_dir: pack_dir(env),
            meaning: meaning(env),
            admin_database: env
                .matching("ADMIN_DATABASE_URL", ADDRESS, database::is_address)
                .map(Into::into),
            transfer: transfer::transfer(env),
            lookups: lookups(env, deeds.as_ref()),
            deeds,
            web_search: web_search(env),
            mcp: crate::mcp::settings(env),
            log: env.text("RUST_LOG", DEFAULT_LOG),
            log_json: env.flag("LOG_JSON", false),
            livekit,
        };
        env.check(&config.http);
        env.finish(config)
    }
}

/// The LiveKit keys alone: what `teller call` needs.
///
/// # Errors
/// Lists every missing or malformed key.
pub fn livekit_only(env: &mut Reader) -> Result<LiveKitConfig, ConfigError> {
    let livekit = livekit(env);
    env.finish(livekit)
}

/// The folder that a command was given, or the pack in use.
///
/// # Errors
/// When neither names a pack.
pub fn pack_or_setting(given: Option<PathBuf>) -> Result<PathBuf, ConfigError> {
    let mut env = Reader::from_env();
    let folder = given.unwrap_or_else(|| pack_dir(&mut env));
    env.finish(folder)
}

/// The database keys alone: what administrators' commands need.
///
/// # Errors
/// Lists every missing or malformed key.
pub fn database_only(env: &mut Reader) -> Result<DatabaseSettings, ConfigError> {
    let database = database(env);
    env.finish(database)
}

fn livekit(env: &mut Reader) -> LiveKitConfig {
    let schemes = ["ws", "wss", "http", "https"];
    let url = env.required("LIVEKIT_URL", "ws://host:port or wss://host", |v| {
        schemes.iter().any(|s| {
            v.strip_prefix(s)
                .is_some_and(|r| r.starts_with("://") && r.len() > 3)
        })
    });
    LiveKitConfig {
        public_url: env
            .url("LIVEKIT_PUBLIC_URL", &schemes)
            .unwrap_or_else(|| url.clone()),
        keys: ApiKeys {
            key: env.required("LIVEKIT_API_KEY", "the server's API key", |v| !v.is_empty()),
            secret: env
                .required(
                    "LIVEKIT_API_SECRET",
                    "the secret that belongs to LIVEKIT_API_KEY",
                    |v| !v.is_empty(),
                )
                .into(),
        },
        url,
    }
}

fn database(env: &mut Reader) -> DatabaseSettings {
    DatabaseSettings {
        url: env
            .required("DATABASE_URL", ADDRESS, database::is_address)
            .into(),
        ca_file: env
            .matching("DATABASE_CA_FILE", "a file of PEM certificates", |v| {
                database::certificates(v.as_ref()).is_ok()
            })
            .map(Into::into),
        pool_size: env.number("DATABASE_POOL_SIZE", 8, 2..=200),
        tenant: env.number("TENANT_ID", 1, 1..=i32::MAX),
        key_file: key_file(env),
    }
}

/// Where the keys are: what `teller keys` needs.
pub fn key_file(env: &mut Reader) -> PathBuf {
    env.path("KEY_FILE", ".data/keys.toml")
}

/// How the record is kept: what `teller verify` and `teller sessions archive` need.
pub fn maintenance(env: &mut Reader) -> MaintenanceConfig {
    let months = env.number("RETENTION_MONTHS", 0_u16, 0..=1200);
    MaintenanceConfig {
        anchors: env.path("ANCHOR_DIR", ".data/anchors"),
        anchor_every: env.seconds("ANCHOR_SECONDS", 600),
        keep_months: (months > 0).then_some(months),
        archive: env.path("ARCHIVE_DIR", ".data/archive"),
    }
}

/// Where the spool is: what `teller spool` needs.
pub fn spool(env: &mut Reader) -> SpoolSettings {
    SpoolSettings {
        dir: env.path("SPOOL_DIR", ".data/spool"),
        budget_bytes: env.number("SPOOL_MB", 1024_u64, 1..=1_048_576) << 20,
    }
}

/// Where the embedding model is: what `teller knowledge` needs.
pub fn meaning(env: &mut Reader) -> MeaningConfig {
    let model = env.optional("EMBEDDING_MODEL");
    MeaningConfig {
        is_required: model.is_some(),
        model: match model.as_deref() {
            Some("off") => None,
            model => Some(model.unwrap_or("models/minilm").into()),
        },
        kept: env.path("EMBEDDING_CACHE", ".data/meanings"),
    }
}

/// The folder of the pack in use. Without a setting it is the one that `packs/default` names.
fn pack_dir(env: &mut Reader) -> PathBuf {
    match env.optional("PACK_DIR") {
        Some(folder) => folder.into(),
        None => knowledge::default_pack("packs".as_ref()).unwrap_or_else(|error| {
            env.missing("PACK_DIR", &format!("the folder of a pack ({error})"));
            PathBuf::new()
        }),
    }
}

fn worker(env: &mut Reader, livekit: &LiveKitConfig) -> WorkerConfig {
    WorkerConfig {
        url: livekit.url.clone(),
        keys: livekit.keys.clone(),
        agent_name: env.text("LIVEKIT_AGENT_NAME", ""),
        slots: env.number("MAX_CALLS", DEFAULT_CALLS, NonZeroUsize::MIN..=MOST_CALLS),
        drain: DrainConfig {
            grace: env.seconds("DRAIN_SECONDS", 3600),
            farewell: FAREWELL,
        },
    }
}

fn backend(env: &mut Reader) -> Option<DeedConfig> {
    let token = backend_token(env);
    Some(DeedConfig {
        url: env.url("BACKEND_URL", &["http", "https"])?,
        token,
        time: DeedConfig::TIME,
    })
}

/// What the back end is asked with; the demonstration back end asks for it.
pub fn backend_token(env: &mut Reader) -> Option<SecretString> {
    env.secret("BACKEND_TOKEN")
}

/// A back end answers look-ups too, unless there is somebody else for them.
fn lookups(env: &mut Reader, backend: Option<&DeedConfig>) -> LookupConfig {
    let token = env.secret("LOOKUP_KEY");
    let own = env.url("LOOKUP_URL", &["http", "https"]);
    let (url, token) = match (own, backend) {
        (None, Some(backend)) => (Some(backend.url.clone()), backend.token.clone()),
        (own, _) => (own, token),
    };
    LookupConfig {
        token,
        url,
        private_hosts: env.hosts("LOOKUP_PRIVATE_HOSTS"),
        tokens: env.secrets("LOOKUP_TOKEN_"),
    }
}

fn web_search(env: &mut Reader) -> Option<WebSearchConfig> {
    let per_hour = env.number("WEB_SEARCH_PER_HOUR", 10, 1..=10_000);
    let seconds = env.number("WEB_SEARCH_SECONDS", 8, 1..=60);
    let sites = env.hosts("WEB_SEARCH_SITES");
    Some(WebSearchConfig {
        url: env.url("WEB_SEARCH_URL", &["http", "https"])?,
        per_hour,
        time: Duration::from_secs(seconds),
        sites,
    })
}

fn llm(env: &mut Reader) -> Option<LlmConfig> {
    let base_url = env.url("OPENAI_BASE_URL", &["http", "https"]);
    let api_key = env.secret("OPENAI_API_KEY");
    let model = env.text("OPENAI_MODEL", "gpt-4o-mini");
    let first_token_timeout = env.milliseconds("LLM_FIRST_TOKEN_MS", 1500);
    let total_timeout = env.milliseconds("LLM_TOTAL_MS", 15_000);
    let (tokens_per_minute, tokens_per_day) = token_budget(env);
    if base_url.is_none() && api_key.is_none() {
        return None;
    }
    Some(LlmConfig {
        base_url: base_url.unwrap_or_else(|| "https://api.openai.com/v1".into()),
        api_key: api_key.unwrap_or_default(),
        model,
        first_token_timeout,
        total_timeout,
        max_concurrent: LLM_CONCURRENCY,
        tokens_per_minute,
        tokens_per_day,
    })
}

/// Times and budget are those of the first.
fn llm_fallback(env: &mut Reader, first: Option<&LlmConfig>) -> Option<LlmConfig> {
    let base_url = env.url("LLM_FALLBACK_BASE_URL", &["http", "https"]);
    let api_key = env.secret("LLM_FALLBACK_API_KEY");
    let model = env.text("LLM_FALLBACK_MODEL", "gpt-4o-mini");
    let base_url = base_url?;
    let Some(first) = first else {
        env.missing(
            "OPENAI_BASE_URL",
            "http(s)://host/v1, as LLM_FALLBACK_BASE_URL is set: a second model needs a first",
        );
        return None;
    };
    Some(LlmConfig {
        base_url,
        api_key: api_key.unwrap_or_default(),
        model,
        ..first.clone()
    })
}

/// Tokens a minute and a day; 0, as unset, is no limit.
fn token_budget(env: &mut Reader) -> (Option<u64>, Option<u64>) {
    let mut limit = |key| {
        let tokens = env.number(key, 0_u64, 0..=1_000_000_000_000);
        (tokens > 0).then_some(tokens)
    };
    (limit("LLM_TOKENS_PER_MINUTE"), limit("LLM_TOKENS_PER_DAY"))
}

fn http(env: &mut Reader) -> HttpConfig {
    HttpConfig {
        bind: env.address("HTTP_BIND", "127.0.0.1:8080"),
        health_bind: env.address("HEALTH_BIND", "127.0.0.1:8081"),
        web_dir: env.path("WEB_DIR", "web/dist"),
        supervisor_key: env.secret("SUPERVISOR_KEY"),
        admin_key: env.secret("ADMIN_KEY"),
        tokens_per_minute: env.number("TOKENS_PER_MINUTE", 30, 1..=100_000),
        trust_proxy: env.flag("TRUST_PROXY", false),
        demo_messages: env.flag("DEMO_MESSAGES", false),
    }
}

#[cfg(test)]
mod tests;
