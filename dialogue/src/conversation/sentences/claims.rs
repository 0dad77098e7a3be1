//! Deeds that are said to be done or promised: each needs its row.

use language::guard::{Claim, Guard, Mood};

use super::Grounds;

/// Whether a sentence claims a deed that no tool of this conversation did. What could be done needs a tool that does
/// it, or a person; what happens in general, the documents say in the same words.
pub(super) fn is_untrue(sentence: &str, guard: &Guard, grounds: &Grounds) -> bool {
    let untrue = |claim: &Claim| {
        let by = |tools: &[String]| tools.iter().any(|tool| claim.is_done_by(tool));
        match claim.mood {
            Mood::Done => !by(&grounds.done),
            Mood::Promised => {
                let is_general = || {
                    let mut words = claim.words.split(' ');
                    words
                        .next()
                        .is_none_or(|who| !guard.claims.self_said.iter().any(|own| own == who))
                };
                let said = || grounds.says(&claim.words) && grounds.is_in_material(sentence);
                !(by(&grounds.done) || is_general() && said())
            }
            Mood::Offered => !claim.by_person && !by(&grounds.done) && !by(&grounds.able),
        }
    };
    guard.claims(sentence).iter().any(untrue)
}
