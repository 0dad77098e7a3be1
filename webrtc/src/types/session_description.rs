//! Offers and answers.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// What a description is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SdpType {
    /// A proposal.
    Offer,
    /// A preliminary answer, treated as final.
    PrAnswer,
    /// What is agreed.
    Answer,
    /// Abandons an offer; carries no text.
    Rollback,
}

impl FromStr for SdpType {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "offer" => Ok(Self::Offer),
            "pranswer" => Ok(Self::PrAnswer),
            "answer" => Ok(Self::Answer),
            "rollback" => Ok(Self::Rollback),
            _ => Err("not an SDP type: offer, pranswer, answer or rollback"),
        }
    }
}

impl fmt::Display for SdpType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Offer => "offer",
            Self::PrAnswer => "pranswer",
            Self::Answer => "answer",
            Self::Rollback => "rollback",
        })
    }
}

/// A line that is not SDP.
#[derive(Error, Debug, Clone)]
#[error("cannot parse sdp line `{line}`: {description}")]
pub struct SdpParseError {
    /// The line.
    pub line: String,
    /// What is wrong with it.
    pub description: String,
}

/// A description and its type. Displays as its text.
#[derive(Clone)]
pub struct SessionDescription {
    pub(crate) sdp: String,
    pub(crate) ty: SdpType,
}

impl SessionDescription {
    /// Checks the outer form; the rest is checked when it is applied.
    ///
    /// # Errors
    ///
    /// For text that does not begin with `v=0` or has lines without a type.
    pub fn parse(sdp: &str, sdp_type: SdpType) -> Result<Self, SdpParseError> {
        if sdp_type != SdpType::Rollback {
            check_form(sdp)?;
        }
        Ok(Self {
            sdp: sdp.to_owned(),
            ty: sdp_type,
        })
    }

    /// What it is.
    pub fn sdp_type(&self) -> SdpType {
        self.ty
    }
}

fn check_form(sdp: &str) -> Result<(), SdpParseError> {
    let refuse = |line: &str, description: &str| {
        Err(SdpParseError {
            line: line.to_owned(),
            description: description.to_owned(),
        })
    };
    if !sdp.trim_start().starts_with("v=0") {
        return refuse(
            sdp.lines().next().unwrap_or_default(),
            "a description begins with v=0",
        );
    }
    let mut lines = sdp
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty());
    match lines.find(|line| line.as_bytes().get(1) != Some(&b'=')) {
        Some(line) => refuse(line, "a line is <type>=<value>"),
        None => Ok(()),
    }
}

impl fmt::Display for SessionDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sdp)
    }
}

impl fmt::Debug for SessionDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionDescription")
            .field("sdp_type", &self.ty)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_name_that_reads_back() {
        for kind in [
            SdpType::Offer,
            SdpType::PrAnswer,
            SdpType::Answer,
            SdpType::Rollback,
        ] {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert!("Offer".parse::<SdpType>().is_err());
    }

    #[test]
    fn a_description_keeps_its_text() {
        let text = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n";
        let description = SessionDescription::parse(text, SdpType::Offer).expect("a description");
        assert_eq!(description.to_string(), text);
    }

    #[test]
    fn text_that_is_not_a_description_is_refused() {
        for text in ["", "hello", "v=0\r\nnonsense"] {
            assert!(
                SessionDescription::parse(text, SdpType::Answer).is_err(),
                "{text:?} was accepted"
            );
        }
        assert!(SessionDescription::parse("", SdpType::Rollback).is_ok());
    }
}
