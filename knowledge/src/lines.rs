//! The fixed sentences of `pack.toml`, and how they are filled in.

use std::path::Path;

use serde::Deserialize;

use crate::{check::Names, error::PackError, web::WebWords};

/// The fixed sentences. `{company}` and `{agent}` are filled in when the pack loads; `{name}` is left
/// for the speaker in the one line that may have it, `authenticated`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    /// Said first, whole, whatever the caller does: automated, and what is said is written down.
    pub disclosure: String,
    /// The same where calls are recorded; without it such a service does not start.
    #[serde(default)]
    pub disclosure_recorded: Option<String>,
    /// After the disclosure.
    pub greeting: String,
    /// Instead of `greeting` for a device or number seen before; names nobody and nothing.
    pub welcome_back: String,
    /// The turn held no intelligible words; in turn.
    pub did_not_catch: Vec<String>,
    /// After `silence.away_s`.
    pub still_there: String,
    /// Before hanging up.
    pub goodbye: String,
    /// Before hanging up after silence.
    pub silence_goodbye: String,
    /// Before leaving because the service stops.
    pub service_goodbye: String,
    /// Something of ours failed.
    pub technical_problem: String,
    /// Not this company's business; in turn.
    pub out_of_scope: Vec<String>,
    /// Words were heard but their meaning was not; in turn.
    pub unclear: Vec<String>,
    /// A question about the trade that no document answers.
    pub unsupported: String,
    /// A question that a document may answer, but not surely: offers it, with `{topic}` for the topic's label. Without
    /// this line nothing is offered.
    #[serde(default)]
    pub perhaps: Option<String>,
    /// Two documents of different topics may answer it, neither surely: asks which, with `{one}` and `{other}` for the
    /// topics' labels. Without this line the first alone is offered.
    #[serde(default)]
    pub either: Option<String>,
    /// "Tell me more", and all was told. Without this line such a turn is read as a question about the same.
    #[serde(default)]
    pub no_more: Option<String>,
    /// Where the last answer comes from, asked by the caller; `{title}` is the document's. Without this line it is not
    /// said.
    #[serde(default)]
    pub cites: Option<String>,
    /// Before an answer from a document that is older than `freshness_policy` allows; `{date}` is the document's.
    /// Without this line it is not said.
    #[serde(default)]
    pub outdated: Option<String>,
    /// Before the web is searched. Without this line or one of the next two, the language's own is said.
    #[serde(default)]
    pub looking_up: Option<String>,
    /// What a page of the web says: `{sentence}` of `{host}`.
    #[serde(default)]
    pub according_to: Option<String>,
    /// Where the last answer comes from, if from a page of the web: its `{title}` on `{host}`.
    #[serde(default)]
    pub cites_web: Option<String>,
    /// While a tool takes its time. Without this line nothing is said then.
    #[serde(default)]
    pub one_moment: Option<String>,
    /// After an answer, when nothing else was asked.
    pub anything_else: String,
    /// "Repeat that" before anything was said.
    pub nothing_to_repeat: String,
    /// Asked for a person, on a phone call that can be transferred.
    pub transfer_offer: String,
    /// The transfer begins.
    pub transferring: String,
    /// The transfer failed.
    pub transfer_failed: String,
    /// Asked for a person, and a transfer is not possible.
    pub callback_offer: String,
    /// The callback was agreed to.
    pub callback_promised: String,
    /// Neither was wanted.
    pub offer_declined: String,
    /// Wants to authenticate, in a browser.
    pub authenticate_web: String,
    /// Wants to authenticate, on a phone: enter the number on the keypad.
    pub authenticate_phone: String,
    /// Authentication is not set up, or this customer cannot be reached by a code.
    pub authentication_unavailable: String,
    /// The one-time code is on its way (said whether or not the customer exists).
    pub code_sent: String,
    /// The code was wrong, another try is allowed.
    pub code_wrong: String,
    /// The code came too late; without this line `code_limit` is said.
    #[serde(default)]
    pub code_expired: Option<String>,
    /// Too many wrong codes or too many requests.
    pub code_limit: String,
    /// Authenticated; may say `{name}`.
    pub authenticated: String,
    /// The same where something waited for it, which is gone on with at once; may say `{name}`. Without this line
    /// `authenticated` is said.
    #[serde(default)]
    pub authenticated_goes_on: Option<String>,
    /// Wants to authenticate, but already is.
    pub already_authenticated: String,
}

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
    fn optional(&mut self) -> [Optional<'_>; 12] {
        [
            ("disclosure_recorded", &mut self.disclosure_recorded, &[]),
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
