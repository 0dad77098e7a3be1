//! What was learned of Sarah from her turns.

use database::{
    FactRepository, LeadEventRepository, NewFact, NewLeadEvent, NewLeadEvents, SessionId,
    TurnInsight, TurnInsightRepository, keys::SessionKey, test_support::TestDatabase,
};

pub(super) async fn read_a_turn(test: &TestDatabase, session_id: SessionId) {
    let read = TurnInsight {
        session_id,
        seq: 0,
        source: "rules".into(),
        version: 1,
        emotion: "neutral".into(),
        urgency: "low".into(),
        intent_category: "exploration".into(),
        sentiment: 0,
        frustration: 0,
        causes: Vec::new(),
        confidence: 50,
        topics: vec!["topic-of-sarah".into()],
        pain_points: Vec::new(),
        opportunities: Vec::new(),
        objections: Vec::new(),
        actions: Vec::new(),
        style: None,
        level: None,
        made_at: chrono::Utc::now(),
    };
    let insights = TurnInsightRepository::new(&test.db);
    assert_eq!(insights.insert(&[read]).await.unwrap(), 1);
    let wanted = NewLeadEvents {
        session_id,
        happened_at: chrono::Utc::now(),
        events: vec![NewLeadEvent {
            cause: "turn:0:product_seen:spoken-of-sarah".into(),
            kind: "product_seen".into(),
            item: Some("spoken-of-sarah".into()),
            value: 1,
        }],
    };
    let events = LeadEventRepository::new(&test.db);
    assert_eq!(events.insert(&[wanted]).await.unwrap(), 1);
}

pub(super) async fn learn_a_fact(test: &TestDatabase, session_id: SessionId, key: &SessionKey) {
    let fact = NewFact {
        session_id,
        seq: 0,
        place: 0,
        key: "nickname".into(),
        what: "holds".into(),
        value: Some("fact-of-sarah".into()),
        query: false,
        confidence: 90,
        source: "said".into(),
        learned_at: chrono::Utc::now(),
        expires_at: None,
    };
    let facts = FactRepository::new(&test.db);
    assert_eq!(facts.insert(&[fact.seal(key).unwrap()]).await.unwrap(), 1);
}
