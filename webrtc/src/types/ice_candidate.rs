//! Addresses, one at a time.

use std::fmt;

use super::session_description::SdpParseError;

/// Fields of a candidate line up to its type.
const MIN_FIELDS: usize = 8;

/// An address the peer may be reached at.
#[derive(Clone)]
pub struct IceCandidate {
    pub(crate) mid: String,
    pub(crate) index: i32,
    /// Without `a=`.
    pub(crate) line: String,
}

impl IceCandidate {
    /// Reads a candidate attribute, with or without `a=`. An empty one is the end of candidates.
    ///
    /// # Errors
    ///
    /// For anything else.
    pub fn parse(sdp_mid: &str, sdp_mline_index: i32, sdp: &str) -> Result<Self, SdpParseError> {
        let line = sdp.trim().trim_start_matches("a=").to_owned();
        let complete =
            line.starts_with("candidate:") && line.split_whitespace().count() >= MIN_FIELDS;
        if !line.is_empty() && !complete {
            return Err(SdpParseError {
                line,
                description: "not an ICE candidate attribute".to_owned(),
            });
        }
        Ok(Self {
            mid: sdp_mid.to_owned(),
            index: sdp_mline_index,
            line,
        })
    }

    /// The section it belongs to.
    pub fn sdp_mid(&self) -> String {
        self.mid.clone()
    }

    /// That section's place in the description.
    pub fn sdp_mline_index(&self) -> i32 {
        self.index
    }

    /// The attribute, without `a=`.
    pub fn candidate(&self) -> String {
        self.line.clone()
    }
}

impl fmt::Display for IceCandidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl fmt::Debug for IceCandidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IceCandidate").field(&self.line).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_is_read_with_or_without_its_prefix() {
        let line = "candidate:1 1 udp 2130706431 127.0.0.1 7882 typ host";
        for text in [line.to_owned(), format!("a={line}\r\n")] {
            let candidate = IceCandidate::parse("0", 0, &text).expect("a candidate");
            assert_eq!(candidate.candidate(), line);
        }
    }

    #[test]
    fn an_empty_line_is_the_end_of_candidates() {
        assert_eq!(
            IceCandidate::parse("0", 0, "")
                .expect("the end")
                .candidate(),
            ""
        );
    }

    #[test]
    fn other_lines_are_refused() {
        for text in ["candidate:1 1 udp", "nonsense", "a=mid:0"] {
            assert!(
                IceCandidate::parse("0", 0, text).is_err(),
                "{text} was accepted"
            );
        }
    }
}
