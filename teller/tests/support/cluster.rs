//! A PostgreSQL that can be crashed and made to hang.

use std::{
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::Arc,
};

use database::{
    Database, DatabaseConfig,
    keys::Keyring,
    test_support::{Cluster as Server, ephemeral_keys},
};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

const ROLE: &str = "teller_test";

/// A database of its own on a server that may be crashed.
pub(crate) struct Cluster {
    pub(crate) server: Arc<Server>,
    pub(crate) name: String,
    pub(crate) keys: Keyring,
    pub(crate) folder: PathBuf,
}

impl Cluster {
    pub(crate) async fn open() -> Self {
        let server = tokio::task::spawn_blocking(Server::start).await.unwrap();
        Self::on(Arc::new(server)).await
    }

    /// A new database on a server that runs.
    pub(crate) async fn on(server: Arc<Server>) -> Self {
        let name = format!("record_{}", Uuid::new_v4().simple());
        let admin = connect(&server.url("postgres", "postgres")).await;
        let role = format!(
            "DO $$ BEGIN CREATE ROLE {ROLE} NOSUPERUSER LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        );
        admin.batch_execute(&role).await.unwrap();
        for sql in [
            format!("CREATE DATABASE {name} OWNER {ROLE}"),
            format!("ALTER DATABASE {name} SET app.tenant = '1'"),
        ] {
            admin.batch_execute(&sql).await.unwrap();
        }
        let folder =
            std::env::temp_dir().join(format!("teller-record-{}", Uuid::new_v4().simple()));
        std::fs::create_dir_all(&folder).unwrap();
        let keys = ephemeral_keys();
        keys.write_to(&folder.join("keys.toml")).unwrap();
        let cluster = Self {
            server,
            name,
            keys,
            folder,
        };
        cluster.database().migrate().await.unwrap();
        cluster
    }

    pub(crate) fn url(&self) -> String {
        self.server.url(ROLE, &self.name)
    }

    pub(crate) fn database(&self) -> Database {
        Database::new(DatabaseConfig::new(self.url(), self.keys.clone())).unwrap()
    }

    /// A connection to look at rows.
    pub(crate) async fn sql(&self) -> Client {
        connect(&self.url()).await
    }

    pub(crate) async fn superuser(&self) -> Client {
        connect(&self.server.url("postgres", &self.name)).await
    }

    /// Stops the server's processes where they stand: connections are taken and nothing answers.
    pub(crate) async fn hang(&self) -> Hanging {
        let sql = "SELECT pg_read_file('postmaster.pid')";
        let file: String = self
            .superuser()
            .await
            .query_one(sql, &[])
            .await
            .unwrap()
            .get(0);
        let postmaster = file.lines().next().unwrap().trim().parse().unwrap();
        signal(postmaster, "STOP");
        let hanging = Hanging(with_children(postmaster));
        hanging.tell("-STOP");
        hanging
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("what was left: {}", self.folder.display());
        } else {
            drop(std::fs::remove_dir_all(&self.folder));
        }
    }
}

/// A server that hangs until this is dropped.
pub(crate) struct Hanging(Vec<u32>);

impl Hanging {
    /// One that was about to end may be gone meanwhile.
    fn tell(&self, signal: &str) {
        for process in &self.0 {
            let mut told = Command::new("kill");
            told.args([signal, &process.to_string()])
                .stderr(Stdio::null());
            drop(told.status());
        }
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        self.tell("-CONT");
    }
}

/// A process and those it started: for PostgreSQL, all that write the database's files.
fn with_children(parent: u32) -> Vec<u32> {
    let mut all = vec![parent];
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let after = stat.rsplit(") ").next().unwrap_or_default();
        let started_by = after.split(' ').nth(1).and_then(|p| p.parse::<u32>().ok());
        if started_by == Some(parent)
            && let Some(id) = entry.file_name().to_str().and_then(|n| n.parse().ok())
        {
            all.push(id);
        }
    }
    all
}

pub(crate) fn signal(process: u32, name: &str) {
    let sent: Output = Command::new("kill")
        .args([&format!("-{name}"), &process.to_string()])
        .output()
        .unwrap();
    assert!(sent.status.success(), "kill -{name} {process}: {sent:?}");
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::task::spawn(connection);
    client
}
