//! Puts a phone call through to a person.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use call::AuthLevel;
use serde_json::Value;

use crate::{BoxFuture, Effect, Tool, ToolCall, ToolError, ToolSpec, tool::no_arguments};

/// It rings for 30 s at the other end; a carrier that takes much longer to report what came of it has
/// failed, and the caller is talked with again.
const TIMEOUT: Duration = Duration::from_secs(45);

/// The agent's way to LiveKit's SIP service (`TransferSIPParticipant`).
pub trait SipTransfer: Send + Sync {
    /// Transfers the participant; resolves when the other end has taken over or refused.
    fn transfer<'a>(
        &'a self,
        participant: &'a str,
        to: &'a TransferTarget,
    ) -> BoxFuture<'a, Result<(), ToolError>>;
}

/// Where a call can be transferred: a `tel:` or `sip:` address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferTarget(String);

impl TransferTarget {
    /// The address as LiveKit takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TransferTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TransferTarget {
    type Err = String;

    /// Takes `tel:+14155550100`, `sip:desk@example.com`, or a bare number, which becomes a `tel:`
    /// address without its spaces, dashes and brackets.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let refused = || {
            Err(format!(
                "`{text}` is neither tel:+<digits>, sip:user@host, nor a phone number"
            ))
        };
        if let Some(address) = text
            .strip_prefix("sip:")
            .or_else(|| text.strip_prefix("sips:"))
        {
            let whole = !address.contains(|c: char| c.is_whitespace() || c.is_control());
            return match address.split_once('@') {
                Some((user, host)) if whole && !user.is_empty() && !host.is_empty() => {
                    Ok(Self(text.to_owned()))
                }
                _ => refused(),
            };
        }
        let number: String = text
            .strip_prefix("tel:")
            .unwrap_or(text)
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.'))
            .collect();
        let digits = number.strip_prefix('+').unwrap_or(&number);
        let plausible =
            (2..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if plausible {
            Ok(Self(format!("tel:{number}")))
        } else {
            refused()
        }
    }
}

/// Transfers the caller to a fixed desk.
pub struct TransferTool {
    spec: ToolSpec,
    port: Arc<dyn SipTransfer>,
    to: TransferTarget,
}

impl TransferTool {
    /// Its name.
    pub const NAME: &str = "transfer";

    /// Transfers to `to` by way of `port`.
    #[must_use]
    pub fn new(port: Arc<dyn SipTransfer>, to: TransferTarget) -> Self {
        let spec = ToolSpec {
            name: Self::NAME.to_owned(),
            description: "Puts the call through to a person.".to_owned(),
            arguments: no_arguments(),
            timeout: TIMEOUT,
            effect: Effect::Once,
            consent: true,
        };
        Self { spec, port, to }
    }

    /// It may take so long.
    #[must_use]
    pub fn within(mut self, timeout: Duration) -> Self {
        self.spec.timeout = timeout;
        self
    }
}

impl Tool for TransferTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn needs(&self) -> AuthLevel {
        AuthLevel::Anonymous
    }

    fn call<'a>(&'a self, call: ToolCall<'a>) -> BoxFuture<'a, Result<Value, ToolError>> {
        Box::pin(async move {
            self.port
                .transfer(&call.caller.participant, &self.to)
                .await?;
            Ok(Value::Null)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_a_number_is_a_target() {
        for (text, address) in [
            ("tel:+14155550100", "tel:+14155550100"),
            (" +1 (415) 555-0100 ", "tel:+14155550100"),
            ("sip:desk@pbx.example.com", "sip:desk@pbx.example.com"),
        ] {
            assert_eq!(text.parse::<TransferTarget>().unwrap().as_str(), address);
        }
        for text in [
            "",
            "desk",
            "sip:desk",
            "sip:a b@c",
            "tel:+1x",
            "+12345678901234567",
            "+",
        ] {
            let error = text.parse::<TransferTarget>().expect_err(text);
            assert!(
                error.contains("tel:+<digits>"),
                "says what it accepts: {error}"
            );
        }
    }
}
