//! Whatever breaks: no key is carried out twice, and nothing is told that did not happen.

use super::*;

/// Numbers from a seed: SplitMix64.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

fn any_fault(numbers: &mut Numbers) -> Fault {
    let faults = [
        Fault::DoneAndSilent,
        Fault::Silent,
        Fault::DoneAndCut,
        Fault::DoneAndAnothers,
        Fault::DoneAndFlood,
        Fault::DoneAnd(200, "nonsense"),
        Fault::DoneAnd(500, ""),
        Fault::Undone(500, ""),
        Fault::Undone(429, ""),
        Fault::Undone(403, ""),
        Fault::Undone(409, "{}"),
        Fault::LedElsewhere,
    ];
    let count = u64::try_from(faults.len()).unwrap();
    faults[usize::try_from(numbers.below(count)).unwrap()]
}

/// A conversation is held, breaks off anywhere, and is held again from what is on record.
async fn conversation(desk: &Desk, tool: Arc<dyn Tool>, seed: u64) {
    const TURNS: i32 = 6;
    let effect = tool.spec().effect;
    let session = SessionId::new();
    let mut numbers = Numbers(seed);
    let key = |seq| crate::key::idempotency_key(session, seq, "renew_book", None);
    for seq in 0..TURNS {
        let faults = (0..numbers.below(3)).map(|_| any_fault(&mut numbers));
        let faults = faults.collect();
        desk.seen().faults.insert(key(seq).to_string(), faults);
    }
    let rows = Rows::default();
    let mut told: HashMap<i32, Outcome> = HashMap::new();
    for life in 0..3 {
        let mut before = rows.all();
        // A killed worker's last outcomes never reached the disk; nobody was told of them.
        let was_told = |row: &RecordedCall| told.keys().any(|seq| key(*seq) == row.key);
        for row in &mut before {
            if numbers.below(4) == 0 && !was_told(row) {
                row.outcome = None;
            }
        }
        let tools = vec![Arc::clone(&tool)];
        let registry = Registry::new(session, tools, Arc::new(rows.clone()), before);
        let each = (0..TURNS).map(|seq| {
            // Some are dropped under way.
            let patience = Duration::from_millis(numbers.below(600) + u64::from(seq == 0) * 5000);
            let registry = &registry;
            async move {
                let twice = async {
                    tokio::join!(registry.call(asked_in(seq)), registry.call(asked_in(seq)))
                };
                let ended = tokio::time::timeout(patience, twice).await;
                (seq, ended.ok())
            }
        });
        for (seq, ended) in futures_util::future::join_all(each).await {
            let Some((one, other)) = ended else { continue };
            assert_eq!(
                one, other,
                "seed {seed}, life {life}: one call, two outcomes"
            );
            told.insert(seq, one);
        }
        registry.close(Duration::from_secs(5)).await;
    }
    for seq in 0..TURNS {
        let (done, outcome) = (desk.done(key(seq)), told.get(&seq));
        let context = format!("seed {seed}, {effect:?}, turn {seq}: {outcome:?}");
        assert!(done <= 1, "{context}: done {done} times");
        match outcome {
            Some(Outcome::Success(_)) => assert_eq!(done, 1, "{context}"),
            Some(Outcome::Refused(_) | Outcome::Failed(_) | Outcome::Cancelled) => {
                assert_eq!(done, 0, "{context}");
            }
            _ => {}
        }
        if effect == Effect::Once {
            let name = key(seq).to_string();
            let seen = desk.seen();
            let sent = seen
                .headers
                .iter()
                .filter(|headers| key_of(headers) == name);
            assert!(sent.count() <= 1, "{context}: sent twice");
        }
    }
}

#[tokio::test]
async fn no_key_is_done_twice_and_nothing_is_told_that_was_not_so() {
    let (desk, url) = Desk::open().await;
    let deeds = deeds(&url, Duration::from_millis(150));
    let tool = |effect| Arc::new(deeds.tool(&renewal(effect)).unwrap()) as Arc<dyn Tool>;
    let effects = [Effect::Idempotent, Effect::Status, Effect::Once].map(tool);
    let seeds = (0..15).flat_map(|seed| effects.each_ref().map(|tool| (seed, tool)));
    let each = seeds.map(|(seed, tool)| conversation(&desk, Arc::clone(tool), seed));
    futures_util::future::join_all(each).await;
}
