//! Drafts of packs, and the questions that they are made of.

use chrono::{TimeDelta, Utc};
use database::{
    Adoption, DatabaseError, DraftRepository, MessageRepository, NewDraftAsk, NewMessage,
    ProfileRepository, Role, SessionId, test_support::TestDatabase,
};
use serde_json::json;

use crate::{
    roles::as_role,
    support::{at, call, count, talk, web_session},
};

const DOG: &str = "May I bring a dog?";

fn asked_in(session: SessionId) -> NewDraftAsk<'static> {
    NewDraftAsk {
        pack: "library",
        document: "library/rooms",
        phrasing: DOG,
        session,
        adopted_by: "ann",
    }
}

#[tokio::test]
async fn a_phrasing_is_in_a_draft_once_sealed_and_until_it_is_taken_out() {
    let test = TestDatabase::new().await;
    let drafts = DraftRepository::new(&test.db);
    let (session, _) = talk(&test.db, "device-one", 1).await;
    let (other, _) = talk(&test.db, "device-two", 1).await;
    let new = asked_in(session);
    assert_eq!(drafts.adopt(&new).await.unwrap(), Adoption::Adopted);
    assert_eq!(drafts.adopt(&new).await.unwrap(), Adoption::Known);
    let again = NewDraftAsk {
        phrasing: "may I bring a DOG?",
        ..asked_in(other)
    };
    assert_eq!(
        drafts.adopt(&again).await.unwrap(),
        Adoption::Known,
        "the same question of another caller"
    );
    for elsewhere in [
        NewDraftAsk {
            document: "library/printing",
            ..new
        },
        NewDraftAsk {
            pack: "shop",
            ..new
        },
    ] {
        let adopted = drafts.adopt(&elsewhere).await.unwrap();
        assert_eq!(adopted, Adoption::Adopted, "{elsewhere:?}");
    }
    let nobody = asked_in(SessionId::new());
    assert_eq!(drafts.adopt(&nobody).await.unwrap(), Adoption::NoCall);
    let readable = "SELECT FROM draft_asks d WHERE d::text LIKE '%dog%' OR position('dog'::bytea IN phrasing_ct) > 0";
    assert_eq!(count(&test, readable).await, 0, "words are sealed");

    let lines = drafts.lines("library").await.unwrap();
    let documents: Vec<_> = lines.iter().map(|line| line.document.as_str()).collect();
    assert_eq!(documents, ["library/printing", "library/rooms"]);
    let rooms = &lines[1];
    assert_eq!(
        (rooms.phrasing.as_str(), rooms.session, &*rooms.adopted_by),
        (DOG, session, "ann")
    );
    let ids: Vec<i64> = lines.iter().map(|line| line.id).collect();
    assert_eq!(drafts.take_out("shop", &ids).await.unwrap(), 0, "another's");
    assert_eq!(drafts.take_out("library", &ids[1..]).await.unwrap(), 1);
    assert_eq!(drafts.lines("library").await.unwrap(), lines[..1]);
    assert_eq!(drafts.lines("shop").await.unwrap().len(), 1);
    assert_eq!(
        drafts.adopt(&new).await.unwrap(),
        Adoption::Adopted,
        "what was taken out can come again"
    );
}

#[tokio::test]
async fn several_workers_that_adopt_the_same_make_one_line_and_fail_none() {
    let test = TestDatabase::new().await;
    let (session, _) = talk(&test.db, "device-one", 1).await;
    let new = asked_in(session);
    let drafts = DraftRepository::new(&test.db);
    let adopt = || drafts.adopt(&new);
    let (a, b, c, d) = tokio::join!(adopt(), adopt(), adopt(), adopt());
    let outcomes = [a, b, c, d].map(Result::unwrap);
    let adopted = outcomes.iter().filter(|of| **of == Adoption::Adopted);
    assert_eq!(adopted.count(), 1, "{outcomes:?}");
    let known = outcomes.iter().filter(|of| **of == Adoption::Known);
    assert_eq!(known.count(), 3, "{outcomes:?}");
    assert_eq!(drafts.lines("library").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_full_draft_takes_nothing_new() {
    let test = TestDatabase::new().await;
    let drafts = DraftRepository::new(&test.db);
    let (session, _) = talk(&test.db, "device-one", 1).await;
    let new = asked_in(session);
    assert_eq!(drafts.adopt(&new).await.unwrap(), Adoption::Adopted);
    let filled = "INSERT INTO draft_asks (pack, document, session_id, phrasing_ct, phrasing_bidx, adopted_by)
                  SELECT 'library', 'd', $1, '\\x', sha256(n::text::bytea), 'ann' FROM generate_series(1, 999) n";
    let client = test.client().await;
    client.execute(filled, &[&session.0]).await.unwrap();
    let more = NewDraftAsk {
        phrasing: "And a cat?",
        ..new
    };
    assert_eq!(drafts.adopt(&more).await.unwrap(), Adoption::Full);
    assert_eq!(drafts.adopt(&new).await.unwrap(), Adoption::Known);
    let other = NewDraftAsk {
        pack: "shop",
        ..more
    };
    assert_eq!(drafts.adopt(&other).await.unwrap(), Adoption::Adopted);
}

#[tokio::test]
async fn a_line_goes_with_its_caller_and_comes_back_no_more() {
    let test = TestDatabase::new().await;
    let drafts = DraftRepository::new(&test.db);
    let (session, profile) = talk(&test.db, "device-one", 1).await;
    let (other, _) = talk(&test.db, "device-two", 1).await;
    let new = asked_in(session);
    drafts.adopt(&new).await.unwrap();
    let kept = NewDraftAsk {
        phrasing: "And a cat?",
        ..asked_in(other)
    };
    drafts.adopt(&kept).await.unwrap();
    let profiles = ProfileRepository::new(&test.db);
    profiles.erase(profile, "ann").await.unwrap();
    assert_eq!(drafts.adopt(&new).await.unwrap(), Adoption::NoCall);
    let lines = drafts.lines("library").await.unwrap();
    let left: Vec<_> = lines.iter().map(|line| line.phrasing.as_str()).collect();
    assert_eq!(left, ["And a cat?"], "another caller's");
    let late = format!(
        "INSERT INTO draft_asks (pack, document, session_id, phrasing_ct, phrasing_bidx, adopted_by)
         VALUES ('library', 'd', '{session}', '\\x', sha256('x'), 'ann')"
    );
    test.client().await.batch_execute(&late).await.unwrap();
    let stored = count(&test, "SELECT FROM draft_asks").await;
    assert_eq!(stored, 1, "a line that was on its way is turned away");
}

#[tokio::test]
async fn a_worker_reads_a_draft_and_an_administrator_alone_changes_it() {
    let test = TestDatabase::new().await;
    let (session, _) = talk(&test.db, "device-one", 1).await;
    let new = asked_in(session);
    let worker = DraftRepository::new(&as_role(&test, "app_writer"));
    let admin = DraftRepository::new(&as_role(&test, "identity_admin"));
    let refused = worker.adopt(&new).await;
    assert!(
        refused.as_ref().is_err_and(DatabaseError::is_forbidden),
        "{refused:?}"
    );
    assert_eq!(admin.adopt(&new).await.unwrap(), Adoption::Adopted);
    let lines = worker.lines("library").await.unwrap();
    assert_eq!(lines[0].phrasing, DOG);
    let refused = worker.take_out("library", &[lines[0].id]).await;
    assert!(
        refused.as_ref().is_err_and(DatabaseError::is_forbidden),
        "{refused:?}"
    );
    let taken = admin.take_out("library", &[lines[0].id]).await;
    assert_eq!(taken.unwrap(), 1);
}

#[tokio::test]
async fn an_unanswered_question_says_when_and_in_which_call_it_was_asked() {
    let test = TestDatabase::new().await;
    let new = database::NewSession {
        started_at: Utc::now(),
        ..web_session("device-one")
    };
    call(&test.db, &new).await;
    let mut reply = NewMessage::new(new.id, 1, Role::Assistant, "I do not know.", at(2));
    reply.meta = json!({"route": "knowledge", "sources": []});
    let messages = MessageRepository::new(&test.db);
    let asked = NewMessage::new(new.id, 0, Role::User, DOG, at(1));
    messages.insert(&[asked, reply]).await.unwrap();
    let since = Utc::now() - TimeDelta::days(1);
    let questions = messages.unanswered(since, 9).await.unwrap();
    assert_eq!(questions.len(), 1);
    assert_eq!(
        (
            questions[0].session,
            questions[0].asked_at,
            questions[0].words.as_str()
        ),
        (new.id, at(1), DOG)
    );
    let later = Utc::now() + TimeDelta::days(1);
    assert_eq!(messages.unanswered(later, 9).await.unwrap(), []);
    assert_eq!(messages.unanswered(since, 0).await.unwrap(), []);
}
