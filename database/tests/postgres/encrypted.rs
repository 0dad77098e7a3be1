//! Connections over TLS: to a real server, with a certificate authority of the test's own.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    time::Duration,
};

use database::{
    Database, DatabaseConfig, DatabaseError,
    test_support::{Cluster, ephemeral_keys},
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tokio_postgres::{Client, NoTls};

/// The name in the server's certificate; nobody resolves it.
const NAME: &str = "db.bank.example";

const PATIENCE: Duration = Duration::from_secs(60);

/// An authority, and the file by which it is trusted.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let pem = params.self_signed(&key).unwrap().pem();
        let file = std::env::temp_dir().join(format!("teller-ca-{}.pem", uuid::Uuid::new_v4()));
        std::fs::write(&file, pem).unwrap();
        let issuer = Issuer::new(params, key);
        Self { issuer, file }
    }

    /// A server's certificate and its key.
    fn certify(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        std::fs::remove_file(&self.file).unwrap();
    }
}

/// A server that listens, first without TLS.
struct Server {
    cluster: Cluster,
    address: IpAddr,
}

impl Server {
    async fn start() -> Self {
        let cluster = Cluster::start();
        // The whole of 127/8 is this host: an address of its own instead of a port of its own.
        let [a, b, c, ..] = *uuid::Uuid::new_v4().as_bytes();
        let address = IpAddr::V4(Ipv4Addr::new(127, a, b, c.clamp(1, 254)));
        cluster.listen(address);
        Self { cluster, address }
    }

    async fn superuser(&self) -> Client {
        let url = self.cluster.url("postgres", "postgres");
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        #[expect(clippy::disallowed_methods, reason = "ends with its client")]
        tokio::spawn(connection);
        client
    }

    /// From now on new connections may be encrypted, with this certificate.
    async fn offer_tls(&self, (certificate, key): &(String, String)) {
        let superuser = self.superuser().await;
        for (text, file) in [(certificate, "server.crt"), (key, "server.key")] {
            let sql = format!(
                "COPY (SELECT unnest(string_to_array('{text}', E'\\n'))) TO PROGRAM 'umask 077; cat > {file}'"
            );
            superuser.batch_execute(&sql).await.unwrap();
        }
        let on = "ALTER SYSTEM SET ssl = on";
        superuser.batch_execute(on).await.unwrap();
        self.cluster.crash();
        self.cluster.restart();
    }

    /// What a pool finds at this server, under that name.
    async fn ask(&self, host: &str, sslmode: &str, ca: Option<&Authority>) -> Answer {
        let address = self.address;
        let url = format!("host={host} hostaddr={address} user=postgres dbname=postgres {sslmode}");
        let mut config = DatabaseConfig::new(url, ephemeral_keys());
        config.ca_file = ca.map(|authority| authority.file.clone());
        // Whether the server is believed is asked here, not how fast a busy machine is.
        (config.connect, config.wait) = (PATIENCE, PATIENCE);
        let db = match Database::new(config) {
            Ok(db) => db,
            Err(error) => return Answer::Refused(error),
        };
        if let Err(error) = db.ping().await {
            return Answer::Refused(error);
        }
        let sql = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'teller'";
        let encrypted = self.superuser().await.query(sql, &[]).await.unwrap();
        let encrypted: Vec<bool> = encrypted.iter().map(|row| row.get(0)).collect();
        match encrypted[..] {
            [true] => Answer::Encrypted,
            [false] => Answer::Readable,
            _ => panic!("one connection was made, not {encrypted:?}"),
        }
    }
}

#[derive(Debug)]
enum Answer {
    Encrypted,
    Readable,
    Refused(DatabaseError),
}

impl Answer {
    #[track_caller]
    fn assert_refused(&self, why: &str) {
        let Self::Refused(DatabaseError::Setup(text)) = self else {
            panic!("it should be refused, as a mistake of the set-up: {self:?}");
        };
        assert!(text.contains(why), "it should name `{why}`: {text}");
    }
}

const ASKED: [&str; 2] = ["sslmode=require", "sslmode=verify-full"];

#[tokio::test]
async fn who_asks_for_encryption_never_gets_a_readable_connection() {
    let (ours, server) = (Authority::new("ours"), Server::start().await);
    for asked in ASKED {
        let answer = server.ask(NAME, asked, Some(&ours)).await;
        answer.assert_refused("server does not support TLS");
    }
    // A file of certificates asks for it too.
    let answer = server.ask(NAME, "", Some(&ours)).await;
    answer.assert_refused("server does not support TLS");
    for taken in ["sslmode=prefer", "sslmode=disable"] {
        let answer = server.ask(NAME, taken, Some(&ours)).await;
        assert!(matches!(answer, Answer::Readable), "{taken}: {answer:?}");
    }
    let silent = server.ask(NAME, "", None).await;
    assert!(matches!(silent, Answer::Readable), "{silent:?}");
}

#[tokio::test]
async fn a_server_is_believed_if_the_named_authority_vouches_for_its_name_and_else_refused() {
    let (ours, another) = (Authority::new("ours"), Authority::new("another"));
    let impostor = Authority::new("ours");
    let server = Server::start().await;
    server.offer_tls(&ours.certify(NAME)).await;
    for asked in ["", "sslmode=prefer", ASKED[0], ASKED[1]] {
        let answer = server.ask(NAME, asked, Some(&ours)).await;
        assert!(matches!(answer, Answer::Encrypted), "{asked}: {answer:?}");
    }
    for asked in ["sslmode=prefer", ASKED[0], ASKED[1]] {
        let stranger = server.ask(NAME, asked, Some(&another)).await;
        stranger.assert_refused("UnknownIssuer");
        stranger.assert_refused("DATABASE_CA_FILE");
        let pretended = server.ask(NAME, asked, Some(&impostor)).await;
        pretended.assert_refused("BadSignature");
        // The system's authorities never heard of it either.
        let answer = server.ask(NAME, asked, None).await;
        assert!(matches!(answer, Answer::Refused(_)), "{asked}: {answer:?}");
        let misnamed = server.ask("db.other.example", asked, Some(&ours)).await;
        misnamed.assert_refused("not valid for name");
    }
    let plain = server.ask(NAME, "sslmode=disable", Some(&ours)).await;
    assert!(matches!(plain, Answer::Readable), "{plain:?}");
}

#[tokio::test]
async fn migrating_and_the_connection_beside_the_pool_are_encrypted_too() {
    let (ours, server) = (Authority::new("ours"), Server::start().await);
    server.offer_tls(&ours.certify(NAME)).await;
    // Nobody comes in over the network but over TLS.
    let superuser = server.superuser().await;
    let only = "COPY (SELECT unnest(ARRAY['local all all trust', 'hostssl all all 127.0.0.0/8 trust'])) TO PROGRAM 'cat > pg_hba.conf'";
    superuser.batch_execute(only).await.unwrap();
    let reread = "SELECT pg_reload_conf()";
    superuser.batch_execute(reread).await.unwrap();
    let address = server.address;
    let url = format!("postgres://postgres@{NAME}/postgres?hostaddr={address}&sslmode=verify-full");
    let mut config = DatabaseConfig::new(url, ephemeral_keys());
    config.ca_file = Some(ours.file.clone());
    let db = Database::new(config.clone()).unwrap();
    let report = db.migrate().await.unwrap();
    assert!(!report.applied.is_empty(), "nothing was migrated");
    db.check_writable().await.unwrap();
    db.dedicated().unwrap().check_writable().await.unwrap();
    config.url = config.url.replace("verify-full", "disable");
    let plain = Database::new(config).unwrap().ping().await;
    assert!(plain.is_err(), "the server takes readable connections");
}

#[test]
fn a_file_that_holds_no_certificate_is_named() {
    let file = std::env::temp_dir().join(format!("teller-none-{}.pem", uuid::Uuid::new_v4()));
    std::fs::write(&file, "no certificate").unwrap();
    let mut config = DatabaseConfig::new("postgres://u@db.example/d", ephemeral_keys());
    for path in [&file, &file.with_extension("nowhere")] {
        config.ca_file = Some(path.clone());
        let Err(DatabaseError::Setup(text)) = Database::new(config.clone()) else {
            panic!("{} was taken", path.display());
        };
        assert!(text.contains(&path.display().to_string()), "{text}");
    }
    std::fs::remove_file(&file).unwrap();
}
