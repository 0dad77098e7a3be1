//! Filling in the fixed sentences of `pack.toml`.

use std::path::Path;

use crate::error::PackError;
use crate::load::{fill, not_empty};
use crate::pack::Lines;

impl Lines {
    /// Puts the bank's and the agent's name into every line.
    pub(crate) fn fill(&mut self, file: &Path, bank: &str, agent: &str) -> Result<(), PackError> {
        for (key, line) in self.single() {
            *line = fill(
                file,
                &format!("lines.{key}"),
                line,
                bank,
                agent,
                key == "authenticated",
            )?;
        }
        for (key, lines) in self.several() {
            let key = format!("lines.{key}");
            not_empty(file, &key, lines)?;
            for line in lines {
                *line = fill(file, &key, line, bank, agent, false)?;
            }
        }
        Ok(())
    }

    fn several(&mut self) -> [(&'static str, &mut Vec<String>); 3] {
        [
            ("did_not_catch", &mut self.did_not_catch),
            ("out_of_scope", &mut self.out_of_scope),
            ("unclear", &mut self.unclear),
        ]
    }

    fn single(&mut self) -> [(&'static str, &mut String); 27] {
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
            ("balance", &mut self.balance),
            ("balance_authenticated", &mut self.balance_authenticated),
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
