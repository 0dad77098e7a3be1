//! What is heard while nothing is said: silence, the tone of a line on hold, or somebody else's line.
//!
//! Speech always comes first: whoever is spoken to hears nothing beneath it.

mod live;
mod tone;

use super::FRAME_SAMPLES;

pub use live::{Live, LiveSource, live};
use tone::HoldTone;

/// What is heard beneath speech.
#[derive(Debug, Default)]
pub enum Beneath {
    /// Nothing.
    #[default]
    Silence,
    /// The tone of a line on hold.
    Hold,
    /// What comes from another line.
    Live(Live),
}

/// The same at work.
#[derive(Debug, Default)]
pub(super) enum Playing {
    #[default]
    Silence,
    Hold(HoldTone),
    Live(Live),
}

impl From<Beneath> for Playing {
    fn from(beneath: Beneath) -> Self {
        match beneath {
            Beneath::Silence => Self::Silence,
            Beneath::Hold => Self::Hold(HoldTone::default()),
            Beneath::Live(live) => Self::Live(live),
        }
    }
}

impl Playing {
    /// Speech begins, or something else is played: the last frame of a tone that sounds, falling silent. The tone begins
    /// anew the next time.
    pub(super) fn fade(&mut self, frame: &mut [i16; FRAME_SAMPLES]) -> bool {
        match self {
            Self::Hold(tone) => tone.fade(frame),
            Self::Silence | Self::Live(_) => false,
        }
    }
}
