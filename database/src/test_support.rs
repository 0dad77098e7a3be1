//! Real PostgreSQL for tests: a private server for the process, a fresh database for each test.
//!
//! ```text
//! let test = TestDatabase::new().await;
//! let profiles = ProfileRepository::new(&test.db);
//! ```
//!
//! With `TEST_DATABASE_URL` (of a superuser) that server is used instead of a private one. The
//! databases belong to the role `teller_test`, which is not a superuser, so that policies apply.

mod cluster;
pub(crate) mod faults;
mod messages;
mod psql_script;
mod questions;
mod settings;

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use sha2::{Digest, Sha256};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

pub use self::{
    cluster::Cluster, faults::die_at, psql_script::migration_script, settings::ConfigRepository,
};
use crate::{Database, DatabaseConfig, keys::Keyring};

/// Owns the test databases.
const ROLE: &str = "teller_test";
/// What the program connects as: see `migrations/V0015__roles.sql`. Roles belong to the server.
const ROLES: [&str; 5] = [
    "app_reader",
    "app_writer",
    "supervisor",
    "auditor",
    "identity_admin",
];

/// A migrated, empty database of its own. Dropped with this value where the server outlives the
/// process.
#[derive(Debug)]
pub struct TestDatabase {
    /// As the application sees it.
    pub db: Database,
    /// The address for [`DatabaseConfig`], and for `DATABASE_URL` of a whole worker.
    pub url: String,
    name: String,
    key_file: OnceLock<PathBuf>,
}

/// The server that all tests of a process share.
struct Server {
    /// A superuser's address, with `{}` for the name of the database.
    address: Address,
    template: String,
}

enum Address {
    Private(Cluster),
    Given(String),
}

impl TestDatabase {
    /// A copy of the migrated template.
    ///
    /// # Panics
    /// If there is no PostgreSQL, or the migrations do not apply.
    pub async fn new() -> Self {
        let server = server().await;
        Self::from_template(server, Some(&server.template)).await
    }

    /// A database without any of our tables.
    ///
    /// # Panics
    /// If there is no PostgreSQL.
    pub async fn empty() -> Self {
        Self::from_template(server().await, None).await
    }

    async fn from_template(server: &Server, template: Option<&str>) -> Self {
        let name = format!("teller_test_{}", Uuid::new_v4().simple());
        let admin = connect(&server.address.admin_url("postgres")).await;
        let template = template.unwrap_or("template0");
        run(
            &admin,
            &format!("CREATE DATABASE {name} TEMPLATE {template} OWNER {ROLE}"),
        )
        .await;
        run(
            &admin,
            &format!("ALTER DATABASE {name} SET app.tenant = '1'"),
        )
        .await;
        let url = server.address.url(&name);
        let db =
            Database::new(patient(&url, ephemeral_keys())).expect("the address is well formed");
        Self {
            db,
            url,
            name,
            key_file: OnceLock::new(),
        }
    }

    /// How another pool reaches this database, with its keys.
    #[must_use]
    pub fn config(&self) -> DatabaseConfig {
        patient(&self.url, self.db.keys().clone())
    }

    /// A file with this database's keys, for `KEY_FILE` of a whole worker. Written at first use.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn key_file(&self) -> &Path {
        self.key_file.get_or_init(|| {
            let path = std::env::temp_dir().join(format!("{}.keys.toml", self.name));
            let written = self.db.keys().write_to(&path);
            written.expect("writing the test's key file");
            path
        })
    }

    /// A connection beside the pool, as the owner, tenant 1: for looking at rows.
    ///
    /// # Panics
    /// If the server is away.
    pub async fn client(&self) -> Client {
        connect(&self.url).await
    }

    /// An address as a member of this role and nothing more: as which the program should connect.
    #[must_use]
    pub fn url_as(&self, role: &str) -> String {
        let url = self.superuser_url();
        let separator = if url.contains('?') { '&' } else { '?' };
        format!("{url}{separator}options=-c%20role%3D{role}")
    }

    /// An address as superuser, to whom policies do not apply.
    #[must_use]
    pub fn superuser_url(&self) -> String {
        SERVER
            .get()
            .map(|server| server.address.admin_url(&self.name))
            .unwrap_or_default()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Some(path) = self.key_file.get() {
            let _one_left_behind_fails_no_test = std::fs::remove_file(path);
        }
        // A private server goes away as a whole.
        let Some(Server {
            address: Address::Given(_),
            ..
        }) = SERVER.get()
        else {
            return;
        };
        let (admin, name) = (
            self.superuser_url().replace(&self.name, "postgres"),
            self.name.clone(),
        );
        let cleaner = std::thread::spawn(move || {
            block_on(async move {
                run(
                    &connect(&admin).await,
                    &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
                )
                .await
            });
        });
        let _a_database_left_behind_fails_no_test = cleaner.join();
    }
}

static SERVER: OnceLock<Server> = OnceLock::new();

/// Starts the server on first use. On a thread with a runtime of its own, because each test's
/// runtime ends with the test.
async fn server() -> &'static Server {
    tokio::task::spawn_blocking(|| {
        SERVER.get_or_init(|| {
            std::thread::spawn(|| block_on(Server::start()))
                .join()
                .expect("starting the test server")
        })
    })
    .await
    .expect("starting the test server")
}

impl Server {
    async fn start() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test harness has no configuration to be handed"
        )]
        let given = std::env::var("TEST_DATABASE_URL").ok();
        let address = given.map_or_else(|| Address::Private(Cluster::start()), Address::Given);
        // Named by its content: processes may share it, and an edited migration makes a new one.
        let template = format!(
            "teller_template_{:.16x}",
            Sha256::digest(migration_script())
        );
        let admin = connect(&address.admin_url("postgres")).await;
        run(&admin, "SELECT pg_advisory_lock(7099, 0)").await;
        run(
            &admin,
            &format!("DO $$ BEGIN CREATE ROLE {ROLE} NOSUPERUSER LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"),
        )
        .await;
        for role in ROLES {
            run(
                &admin,
                &format!("DO $$ BEGIN CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"),
            )
            .await;
        }
        let exists = admin
            .query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&template])
            .await;
        if exists.expect("looking for the template").is_none() {
            let draft = format!("teller_draft_{}", Uuid::new_v4().simple());
            run(
                &admin,
                &format!("CREATE DATABASE {draft} TEMPLATE template0 OWNER {ROLE}"),
            )
            .await;
            let db = Database::new(DatabaseConfig::new(address.url(&draft), ephemeral_keys()))
                .expect("the address is well formed");
            db.migrate()
                .await
                .expect("the migrations apply to an empty database");
            drop(db);
            run(
                &admin,
                &format!("ALTER DATABASE {draft} RENAME TO {template}"),
            )
            .await;
        }
        Self { address, template }
    }
}

impl Address {
    fn admin_url(&self, database: &str) -> String {
        match self {
            Self::Private(cluster) => cluster.url("postgres", database),
            Self::Given(url) => with_database(url, database),
        }
    }

    /// As the owner of the test databases, whoever logs in.
    fn url(&self, database: &str) -> String {
        let admin = self.admin_url(database);
        let separator = if admin.contains('?') { '&' } else { '?' };
        format!("{admin}{separator}options=-c%20role%3D{ROLE}")
    }
}

/// A busy machine may be slow: only a test that asks for short waits gets them.
fn patient(url: &str, keys: Keyring) -> DatabaseConfig {
    const PATIENCE: Duration = Duration::from_secs(60);
    DatabaseConfig {
        wait: PATIENCE,
        connect: PATIENCE,
        statement: PATIENCE,
        ..DatabaseConfig::new(url, keys)
    }
}

/// Waits until this holds, looking again and again.
///
/// # Panics
/// If it does not hold within a minute.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    assert!(waited.is_ok(), "waited in vain until {what}");
}

/// Keys for one test.
///
/// # Panics
/// If the system has no random bytes.
#[must_use]
pub fn ephemeral_keys() -> Keyring {
    Keyring::ephemeral().expect("the system has random bytes")
}

/// The same server, another database.
fn with_database(url: &str, database: &str) -> String {
    let (before, query) = url
        .split_once('?')
        .map_or((url, String::new()), |(before, query)| {
            (before, format!("?{query}"))
        });
    let host_end = before.find("://").map_or(0, |at| at + 3);
    let path = before[host_end..]
        .find('/')
        .map_or(before.len(), |at| host_end + at);
    format!("{}/{database}{query}", &before[..path])
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("connecting to the test server");
    #[expect(
        clippy::disallowed_methods,
        reason = "ends with its client; tests have no task tracker"
    )]
    tokio::spawn(connection);
    client
}

async fn run(client: &Client, sql: &str) {
    client
        .batch_execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("building a runtime").block_on(future)
}
