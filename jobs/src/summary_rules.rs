//! What a pack adds to how summaries are made.

use insight::{summary::SummaryRules, topics::TopicRule, turn::Reply};

/// The pack's topics, and what it calls its matters, as the summary's rules.
pub fn summary_rules(pack: &knowledge::Pack) -> SummaryRules {
    let rule = |topic: &knowledge::Topic| TopicRule {
        id: topic.id.clone(),
        label: topic.label.clone(),
        phrases: topic.plain_phrases(),
    };
    // What is asked of a catalogue is about its things: the router says so, no phrase has to.
    let listed = pack
        .catalogue
        .iter()
        .flat_map(|catalogue| &catalogue.tables);
    let things = listed.map(|listing| TopicRule {
        id: listing.table.name.clone(),
        label: listing.table.many.clone(),
        phrases: Vec::new(),
    });
    let topics: Vec<TopicRule> = pack.topics.iter().map(rule).chain(things).collect();
    let rules = SummaryRules::new(&topics, pack.settings.summary.clone()).with_lines(lines(pack));
    match &pack.settings.currency {
        Some(currency) => rules.with_currency(&currency.code, &currency.spoken),
        None => rules,
    }
}

/// What the pack's agent says whatever was asked.
fn lines(pack: &knowledge::Pack) -> Vec<(Reply, &str)> {
    let lines = &pack.settings.lines;
    let look_ups = pack.lookups.iter();
    let not_known = look_ups
        .flat_map(|look_up| [&look_up.unavailable, &look_up.unauthenticated])
        .chain([&lines.unsupported, &lines.technical_problem])
        .chain(&lines.perhaps)
        .chain(&lines.either);
    let unclear = lines.unclear.iter().chain(&lines.did_not_catch);
    let small_talk = pack.small_talk.iter().flat_map(|kind| &kind.answers);
    let later = lines.no_more.iter().chain(&lines.looking_up);
    let put_through = &pack.transfer.lines;
    let talk = small_talk.chain(later).chain([
        &put_through.waiting,
        &put_through.no_answer,
        &put_through.busy,
        &put_through.declined,
        &put_through.back,
        &lines.disclosure,
        &lines.greeting,
        &lines.welcome_back,
        &lines.still_there,
        &lines.goodbye,
        &lines.anything_else,
        &lines.nothing_to_repeat,
        &lines.transfer_offer,
        &lines.transferring,
        &lines.transfer_failed,
        &lines.callback_offer,
        &lines.callback_promised,
        &lines.offer_declined,
        &lines.authenticate_web,
        &lines.authenticate_phone,
        &lines.authentication_unavailable,
        &lines.code_sent,
        &lines.authenticated,
    ]);
    let with = |reply: Reply| move |line| (reply, String::as_str(line));
    not_known
        .map(with(Reply::NotKnown))
        .chain(unclear.map(with(Reply::Unclear)))
        .chain(lines.out_of_scope.iter().map(with(Reply::OutOfScope)))
        .chain(talk.map(with(Reply::Talk)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::{path::Path, time::Duration};

    use call::{CallEnding, Speaker};
    use insight::{
        summary::{SessionFacts, summarize},
        turn::TurnText,
    };

    use super::summary_rules;

    #[test]
    fn what_was_asked_of_a_catalogue_is_in_the_summary() {
        let library = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../knowledge/tests/packs/library"
        );
        let pack = knowledge::Pack::load(Path::new(library)).expect("the library's pack loads");
        let table = &pack.catalogue.as_ref().expect("it lists books").tables[0].table;
        let turn = |seq, speaker, text: &str| TurnText {
            seq,
            speaker,
            text: text.to_owned(),
            intent: Some(table.name.clone()),
            interrupted: false,
            has_sources: speaker == Speaker::Agent,
            reply: None,
            deed: None,
            meaning: None,
        };
        let turns = [
            turn(0, Speaker::Caller, "Something by Brontë for under ten"),
            turn(1, Speaker::Agent, "I have one that fits."),
        ];
        let facts = SessionFacts {
            duration: Duration::from_secs(60),
            ended: CallEnding::CallerLeft,
            authenticated: false,
            authentication_attempted: false,
            transferred: false,
            callback_requested: false,
        };
        let made = summarize(&facts, &turns, &summary_rules(&pack));
        assert!(made.summary.contains(&table.many), "{}", made.summary);
    }
}
