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
                let said = || grounds.says(&claim.words) && grounds.is_in_material(sentence);
                !by(&grounds.done) && !said()
            }
            Mood::Offered => !claim.by_person && !by(&grounds.done) && !by(&grounds.able),
        }
    };
    guard.claims(sentence).iter().any(untrue)
}
