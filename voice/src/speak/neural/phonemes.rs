//! From words to sounds: IPA by the espeak-ng program, which is a child process and never a library (GPL).
//!
//! The program drops punctuation, which the voices learnt: a text is parted at it, the parts are spelled one a line, and
//! the marks are put back.

mod clauses;

use std::process::Stdio;

use language::pronunciation::SpokenPart;

use super::super::{TtsError, engine};
use super::OpenError;
pub(super) use clauses::breaths;
use clauses::{Clause, Piece, clauses};

const PROGRAM: &str = "espeak-ng";

/// espeak-ng with the voice whose sounds a network learnt.
#[derive(Debug, Clone)]
pub(super) struct Phonemizer {
    program: &'static str,
    voice: String,
}

impl Phonemizer {
    /// `voice` as espeak-ng names it, `en-us`.
    ///
    /// # Errors
    /// When the program is not installed, or has no such voice. Runs it once.
    pub(super) fn open(voice: &str) -> Result<Self, OpenError> {
        let wrong = |reason: String| OpenError::Espeak { reason };
        if !voice.starts_with(char::is_alphabetic)
            || !voice
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_+".contains(c))
        {
            return Err(wrong(format!("{voice:?} is no name of one of its voices")));
        }
        let ran = std::process::Command::new(PROGRAM)
            .args(["-q", "--ipa", "-v", voice, "a"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match ran {
            Ok(status) if status.success() => Ok(Self {
                program: PROGRAM,
                voice: voice.to_owned(),
            }),
            Ok(_) => Err(wrong(format!("it has no voice {voice}"))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(wrong(
                "it is not installed (Debian: apt install espeak-ng)".to_owned(),
            )),
            Err(error) => Err(wrong(error.to_string())),
        }
    }

    /// The clauses of a text in IPA, each with the mark that ends it.
    pub(super) async fn clauses(
        &self,
        text: &[SpokenPart],
    ) -> Result<Vec<(String, Option<char>)>, TtsError> {
        let clauses = clauses(text);
        let written: Vec<&str> = clauses.iter().flat_map(Clause::written).collect();
        let mut sounds = self.spell_all(&written).await?.into_iter();
        let spelled = clauses.into_iter().map(|clause| {
            let mut ipa = Vec::new();
            for piece in &clause.pieces {
                match piece {
                    Piece::Written(_) => ipa.extend(sounds.next()),
                    Piece::Sounds(known) => ipa.push(known.clone()),
                }
            }
            (ipa.join(" "), clause.mark)
        });
        Ok(spelled.collect())
    }

    /// One line of IPA for each text.
    async fn spell_all(&self, texts: &[&str]) -> Result<Vec<String>, TtsError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        // An empty line ends each, or the program would run them together.
        let lines = self.spell(&texts.join("\n\n")).await?;
        if lines.len() == texts.len() {
            return Ok(lines);
        }
        // It parted one itself, at an abbreviation or for its length: one by one then.
        let mut all = Vec::with_capacity(texts.len());
        for text in texts {
            all.push(self.spell(text).await?.join(" "));
        }
        Ok(all)
    }

    async fn spell(&self, text: &str) -> Result<Vec<String>, TtsError> {
        let arguments = ["-q", "--ipa", "-v", &self.voice, "--stdin"];
        let output = engine::run(self.program, &arguments, text).await?;
        let output = String::from_utf8_lossy(&output);
        let lines = output.lines().map(sounds_only);
        Ok(lines.filter(|line| !line.is_empty()).collect())
    }
}

#[cfg(test)]
impl Phonemizer {
    /// By another program, which may not be there.
    pub(super) fn by(program: &'static str, voice: &str) -> Self {
        Self {
            program,
            voice: voice.to_owned(),
        }
    }
}

/// Without the marks of a change of language, "(fr)", and without joiners.
fn sounds_only(line: &str) -> String {
    let mut depth = 0_u32;
    let kept = line.trim().chars().filter(|c| match c {
        '(' => {
            depth += 1;
            false
        }
        ')' => {
            depth = depth.saturating_sub(1);
            false
        }
        '\u{200d}' | '\u{361}' => false,
        _ => depth == 0,
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Vec<SpokenPart> {
        vec![SpokenPart::Text(text.to_owned())]
    }

    #[tokio::test]
    async fn each_clause_comes_back_with_its_mark() {
        let phonemizer = Phonemizer::open("en-us").expect("espeak-ng is installed: scripts/setup");
        let spelled = phonemizer.clauses(&text("Yes, it is. Is it?")).await;
        let spelled = spelled.expect("it is spelled");
        let marks: Vec<_> = spelled.iter().map(|(_, mark)| *mark).collect();
        assert_eq!(marks, [Some(','), Some('.'), Some('?')]);
        assert_eq!(spelled[0].0, "jˈɛs");
    }

    #[tokio::test]
    async fn what_espeak_parts_itself_stays_one_clause() {
        let phonemizer = Phonemizer::open("en-us").expect("espeak-ng is installed: scripts/setup");
        let long = "and so on ".repeat(120);
        let spelled = phonemizer.clauses(&text(&format!("{long}, yes."))).await;
        let spelled = spelled.expect("it is spelled");
        assert_eq!(spelled.len(), 2);
        assert!(spelled[0].0.split(' ').count() > 200 && spelled[1].0 == "jˈɛs");
    }

    #[tokio::test]
    async fn known_sounds_stand_where_their_word_stood() {
        let phonemizer = Phonemizer::open("en-us").expect("espeak-ng is installed: scripts/setup");
        let parts = [
            SpokenPart::Text("I am ".into()),
            SpokenPart::Sounds {
                letters: "tandy".into(),
                ipa: "ˈtændi".into(),
            },
            SpokenPart::Text(", yes.".into()),
        ];
        let spelled = phonemizer.clauses(&parts).await.expect("it is spelled");
        assert!(spelled[0].0.ends_with(" ˈtændi"), "{spelled:?}");
        assert_eq!(spelled[1], ("jˈɛs".to_owned(), Some('.')));
    }

    #[tokio::test]
    async fn text_is_never_an_option() {
        let phonemizer = Phonemizer::open("en-us").expect("espeak-ng is installed: scripts/setup");
        let spelled = phonemizer.clauses(&text("--version -v fr hello")).await;
        assert!(spelled.expect("it is text")[0].0.contains("həlˈoʊ"));
    }

    #[test]
    fn a_voice_that_espeak_does_not_have_is_told_and_an_option_is_none() {
        for voice in ["nosuch", "--help", "", "en us", "../x"] {
            let error = Phonemizer::open(voice).expect_err("there is none");
            assert!(matches!(error, OpenError::Espeak { .. }), "{error}");
        }
    }

    #[test]
    fn marks_of_language_are_no_sounds() {
        assert_eq!(sounds_only(" (fr)bɔ̃ʒˈuʁ(en) jˈɛs "), "bɔ̃ʒˈuʁ jˈɛs");
        assert_eq!(sounds_only("t\u{361}ʃ)"), "tʃ");
    }
}
