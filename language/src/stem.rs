//! A light English stemmer: enough that "withdrawing", "withdrawals" and "withdrew" meet.
//!
//! Lighter than Porter's on purpose. Packs are small, so a false meeting ("state" and "statement")
//! costs more than a missed one, which an `asks` line of the document mends.

/// The stem of a folded word.
pub(crate) fn stem(word: &str) -> String {
    if let Some(base) = irregular(word) {
        return ending(base.to_owned());
    }
    if word.len() < 4 || ALONE.contains(&word) || !word.chars().all(|c| c.is_ascii_alphabetic()) {
        return word.to_owned();
    }
    let singular = plural(word);
    let singular = irregular(&singular).map_or(singular, str::to_owned);
    let base = verb(&singular);
    let base = irregular(&base).map_or(base, str::to_owned);
    ending(base)
}

fn plural(word: &str) -> String {
    if let Some(base) = word.strip_suffix("ies").filter(|b| b.len() >= 3) {
        return format!("{base}y");
    }
    for es in ["sses", "shes", "ches", "xes"] {
        if word.ends_with(es) {
            return word[..word.len() - 2].to_owned();
        }
    }
    match word.strip_suffix('s') {
        Some(base) if !base.ends_with(['s', 'u', 'i']) => base.to_owned(),
        _ => word.to_owned(),
    }
}

fn verb(word: &str) -> String {
    let base = match (word.strip_suffix("ing"), word.strip_suffix("ed")) {
        (Some(base), _) | (None, Some(base)) if base.len() >= 3 && has_vowel(base) => base,
        _ => return word.to_owned(),
    };
    if let Some(base) = base.strip_suffix('i').filter(|_| word.ends_with("ied")) {
        return format!("{base}y");
    }
    let bytes = base.as_bytes();
    let doubled = bytes.len() >= 4 && bytes[bytes.len() - 1] == bytes[bytes.len() - 2];
    // "stopped" loses its second p; "calling", "missing" and "buzzing" keep theirs.
    if doubled && !base.ends_with(['l', 's', 'z']) {
        return base[..base.len() - 1].to_owned();
    }
    base.to_owned()
}

fn ending(mut base: String) -> String {
    if let Some(noun) = base.strip_suffix("al").filter(|b| b.len() >= 7) {
        base.truncate(noun.len());
    }
    if base.len() > 3 && base.ends_with('e') {
        base.pop();
    }
    if base.len() > 3 && base.ends_with('y') {
        base.pop();
        base.push('i');
    }
    base
}

fn has_vowel(word: &str) -> bool {
    word.contains(['a', 'e', 'i', 'o', 'u', 'y'])
}

/// Forms that no suffix rule reaches, and the words that one would spoil.
fn irregular(word: &str) -> Option<&'static str> {
    Some(match word {
        "sent" => "send",
        "lost" | "losing" | "loses" | "lose" | "misplaced" | "misplace" => "lose",
        "stole" | "stolen" | "stealing" => "steal",
        "forgot" | "forgotten" => "forget",
        "took" | "taken" | "taking" => "take",
        "paid" | "payment" | "payments" | "paying" | "pays" => "pay",
        "repaid" | "repayment" | "repayments" => "repay",
        "bought" => "buy",
        "got" | "gotten" | "getting" => "get",
        "withdrew" | "withdrawn" => "withdraw",
        "gave" | "given" | "giving" => "give",
        "made" | "making" => "make",
        "spoke" | "spoken" => "speak",
        "broke" | "broken" => "break",
        "ate" | "eaten" => "eat",
        "kept" => "keep",
        "told" => "tell",
        "said" => "say",
        "went" | "gone" => "go",
        "left" => "leave",
        "done" | "did" | "does" | "doing" => "do",
        "was" | "were" | "been" | "are" | "am" | "is" => "be",
        "has" | "had" | "having" => "have",
        "died" | "dead" | "death" | "dying" | "deceased" => "die",
        "children" => "child",
        "people" | "persons" => "person",
        "cheques" | "checkbook" | "chequebook" => "cheque",
        "charges" | "charged" | "charging" => "charge",
        "fees" => "fee",
        "savings" => "saving",
        "earnings" => "earn",
        "opening" | "opened" => "open",
        _ => return None,
    })
}

/// Words whose ending only looks like one.
const ALONE: [&str; 20] = [
    "banking",
    "interesting",
    "news",
    "during",
    "morning",
    "evening",
    "nothing",
    "something",
    "anything",
    "string",
    "need",
    "speed",
    "this",
    "his",
    "yes",
    "always",
    "address",
    "business",
    "plus",
    "status",
];

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn forms_of_one_word_share_a_stem() {
        for group in [
            &[
                "withdraw",
                "withdrawing",
                "withdrew",
                "withdrawals",
                "withdrawal",
            ][..],
            &["transfer", "transfers", "transferred", "transferring"],
            &["close", "closing", "closed", "closes"],
            &["lose", "lost", "losing"],
            &["fee", "fees"],
            &["pay", "paid", "payment", "paying"],
            &["apply", "applied", "applying", "applies"],
            &["branch", "branches"],
            &["beneficiary", "beneficiaries"],
            &["activate", "activating", "activated"],
            &["stop", "stopped", "stopping"],
        ] {
            for word in group {
                assert_eq!(stem(word), stem(group[0]), "{word} and {}", group[0]);
            }
        }
    }

    #[test]
    fn different_words_stay_apart() {
        for (one, other) in [
            ("state", "statement"),
            ("car", "card"),
            ("need", "ne"),
            ("address", "addres"),
            ("loan", "loa"),
        ] {
            assert_ne!(stem(one), stem(other), "{one} and {other}");
        }
    }

    #[test]
    fn stems_of_odd_input_do_not_panic() {
        for word in ["", "s", "ing", "ed", "*236#", "日本語", "ssss", "éing"] {
            stem(word);
        }
    }
}
