//! Tracks that belong together.

/// A remote stream: its id is the first part of `a=msid`.
#[derive(Clone, Debug)]
pub struct MediaStream {
    pub(crate) id: String,
}

impl MediaStream {
    /// The streams of these ids.
    pub(crate) fn of(ids: Vec<String>) -> Vec<Self> {
        ids.into_iter().map(|id| Self { id }).collect()
    }

    /// The stream's id.
    pub fn id(&self) -> String {
        self.id.clone()
    }
}
