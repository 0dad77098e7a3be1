//! Which entries of the index a meaning is nearest to.

use std::collections::BTreeSet;

use embedding::{Scan, Vector};

/// The texts of all entries, by their meaning.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nearest {
    scan: Scan,
    /// The entry of each text.
    entries: Vec<usize>,
}

impl Nearest {
    /// Of entries in order, each with the meanings of its texts.
    pub(crate) fn new<'a>(entries: impl Iterator<Item = &'a [Vector]>) -> Self {
        let texts = entries.enumerate().flat_map(|(entry, texts)| {
            let texts = texts.iter().cloned();
            texts.map(move |text| (entry, text))
        });
        let (entries, vectors) = texts.unzip();
        Self {
            scan: Scan::new(vectors),
            entries,
        }
    }

    /// The entries of so many nearest texts.
    pub(crate) fn entries(&self, meaning: &Vector, texts: usize) -> BTreeSet<usize> {
        let near = self.scan.nearest(meaning, texts);
        near.iter().map(|near| self.entries[near.at]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Nearest, Vector};

    #[test]
    fn texts_lead_to_their_entries() {
        let east = || Vector::new(vec![1.0, 0.0]);
        let north = || Vector::new(vec![0.0, 1.0]);
        let between = || Vector::new(vec![1.0, 1.0]);
        let entries = [vec![north()], vec![], vec![between(), east(), between()]];
        let nearest = Nearest::new(entries.iter().map(|texts| &**texts));
        assert_eq!(nearest.entries(&east(), 1), [2].into());
        assert_eq!(nearest.entries(&north(), 1), [0].into());
        assert_eq!(nearest.entries(&east(), 3), [2].into());
        assert_eq!(nearest.entries(&north(), 2), [0, 2].into());
        assert!(Nearest::default().entries(&east(), 1).is_empty());
    }
}
