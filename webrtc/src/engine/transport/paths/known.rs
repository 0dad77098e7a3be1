//! Candidates that the agent underneath already has.
//!
//! Every description of a server names its candidates again. The agent recognises one only if a
//! working pair has it, and keeps any other once more: a stream (TCP) beside UDP that works made
//! an agent grow with each join of somebody else.

use std::borrow::Cow;

use str0m::Candidate;

use super::is_same;
use crate::engine::{core::Core, negotiation::sdp};

impl Core {
    /// A remote description as the agent needs it: without the candidates that it has, unless
    /// ICE is restarted by it, which makes the agent forget them.
    pub(in crate::engine) fn without_known_candidates<'a>(
        &self,
        description: &'a str,
    ) -> Cow<'a, str> {
        let present = self.session.remote();
        let session = present.and_then(|remote| sdp::ice_session(&remote.sdp));
        if session.is_none() || session != sdp::ice_session(description) {
            return Cow::Borrowed(description);
        }
        let lines = description.split_inclusive('\n');
        Cow::Owned(
            lines
                .filter(|line| !self.is_known_candidate(line))
                .collect(),
        )
    }

    fn is_known_candidate(&self, line: &str) -> bool {
        let Some(text) = line.trim().strip_prefix("a=") else {
            return false;
        };
        text.starts_with("candidate:")
            && Candidate::from_sdp_string(text).is_ok_and(|candidate| self.knows_remote(&candidate))
    }

    /// Whether the agent was given this candidate of the peer.
    pub(super) fn knows_remote(&self, candidate: &Candidate) -> bool {
        self.paths
            .remote
            .iter()
            .any(|known| is_same(known, candidate))
    }
}
