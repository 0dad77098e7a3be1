//! Filling in the fixed sentences of `pack.toml`.

use std::path::Path;

use crate::{check::Names, error::PackError, pack::Lines, web::WebWords};

/// A line's key, the line, and what the speaker fills in.
type Optional<'a> = (
    &'static str,
    &'a mut Option<String>,
    &'static [&'static str],
);

impl Lines {
    /// Takes the language's own lines for those that the pack leaves out.
    pub(crate) fn or(&mut self, words: &WebWords) {
        for (line, own) in [
            (&mut self.looking_up, &words.looking_up),
            (&mut self.according_to, &words.according_to),
            (&mut self.cites_web, &words.cites),
        ] {
            line.get_or_insert_with(|| own.clone());
        }
    }

    /// Puts the company's and the agent's name into every line.
    pub(crate) fn fill(&mut self, file: &Path, names: Names<'_>) -> Result<(), PackError> {
        for (key, line) in self.single() {
            let later: &[&str] = if key == "authenticated" {
                &["name"]
            } else {
                &[]
            };
            names.fill(file, &format!("lines.{key}"), line, later)?;
        }
        for (key, line, later) in self.optional() {
            if let Some(line) = line {
                names.fill(file, &format!("lines.{key}"), line, later)?;
            }
        }
        for (key, lines) in self.several() {
            names.fill_all(file, &format!("lines.{key}"), lines)?;
        }
        Ok(())
    }

    /// Lines that a pack may leave out.
    fn optional(&mut self) -> [Optional<'_>; 11] {
        [
            ("perhaps", &mut self.perhaps, &["topic"]),
            ("either", &mut self.either, &["one", "other"]),
            ("no_more", &mut self.no_more, &[]),
            ("outdated", &mut self.outdated, &["date"]),
            ("code_expired", &mut self.code_expired, &[]),
            (
                "authenticated_goes_on",
                &mut self.authenticated_goes_on,
                &["name"],
            ),
            ("cites", &mut self.cites, &["title"]),
            ("looking_up", &mut self.looking_up, &[]),
            ("one_moment", &mut self.one_moment, &[]),
            (
                "according_to",
                &mut self.according_to,
                &["host", "sentence"],
            ),
            ("cites_web", &mut self.cites_web, &["host", "title"]),
        ]
    }

    fn several(&mut self) -> [(&'static str, &mut Vec<String>); 3] {
        [
            ("did_not_catch", &mut self.did_not_catch),
            ("out_of_scope", &mut self.out_of_scope),
            ("unclear", &mut self.unclear),
        ]
    }

    fn single(&mut self) -> [(&'static str, &mut String); 25] {
        [
            ("disclosure", &mut self.disclosure),
            ("greeting", &mut self.greeting),
            ("welcome_back", &mut self.welcome_back),
            ("still_there", &mut self.still_there),
            ("goodbye", &mut self.goodbye),
            ("silence_goodbye", &mut self.silence_goodbye),
            ("service_goodbye", &mut self.service_goodbye),
            ("technical_problem", &mut self.technical_problem),
            ("unsupported", &mut self.unsupported),
            ("anything_else", &mut self.anything_else),
            ("nothing_to_repeat", &mut self.nothing_to_repeat),
            ("transfer_offer", &mut self.transfer_offer),
            ("transferring", &mut self.transferring),
            ("transfer_failed", &mut self.transfer_failed),
            ("callback_offer", &mut self.callback_offer),
            ("callback_promised", &mut self.callback_promised),
            ("offer_declined", &mut self.offer_declined),
            ("authenticate_web", &mut self.authenticate_web),
            ("authenticate_phone", &mut self.authenticate_phone),
            (
                "authentication_unavailable",
                &mut self.authentication_unavailable,
            ),
            ("code_sent", &mut self.code_sent),
            ("code_wrong", &mut self.code_wrong),
            ("code_limit", &mut self.code_limit),
            ("authenticated", &mut self.authenticated),
            ("already_authenticated", &mut self.already_authenticated),
        ]
    }
}
