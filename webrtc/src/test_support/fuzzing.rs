//! Doors for fuzz targets: hostile bytes in, promises checked.
//!
//! Each function takes the bytes of one input as a script, so that a mutation of it is another
//! plausible attack and not noise that the first parser refuses. It panics when a promise is
//! broken: see `webrtc/fuzz/README.md` for the promises. Time is virtual throughout.
//!
//! `cargo test` replays every input that is committed under `webrtc/fuzz/corpus`.

mod bytes;
mod contained;
mod media;
mod pair;
mod sctp;
mod sdp;
mod seeds;
mod stun;
mod wire;

pub use self::{
    contained::survive_contained_panics,
    media::{opus, rtp},
    sctp::sctp,
    sdp::sdp,
    seeds::{Seed, seeds},
    stun::stun,
    wire::datagram,
};

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    /// Runs every committed input of a target through its door.
    fn replay(target: &str, door: fn(&[u8])) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("fuzz/corpus")
            .join(target);
        let entries = fs::read_dir(&folder).expect("committed inputs of the target");
        let mut inputs = 0;
        for entry in entries {
            let path = entry.expect("an entry of the folder").path();
            door(&fs::read(&path).expect("a readable input"));
            inputs += 1;
        }
        assert!(inputs > 0, "no inputs in {}", folder.display());
    }

    #[test]
    fn committed_descriptions_break_no_promise() {
        replay("sdp", super::sdp);
    }

    #[test]
    fn committed_rtp_breaks_no_promise() {
        replay("rtp", super::rtp);
    }

    #[test]
    fn committed_opus_breaks_no_promise() {
        replay("opus", super::opus);
    }

    #[test]
    fn committed_datagrams_break_no_promise() {
        replay("datagram", super::datagram);
    }

    #[test]
    fn committed_answers_of_servers_break_no_promise() {
        replay("stun", super::stun);
    }

    #[test]
    fn committed_sctp_breaks_no_promise() {
        replay("sctp", super::sctp);
    }
}
