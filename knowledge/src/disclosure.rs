//! Which disclosure is said, and that it is true.

use std::path::Path;

use language::keys;
use serde::Deserialize;

use crate::{Pack, check::bad, error::PackError};

/// The language's words for it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordingWords {
    /// Phrases that say that the sound of a call is kept.
    pub(crate) claims: Vec<String>,
}

impl RecordingWords {
    fn claims(&self, line: &str) -> bool {
        let said = format!(" {} ", keys(line).join(" "));
        let phrases = self.claims.iter().map(|phrase| keys(phrase).join(" "));
        phrases
            .filter(|phrase| !phrase.is_empty())
            .any(|phrase| said.contains(&format!(" {phrase} ")))
    }
}

impl Pack {
    /// From here on `lines.disclosure` is what callers of a service are told that records their calls, or does not.
    ///
    /// # Errors
    /// When the pack would tell them what is not so: that calls are recorded while they are not, or nothing of it while
    /// they are. `folder` is where the pack was loaded from.
    pub fn disclose(&mut self, folder: &Path, recorded: bool) -> Result<(), PackError> {
        let file = folder.join("pack.toml");
        let lines = &mut self.settings.lines;
        if !recorded {
            if self.recording.claims(&lines.disclosure) {
                let accepted = "while RECORDING=off a line that does not say that the call is recorded; what it says of that belongs to lines.disclosure_recorded";
                let (key, said) = ("lines.disclosure", &lines.disclosure);
                return Err(bad(&file, key, said, accepted));
            }
            return Ok(());
        }
        let key = "lines.disclosure_recorded";
        let accepted = "while RECORDING=on a line that says that the call is recorded";
        match &lines.disclosure_recorded {
            Some(line) if self.recording.claims(line) => lines.disclosure.clone_from(line),
            Some(line) => return Err(bad(&file, key, line, accepted)),
            None => return Err(bad(&file, key, "", accepted)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library() -> (std::path::PathBuf, Pack) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/library");
        let pack = Pack::load(&folder).expect("the pack is in order");
        (folder, pack)
    }

    #[test]
    fn the_setting_chooses_what_callers_are_told() {
        for (recorded, told) in [(false, "written down"), (true, "this call is recorded")] {
            let (folder, mut pack) = library();
            pack.disclose(&folder, recorded).expect("both are true");
            let line = &pack.settings.lines.disclosure;
            assert!(line.contains(told), "{line}");
        }
    }

    #[test]
    fn a_pack_that_says_what_is_not_so_is_refused_with_file_key_and_accepted_form() {
        let (folder, mut pack) = library();
        for claim in [
            "This call is recorded.",
            "Calls are being RECORDED, as you know.",
            "We record this call.",
        ] {
            pack.settings.lines.disclosure = claim.to_owned();
            let refused = pack.disclose(&folder, false).expect_err("it is not so");
            let refused = refused.to_string();
            for part in ["pack.toml", "lines.disclosure", claim, "RECORDING=off"] {
                assert!(refused.contains(part), "{refused} lacks {part}");
            }
        }
        for silent in [None, Some("Welcome.".to_owned())] {
            pack.settings.lines.disclosure_recorded = silent;
            let refused = pack.disclose(&folder, true).expect_err("it is not said");
            let refused = refused.to_string();
            for part in ["pack.toml", "lines.disclosure_recorded", "RECORDING=on"] {
                assert!(refused.contains(part), "{refused} lacks {part}");
            }
        }
    }
}
