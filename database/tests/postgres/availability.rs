use std::time::{Duration, Instant};

use database::{
    Database, DatabaseConfig, DatabaseError, ProfileRepository,
    test_support::{Cluster, TestDatabase, ephemeral_keys},
};

/// Far less than a connection takes that hangs, far more than a busy machine needs.
const SOON: Duration = Duration::from_secs(20);

async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    #[expect(
        clippy::disallowed_methods,
        reason = "measures how long the caller waits"
    )]
    let started = Instant::now();
    (work.await, started.elapsed())
}

#[tokio::test]
async fn a_database_that_crashes_says_so_quickly_and_comes_back() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let config = DatabaseConfig {
        pool_size: 2,
        ..DatabaseConfig::new(cluster.url("postgres", "postgres"), ephemeral_keys())
    };
    let db = Database::new(config).unwrap();
    db.ping().await.expect("it runs");
    cluster.crash();
    for attempt in 0..3 {
        let (answer, waited) = timed(db.ping()).await;
        assert!(
            matches!(answer, Err(DatabaseError::Unavailable(_))),
            "attempt {attempt}: {answer:?}"
        );
        assert!(waited < SOON, "attempt {attempt} took {waited:?}");
    }
    cluster.restart();
    for attempt in 0..5 {
        db.ping()
            .await
            .unwrap_or_else(|error| panic!("attempt {attempt} after the restart: {error}"));
    }
}

#[tokio::test]
async fn a_database_that_is_nowhere_is_unavailable_not_a_crash() {
    let db = Database::new(DatabaseConfig::new(
        "postgres://nobody:secret@127.0.0.1:1/none",
        ephemeral_keys(),
    ))
    .unwrap();
    let (answer, waited) = timed(ProfileRepository::new(&db).get_by_username("sarah")).await;
    assert!(
        answer.as_ref().is_err_and(DatabaseError::is_unavailable),
        "{answer:?}"
    );
    assert!(waited < SOON, "{waited:?}");
    assert!(
        !format!("{answer:?} {db:?}").contains("secret"),
        "the password shows"
    );
    assert!(
        db.migrate()
            .await
            .is_err_and(|error| error.is_unavailable())
    );
}

#[tokio::test]
async fn an_address_that_makes_no_sense_is_refused_without_being_quoted() {
    for url in [
        "not an address",
        "postgres://user:secret@host:port/db",
        "host=x port=secret",
    ] {
        let refused = Database::new(DatabaseConfig::new(url, ephemeral_keys()));
        let Err(DatabaseError::Setup(message)) = refused else {
            panic!("{url} was accepted")
        };
        assert!(!message.contains("secret"), "{message}");
    }
}

#[tokio::test]
async fn a_statement_that_waits_too_long_is_given_up() {
    let test = TestDatabase::new().await;
    let holder = test.client().await;
    holder
        .batch_execute("BEGIN; LOCK TABLE user_profiles")
        .await
        .unwrap();
    let config = DatabaseConfig {
        statement: Duration::from_millis(300),
        ..test.config()
    };
    let db = Database::new(config).unwrap();
    let (answer, waited) = timed(ProfileRepository::new(&db).get_by_username("sarah")).await;
    assert!(
        matches!(answer, Err(DatabaseError::Unavailable(_))),
        "{answer:?}"
    );
    assert!(waited < SOON, "{waited:?}");
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert!(
        ProfileRepository::new(&db)
            .get_by_username("sarah")
            .await
            .is_ok(),
        "it works again"
    );
}

#[tokio::test]
async fn a_pool_that_is_used_up_gives_way_after_its_wait() {
    let test = TestDatabase::new().await;
    let config = DatabaseConfig {
        pool_size: 1,
        wait: Duration::from_millis(200),
        ..test.config()
    };
    let db = Database::new(config).unwrap();
    let leader = db.lead(database::LeaderRole::Maintenance).await.unwrap();
    let (answer, waited) = timed(db.ping()).await;
    assert!(
        matches!(answer, Err(DatabaseError::Unavailable(_))),
        "{answer:?}"
    );
    assert!(waited < SOON, "{waited:?}");
    drop(leader);
    db.ping().await.expect("the connection is free again");
}

#[tokio::test]
async fn errors_name_no_values_of_rows() {
    let test = TestDatabase::new().await;
    let profiles = ProfileRepository::new(&test.db);
    let too_long = format!("jim {}", "m".repeat(300));
    for (name, email, naming) in [
        ("jim", Some("not-an-address-of-jim"), "name@host"),
        (&too_long, None, "username"),
        ("jim", None, ""),
    ] {
        let refused = profiles
            .create_authenticated_profile(name, None, email)
            .await;
        let message = match refused {
            Err(DatabaseError::Invalid(message)) => message,
            other => {
                assert!(naming.is_empty(), "{other:?}");
                continue;
            }
        };
        assert!(
            message.contains(naming) && !message.contains("jim"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_role_with_another_isolation_by_default_still_works() {
    let test = TestDatabase::new().await;
    let separator = if test.url.contains('?') {
        "%20"
    } else {
        "?options="
    };
    let url = format!(
        "{}{separator}-c%20default_transaction_isolation%3Dserializable",
        test.url
    );
    let db = Database::new(DatabaseConfig::new(url, ephemeral_keys())).unwrap();
    let made = ProfileRepository::new(&db)
        .create_anonymous_profile(Some("device-one"), None)
        .await;
    made.expect("connections ask for READ COMMITTED themselves");
}
