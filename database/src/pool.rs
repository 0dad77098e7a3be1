//! The connection pool and the only ways to run a statement.

use std::{fmt, path::PathBuf, time::Duration};

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime,
    Timeouts,
};
use tokio_postgres::{
    Row,
    error::SqlState,
    types::{FromSqlOwned, ToSql},
};

use crate::{DatabaseError, TenantId, error::lost_a_race, keys::Keyring, tls};

/// How to reach PostgreSQL and how long to wait for it.
#[derive(Clone)]
pub struct DatabaseConfig {
    /// `postgres://user:password@host:port/name`, or libpq's `key=value` form. Its `sslmode` says
    /// whether connections are encrypted; then the server's certificate is always checked. Secret.
    pub url: String,
    /// PEM certificates of the authorities that may vouch for the server; the system's unless given.
    /// With them an address without `sslmode` is encrypted too.
    pub ca_file: Option<PathBuf>,
    /// What seals and opens personal data. Used as the tenant's below.
    pub keys: Keyring,
    /// Whose rows are seen.
    pub tenant: TenantId,
    /// Connections at most. Every operation holds one for a few milliseconds.
    pub pool_size: usize,
    /// Longest wait for a free connection.
    pub wait: Duration,
    /// Longest wait for a new connection.
    pub connect: Duration,
    /// Longest run of one statement, here and (as `statement_timeout`) in the server.
    pub statement: Duration,
}

impl DatabaseConfig {
    /// The defaults: tenant 1, 8 connections, 2 s for a free one, 3 s for a new one, 5 s for a
    /// statement.
    #[must_use]
    pub fn new(url: impl Into<String>, keys: Keyring) -> Self {
        Self {
            url: url.into(),
            ca_file: None,
            keys,
            tenant: TenantId::default(),
            pool_size: 8,
            wait: Duration::from_secs(2),
            connect: Duration::from_secs(3),
            statement: Duration::from_secs(5),
        }
    }

    /// What every connection is opened with. The tenant is part of it, so that no statement of
    /// this pool can run without or with another one.
    pub(crate) fn connection(&self) -> Result<tokio_postgres::Config, DatabaseError> {
        let mut config = tls::address(&self.url, self.ca_file.as_deref())?;
        // The isolation is named because identity changes refuse any other, and a role may have
        // another default.
        let options = format!(
            "{} -c app.tenant={} -c statement_timeout={} -c idle_in_transaction_session_timeout=10000 \
             -c default_transaction_isolation=read\\ committed",
            config.get_options().unwrap_or_default(),
            self.tenant.0,
            self.statement.as_millis(),
        );
        config
            .options(options.trim_start())
            .application_name("teller")
            .connect_timeout(self.connect);
        config
            .keepalives_idle(Duration::from_secs(30))
            .tcp_user_timeout(self.statement * 2);
        Ok(config)
    }
}

impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseConfig")
            .field("tenant", &self.tenant)
            .field("pool_size", &self.pool_size)
            .finish_non_exhaustive()
    }
}

/// The parameters of a statement.
pub(crate) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// PostgreSQL, for one tenant. Cheap to clone; all clones share the pool.
#[derive(Clone, Debug)]
pub struct Database {
    pool: Pool,
    config: DatabaseConfig,
    keys: Keyring,
}

impl Database {
    /// Prepares a pool. Opens no connection: a database that is away shows at the first use.
    ///
    /// # Errors
    /// [`DatabaseError::Setup`] if the address is malformed, or certificates that it needs cannot be
    /// read.
    pub fn new(config: DatabaseConfig) -> Result<Self, DatabaseError> {
        let address = config.connection()?;
        let connector = tls::connector(&address, config.ca_file.as_deref())?;
        // `Verified` asks each idle connection a question before it is used again. The cheaper
        // default hands out connections that a restart of PostgreSQL has killed.
        let manager = Manager::from_config(
            address,
            connector,
            ManagerConfig {
                recycling_method: RecyclingMethod::Verified,
            },
        );
        let keys = config.keys.for_tenant(config.tenant);
        let fingerprint = keys.fingerprint();
        let pool = Pool::builder(manager)
            .post_create(Hook::async_fn(move |client: &mut ClientWrapper, _| {
                let fingerprint = fingerprint.clone();
                Box::pin(async move { same_key_file(client, &fingerprint).await })
            }))
            .max_size(config.pool_size.max(1))
            .timeouts(Timeouts {
                wait: Some(config.wait),
                create: Some(config.connect),
                recycle: Some(config.wait),
            })
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| DatabaseError::Setup(error.to_string()))?;
        Ok(Self { pool, config, keys })
    }

    /// The keys of what this reads and writes, as its tenant's.
    #[must_use]
    pub fn keys(&self) -> &Keyring {
        &self.keys
    }

    /// A pool of one connection to the same database: no load on the other pool can keep it
    /// busy. Its statements are given up after 2 s, because what they write is sent again.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn dedicated(&self) -> Result<Self, DatabaseError> {
        Self::new(DatabaseConfig {
            pool_size: 1,
            statement: self.config.statement.min(Duration::from_secs(2)),
            ..self.config.clone()
        })
    }

    /// Asks whether rows can be written.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`] if not: it is away, or a standby.
    pub async fn check_writable(&self) -> Result<(), DatabaseError> {
        let sql = "SELECT current_setting('transaction_read_only') = 'on'";
        if self.one(sql, &[]).await?.get(0) {
            return Err(DatabaseError::Unavailable(
                "it takes no rows, as a standby does not (SQLSTATE 25006)".to_owned(),
            ));
        }
        Ok(())
    }

    /// Whose rows this sees.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.config.tenant
    }

    pub(crate) fn config(&self) -> &DatabaseConfig {
        &self.config
    }

    pub(crate) async fn connection(&self) -> Result<Object, DatabaseError> {
        Ok(self.pool.get().await?)
    }

    /// Runs one statement in a transaction of its own. Such a statement may be repeated when it
    /// lost a race, because then nothing of it happened.
    pub(crate) async fn query(
        &self,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, DatabaseError> {
        let mut attempt: u32 = 0;
        loop {
            match self.query_once(sql, params).await {
                Err(QueryError::Statement(error)) if attempt < 4 && lost_a_race(&error) => {
                    attempt += 1;
                    tokio::time::sleep(jitter(attempt)).await;
                }
                Err(QueryError::Statement(error)) => return Err(error.into()),
                Err(QueryError::Other(error)) => return Err(error),
                Ok(rows) => return Ok(rows),
            }
        }
    }

    async fn query_once(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, QueryError> {
        let connection = self.connection().await.map_err(QueryError::Other)?;
        let work = async {
            let statement = connection.prepare_cached(sql).await?;
            connection.query(&statement, params).await
        };
        // The server's own timeout answers first, unless the server hangs.
        match tokio::time::timeout(self.config.statement + Duration::from_millis(500), work).await {
            Ok(result) => result.map_err(QueryError::Statement),
            Err(_elapsed) => {
                // Its answer may still come: nobody else may use this connection.
                drop(Object::take(connection));
                Err(QueryError::Other(DatabaseError::Unavailable(
                    "no answer in time".to_owned(),
                )))
            }
        }
    }

    /// A statement that only reads and may take this long.
    pub(crate) async fn query_with_timeout(
        &self,
        sql: &str,
        params: Params<'_>,
        limit: Duration,
    ) -> Result<Vec<Row>, DatabaseError> {
        let mut connection = self.connection().await?;
        let work = async {
            let reading = connection
                .build_transaction()
                .read_only(true)
                .start()
                .await?;
            let timeout = format!("SET LOCAL statement_timeout = {}", limit.as_millis());
            reading.batch_execute(&timeout).await?;
            reading.query(sql, params).await
        };
        match tokio::time::timeout(limit + Duration::from_secs(1), work).await {
            Ok(rows) => Ok(rows?),
            Err(_elapsed) => {
                drop(Object::take(connection));
                Err(DatabaseError::Unavailable("no answer in time".to_owned()))
            }
        }
    }

    /// The only row of a statement that always returns one.
    pub(crate) async fn one(&self, sql: &str, params: Params<'_>) -> Result<Row, DatabaseError> {
        self.optional(sql, params)
            .await?
            .ok_or_else(|| DatabaseError::Invalid("expected a row".to_owned()))
    }

    /// The first column of the only row of a statement that always returns one.
    pub(crate) async fn value<T: FromSqlOwned>(
        &self,
        sql: &str,
        params: Params<'_>,
    ) -> Result<T, DatabaseError> {
        Ok(self.one(sql, params).await?.get(0))
    }

    /// What each row of a statement is read into.
    pub(crate) async fn list<T: for<'a> From<&'a Row>>(
        &self,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<T>, DatabaseError> {
        Ok(self.query(sql, params).await?.iter().map(T::from).collect())
    }

    /// The first column of each row of a statement.
    pub(crate) async fn column<T: FromSqlOwned>(
        &self,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<T>, DatabaseError> {
        let rows = self.query(sql, params).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// How many rows a statement returns: one for each that it changed.
    pub(crate) async fn count(
        &self,
        sql: &str,
        params: Params<'_>,
    ) -> Result<usize, DatabaseError> {
        Ok(self.query(sql, params).await?.len())
    }

    /// A statement that returns nothing of interest.
    pub(crate) async fn run(&self, sql: &str, params: Params<'_>) -> Result<(), DatabaseError> {
        self.query(sql, params).await.map(drop)
    }

    /// The only row of a statement whose changes are rolled back at once: what it would do.
    pub(crate) async fn dry_run(
        &self,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Row, DatabaseError> {
        let mut connection = self.connection().await?;
        // Rolled back when dropped, also if this is cancelled.
        let transaction = connection.transaction().await?;
        let row = transaction.query_one(sql, params).await?;
        transaction.rollback().await?;
        Ok(row)
    }

    /// The first row, if there is one.
    pub(crate) async fn optional(
        &self,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Option<Row>, DatabaseError> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }
}

/// Refuses a connection to a database that was written with another key file. On each new
/// connection, because the database may be away when the process starts.
async fn same_key_file(client: &ClientWrapper, fingerprint: &str) -> Result<(), HookError> {
    let sql = "SELECT claim_key_file($1)";
    match client.query_one(sql, &[&fingerprint]).await {
        Ok(row) if row.get::<_, &str>(0) == fingerprint => Ok(()),
        Ok(row) => Err(HookError::message(format!(
            "this database was written with the key file {}, KEY_FILE is {fingerprint}: restore the right one",
            row.get::<_, &str>(0)
        ))),
        // Not migrated yet, or not writable: then nothing is written with the wrong keys either.
        Err(error) if matches!(error.code(), Some(code) if *code == SqlState::UNDEFINED_FUNCTION || *code == SqlState::READ_ONLY_SQL_TRANSACTION) => {
            Ok(())
        }
        Err(error) => Err(HookError::Backend(error)),
    }
}

enum QueryError {
    Statement(tokio_postgres::Error),
    Other(DatabaseError),
}

/// 1 to 16 ms, growing: two that raced should not race again.
fn jitter(attempt: u32) -> Duration {
    let random = u64::from(uuid::Uuid::new_v4().as_bytes()[0]);
    Duration::from_micros((1000 + random * 60) * u64::from(attempt) / 4 + 1000)
}
