//! What callers asked and nobody wrote down.

use std::path::Path;

use knowledge::KnowledgeBase;

#[test]
fn questions_in_like_words_are_one_gap_and_the_most_asked_comes_first() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/library");
    let library = KnowledgeBase::load(&folder).expect("the library's pack loads");
    let asked = [
        "Do you have a cafe?",
        "Can I bring my dog to the reading room?",
        "May I bring a dog to the reading room?",
        "Is a dog allowed in the reading room, can I bring one?",
    ];
    let gaps = library.gaps(&asked);
    assert_eq!(gaps[0].asked[0], 1, "asked most");
    assert!(gaps[0].asked.len() >= 2, "{gaps:?}");
    assert!(gaps.iter().any(|gap| gap.asked == [0]), "{gaps:?}");
    let mut all: Vec<usize> = gaps.iter().flat_map(|gap| gap.asked.clone()).collect();
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3], "no question is lost or counted twice");
    assert!(library.gaps::<&str>(&[]).is_empty());
}
