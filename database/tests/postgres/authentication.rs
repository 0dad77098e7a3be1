use database::{
    AuditRepository, AuthLimits, AuthRepository, ChallengeStart, Claim, CustomerRow, NewChallenge,
    ProfileId, ProfileRepository, SessionId, Verification, test_support::TestDatabase,
};

use crate::support::{count, rows};

const NUMBER: &str = "+263771234567";

async fn sarah(test: &TestDatabase) -> ProfileId {
    let row = CustomerRow {
        username: "Sarah".to_owned(),
        phone_number: Some(NUMBER.to_owned()),
        customer_number: Some("100200".to_owned()),
        ..CustomerRow::default()
    };
    let profiles = ProfileRepository::new(&test.db);
    assert_eq!(
        profiles
            .import_customers(&[row], "admin")
            .await
            .unwrap()
            .created,
        1
    );
    profiles.get_by_username("sarah").await.unwrap().unwrap().id
}

fn by_name(name: &str, phone: Option<&str>) -> Claim {
    Claim::Username {
        username: name.to_owned(),
        phone_number: phone.map(str::to_owned),
    }
}

fn asking(session: SessionId, claim: Claim) -> NewChallenge {
    NewChallenge {
        session,
        claim,
        address: None,
        code: "123456".to_owned(),
    }
}

/// The number the code goes to; `None` if none is sent.
fn sent_to(start: ChallengeStart) -> Option<String> {
    match start {
        ChallengeStart::Started { delivery } => delivery.map(|d| d.phone_number),
        ChallengeStart::Limited { .. } => panic!("limited"),
    }
}

#[tokio::test]
async fn the_code_goes_to_the_stored_number_and_is_good_once() {
    let test = TestDatabase::new().await;
    let sarah = sarah(&test).await;
    let auth = AuthRepository::new(&test.db, AuthLimits::default());
    let session = SessionId::new();
    assert_eq!(
        auth.verify(session, "123456", None).await.unwrap(),
        Verification::NoChallenge
    );
    let start = auth
        .start(&asking(
            session,
            by_name(" SARAH ", Some("+263 77 123 4567")),
        ))
        .await
        .unwrap();
    assert_eq!(sent_to(start).as_deref(), Some(NUMBER));
    assert_eq!(
        auth.verify(session, "654321", None).await.unwrap(),
        Verification::Wrong { attempts_left: 2 }
    );
    assert_eq!(
        auth.verify(session, "12 34-56", None).await.unwrap(),
        Verification::Verified(sarah)
    );
    assert_eq!(
        auth.verify(session, "123456", None).await.unwrap(),
        Verification::NoChallenge,
        "it is spent"
    );
    assert_eq!(
        auth.verify(SessionId::new(), "123456", None).await.unwrap(),
        Verification::NoChallenge,
        "another call"
    );
    let log = AuditRepository::new(&test.db).list(None, 10).await.unwrap();
    let actions: Vec<&str> = log.iter().rev().map(|e| e.action.as_str()).collect();
    assert_eq!(
        actions[2..],
        [
            "auth.started",
            "auth.wrong",
            "auth.verified",
            "auth.used",
            "auth.none"
        ]
    );
    assert!(!format!("{log:?}").contains("123456"), "no code is logged");
    assert_eq!(
        count(
            &test,
            "SELECT 1 FROM auth_challenges c WHERE to_jsonb(c)::text LIKE '%123456%'"
        )
        .await,
        0
    );
}

#[tokio::test]
async fn wrong_claims_look_like_right_ones_and_are_sent_nothing() {
    let test = TestDatabase::new().await;
    sarah(&test).await;
    let auth = AuthRepository::new(&test.db, AuthLimits::default());
    for claim in [
        by_name("nobody", None),
        by_name("sarah", Some("+19995550000")),
        by_name("sarah", Some("not a number")),
        Claim::Digits("999".to_owned()),
        Claim::Digits(String::new()),
        Claim::Digits("0".to_owned()),
        Claim::Digits("7".to_owned()),
    ] {
        let session = SessionId::new();
        let start = auth.start(&asking(session, claim.clone())).await.unwrap();
        assert_eq!(
            start,
            ChallengeStart::Started { delivery: None },
            "{claim:?}"
        );
        assert_eq!(
            auth.verify(session, "000000", None).await.unwrap(),
            Verification::Wrong { attempts_left: 2 }
        );
        let lucky = auth.verify(session, "123456", None).await.unwrap();
        assert_eq!(
            lucky,
            Verification::Wrong { attempts_left: 1 },
            "a right guess proves nothing for {claim:?}"
        );
    }
}

#[tokio::test]
async fn a_keypad_names_a_customer_by_number_of_either_kind() {
    let test = TestDatabase::new().await;
    let sarah = sarah(&test).await;
    let auth = AuthRepository::new(&test.db, AuthLimits::default());
    for digits in ["100200", "263771234567", "00263771234567", "0771234567"] {
        let session = SessionId::new();
        let start = auth
            .start(&asking(session, Claim::Digits(digits.to_owned())))
            .await
            .unwrap();
        assert_eq!(sent_to(start).as_deref(), Some(NUMBER), "from {digits}");
        assert_eq!(
            auth.verify(session, "123456", None).await.unwrap(),
            Verification::Verified(sarah)
        );
    }
    ProfileRepository::new(&test.db)
        .create_authenticated_profile("twin", Some(NUMBER), None)
        .await
        .unwrap();
    let start = auth
        .start(&asking(
            SessionId::new(),
            Claim::Digits("0771234567".to_owned()),
        ))
        .await
        .unwrap();
    assert_eq!(
        sent_to(start),
        None,
        "two customers share it: it names nobody"
    );
}

#[tokio::test]
async fn three_wrong_codes_end_a_challenge_even_side_by_side() {
    let test = TestDatabase::new().await;
    let sarah = sarah(&test).await;
    let auth = AuthRepository::new(&test.db, AuthLimits::default());
    let session = SessionId::new();
    auth.start(&asking(session, by_name("sarah", None)))
        .await
        .unwrap();
    let guess = || auth.verify(session, "000000", Some("10.0.0.9"));
    let (a, b, c, d, e) = tokio::join!(guess(), guess(), guess(), guess(), guess());
    let outcomes: Vec<Verification> = [a, b, c, d, e].into_iter().map(Result::unwrap).collect();
    let exhausted = outcomes
        .iter()
        .filter(|o| **o == Verification::Exhausted)
        .count();
    assert_eq!(exhausted, 2, "five guesses at once: {outcomes:?}");
    assert_eq!(
        auth.verify(session, "123456", None).await.unwrap(),
        Verification::Exhausted,
        "now the right one is too late"
    );
    assert_eq!(
        count(
            &test,
            "SELECT 1 FROM auth_attempts WHERE outcome = 'wrong' AND address IS NOT NULL"
        )
        .await,
        3
    );
    auth.start(&asking(session, by_name("sarah", None)))
        .await
        .unwrap();
    assert_eq!(
        auth.verify(session, "123456", None).await.unwrap(),
        Verification::Verified(sarah),
        "a new code works"
    );
}

#[tokio::test]
async fn an_old_code_is_refused() {
    let test = TestDatabase::new().await;
    sarah(&test).await;
    let auth = AuthRepository::new(&test.db, AuthLimits::default());
    let session = SessionId::new();
    auth.start(&asking(session, by_name("sarah", None)))
        .await
        .unwrap();
    let lifetime = rows(
        &test,
        "SELECT extract(epoch FROM expires_at - created_at)::int AS s FROM auth_challenges",
    )
    .await;
    assert_eq!(lifetime[0]["s"], 300);
    test.client()
        .await
        .execute("UPDATE auth_challenges SET expires_at = now()", &[])
        .await
        .unwrap();
    assert_eq!(
        auth.verify(session, "123456", None).await.unwrap(),
        Verification::Expired
    );
}

#[tokio::test]
async fn limits_on_a_name_are_the_same_whether_it_exists() {
    let test = TestDatabase::new().await;
    sarah(&test).await;
    let auth = AuthRepository::new(&test.db, AuthLimits::default());
    for name in ["sarah", "nobody"] {
        for n in 0..5 {
            let start = auth
                .start(&asking(SessionId::new(), by_name(name, None)))
                .await
                .unwrap();
            assert!(
                matches!(start, ChallengeStart::Started { .. }),
                "{name} {n}"
            );
        }
        let start = auth
            .start(&asking(SessionId::new(), by_name(name, None)))
            .await
            .unwrap();
        let ChallengeStart::Limited { retry_after } = start else {
            panic!("{name} was not limited")
        };
        assert!(
            (3_500..=3_600).contains(&retry_after.as_secs()),
            "{retry_after:?}"
        );
    }
}

#[tokio::test]
async fn limits_count_by_address_and_silently_by_customer() {
    let test = TestDatabase::new().await;
    sarah(&test).await;
    let limits = AuthLimits {
        per_address: 3,
        per_profile: 2,
        ..AuthLimits::default()
    };
    let auth = AuthRepository::new(&test.db, limits);
    for n in 0..4 {
        let from_one_place = NewChallenge {
            address: Some("10.0.0.1".to_owned()),
            ..asking(SessionId::new(), by_name(&format!("n{n}"), None))
        };
        let limited = matches!(
            auth.start(&from_one_place).await.unwrap(),
            ChallengeStart::Limited { .. }
        );
        assert_eq!(limited, n == 3, "challenge {n} from one address");
    }
    // The same customer under four names: what we know must not show.
    let claims = [
        by_name("sarah", None),
        Claim::Digits("100200".to_owned()),
        Claim::Digits("0771234567".to_owned()),
    ];
    let mut sent = Vec::new();
    for claim in claims {
        sent.push(sent_to(auth.start(&asking(SessionId::new(), claim)).await.unwrap()).is_some());
    }
    assert_eq!(sent, [true, true, false]);
    let parallel = AuthRepository::new(
        &test.db,
        AuthLimits {
            per_claim: 2,
            ..AuthLimits::default()
        },
    );
    let start = || async {
        parallel
            .start(&asking(SessionId::new(), by_name("crowd", None)))
            .await
            .unwrap()
    };
    let (a, b, c, d) = tokio::join!(start(), start(), start(), start());
    let started = [a, b, c, d]
        .iter()
        .filter(|s| matches!(s, ChallengeStart::Started { .. }))
        .count();
    assert_eq!(started, 2, "four starts at once, two allowed");
}

#[tokio::test]
async fn an_import_updates_reports_and_refuses_row_by_row() {
    let test = TestDatabase::new().await;
    let id = sarah(&test).await;
    let row = |username: &str, phone: &str| CustomerRow {
        username: username.to_owned(),
        phone_number: Some(phone.to_owned()),
        name: Some("Sarah M".to_owned()),
        customer_number: Some("100300".to_owned()),
        ..CustomerRow::default()
    };
    let list = [
        row("sarah", "+263779999999"),
        row("null", NUMBER),
        row("bad", "12"),
        row("other", NUMBER),
    ];
    let report = ProfileRepository::new(&test.db)
        .import_customers(&list, "admin")
        .await
        .unwrap();
    assert_eq!((report.created, report.updated), (0, 1));
    let refused: Vec<usize> = report.refused.iter().map(|(index, _)| *index).collect();
    assert_eq!(
        refused,
        [1, 2, 3],
        "the last one's customer number is Sarah's: {:?}",
        report.refused
    );
    let stored = ProfileRepository::new(&test.db)
        .get_by_id(id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (stored.phone_number.as_deref(), stored.name.as_deref()),
        (Some("+263779999999"), Some("Sarah M"))
    );
    assert_eq!(
        count(
            &test,
            "SELECT 1 FROM profile_identifiers WHERE kind = 'customer_no'"
        )
        .await,
        1,
        "the old number is gone"
    );
}
