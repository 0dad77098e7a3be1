use super::*;

fn said(say: &str, ipa: &str) -> Pronunciation {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Pronunciation {
        say: some(say),
        ipa: some(ipa),
    }
}

fn words() -> Pronunciations {
    let entries = [
        ("Thandi", said("tandy", "ˈtændi")),
        ("Meridian Bank", said("muh riddy an bank", "")),
        ("EcoCash", said("eco cash", "")),
        ("SIM", said("sim", "")),
        ("Nyasha", said("", "njˈɑːʃə")),
    ];
    Pronunciations::new(entries.map(|(word, said)| (word.to_owned(), said)))
        .expect("they are right")
}

fn letters(text: &str) -> String {
    in_letters(&words().speakable(text))
}

#[test]
fn a_word_is_read_as_the_pack_says_wherever_it_stands() {
    for (written, read) in [
        ("My name is Thandi.", "My name is tandy."),
        ("THANDI, are you there?", "tandy, are you there?"),
        ("(thandi) is here", "(tandy) is here"),
        ("Thandi's number is 5.", "tandy's number is five."),
        ("Thandi’s number", "tandy's number"),
        ("Welcome to Meridian Bank!", "Welcome to muh riddy an bank!"),
        ("Meridian, Bank", "Meridian, Bank"),
        ("the Meridian", "the Meridian"),
        ("By EcoCash or your SIM.", "By eco cash or your sim."),
        ("Thandis and EcoCashes", "Thandis and EcoCashes"),
        ("Nyasha called.", "Nyasha called."),
    ] {
        assert_eq!(letters(written), read, "{written}");
    }
}

#[test]
fn a_voice_that_takes_sounds_is_given_them() {
    let sounds = |letters: &str, ipa: &str| SpokenPart::Sounds {
        letters: letters.to_owned(),
        ipa: ipa.to_owned(),
    };
    let text = |text: &str| SpokenPart::Text(text.to_owned());
    assert_eq!(
        words().speakable("I am Thandi, with 2 cards."),
        [
            text("I am "),
            sounds("tandy", "ˈtændi"),
            text(", with two cards.")
        ]
    );
    assert_eq!(
        words().speakable("Nyasha's EcoCash"),
        [sounds("Nyasha's", "njˈɑːʃəz"), text(" eco cash")]
    );
    assert_eq!(genitive("bæŋk"), "s");
    assert_eq!(genitive("ɡɹeɪs"), "ᵻz");
}

#[test]
fn without_a_lexicon_nothing_changes() {
    for text in ["Thandi has $5.", "", "ꀀ stays"] {
        assert_eq!(
            in_letters(&Pronunciations::default().speakable(text)),
            speakable(text)
        );
    }
}

#[test]
fn letters_that_stand_for_words_cannot_be_written_by_anybody() {
    assert_eq!(letters("say ꀀ twice"), "say twice");
}

#[test]
fn what_is_wrong_with_an_entry_is_told() {
    use PronunciationError::{Empty, Ipa, Say, Word};
    let long = "a".repeat(MOST_LETTERS + 1);
    for (word, pronunciation, error) in [
        ("", said("a", ""), Word),
        ("one two three four five", said("a", ""), Word),
        ("a  b", said("a", ""), Word),
        ("wow!", said("a", ""), Word),
        ("a/b", said("a", ""), Word),
        (&long, said("a", ""), Word),
        ("ok", said("", ""), Empty),
        ("ok", said("5 cards", ""), Say),
        ("ok", said("<b>", ""), Say),
        ("ok", said(&long, ""), Say),
        ("ok", said("", "/oʊkeɪ/"), Ipa),
        ("ok", said("", "OK"), Ipa),
        ("ok", said("okay", " "), Ipa),
    ] {
        let entry = [(word.to_owned(), pronunciation)];
        let told = Pronunciations::new(entry)
            .map(|_| ())
            .expect_err("it is wrong");
        assert_eq!(told, (word.to_owned(), error));
    }
    let twice = [
        ("Ok".to_owned(), said("a", "")),
        ("OK".to_owned(), said("b", "")),
    ];
    let told = Pronunciations::new(twice)
        .map(|_| ())
        .expect_err("it is there twice");
    assert_eq!(told, ("OK".to_owned(), Word));
    let many = (0..=MOST_ENTRIES).map(|n| (format!("w{n}"), said("a", "")));
    assert!(Pronunciations::new(many).is_err(), "more than have letters");
}

#[test]
fn two_lexicons_that_speak_differently_have_different_fingerprints() {
    let other = Pronunciations::new([("Thandi".to_owned(), said("tandee", ""))]).unwrap();
    assert_ne!(words().fingerprint(), other.fingerprint());
    assert_eq!(words().fingerprint(), words().fingerprint());
    assert_eq!(Pronunciations::default().fingerprint(), "");
}
