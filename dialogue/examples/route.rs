use std::path::Path;
use knowledge::{KnowledgeBase, RouteContext};
fn main() {
    let base = KnowledgeBase::load(Path::new("packs/bank")).unwrap();
    for said in std::env::args().skip(1) {
        let heard = base.read_words(&said);
        let r = base.understand_without(&heard, &RouteContext::default(), &[]);
        println!("{said}\n   {:?}\n   {:?}", r.route, r.reasons.iter().take(4).collect::<Vec<_>>());
    }
}
