use std::{path::Path, sync::Arc};
use knowledge::KnowledgeBase;
fn main() {
    let pack = Path::new("packs/bank");
    let base = match KnowledgeBase::load(pack) { Ok(b) => Arc::new(b), Err(e) => { println!("{e}"); return } };
    let folder = std::env::args().nth(1).unwrap();
    let only = std::env::args().nth(2);
    let dialogues = match base.tests(Path::new(&folder)) { Ok(d) => d, Err(e) => { println!("{e}"); return } };
    let (mut right, mut turns, mut ok) = (0, 0, 0);
    for (n, dialogue) in dialogues.iter().enumerate() {
        if dialogue.kind != "task" { continue }
        let name = format!("{} #{n}", dialogue.file.file_stem().unwrap().to_string_lossy());
        if only.as_ref().is_some_and(|o| !name.contains(o.as_str())) { continue }
        let verdict = dialogue::rehearsal::judge(&base, dialogue);
        turns += dialogue.turns.len(); ok += dialogue.turns.len() - verdict.misses.len();
        if verdict.misses.is_empty() { right += 1; println!("ok   {name}"); continue }
        println!("MISS {name}");
        for miss in &verdict.misses {
            println!("   turn {}: {}\n      -> [{}] {}", miss.turn + 1, dialogue.turns[miss.turn].said, miss.spoken.meta.route, miss.spoken.text);
            for c in &miss.complaints { println!("      ! {c}"); }
        }
    }
    println!("{right} of {} dialogues, {ok} of {turns} turns", dialogues.len());
}
