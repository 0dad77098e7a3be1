//! Two rows told apart.

use super::{
    Listing,
    ask::RowRef,
    shelf::Shelf,
    template::{self, sentence},
    words::Offer,
};

/// Fields in which two rows are told apart aloud.
const TOLD: usize = 3;

impl Shelf {
    /// The differences of the first two rows, in the fields for which the pack says how.
    pub(super) fn compare(&self, listing: &Listing, rows: &[RowRef], fields: &[String]) -> Offer {
        let found: Vec<_> = rows
            .iter()
            .filter_map(|row| listing.row(&row.row))
            .take(2)
            .collect();
        let lines = &self.words.lines;
        let [first, second] = found.as_slice() else {
            let sentences = self.line(&lines.cannot_compare, listing, &[]);
            return self.of_rows(listing, &found, sentences.into_iter().collect());
        };
        let mut sentences = Vec::new();
        for field in &listing.table.fields {
            if !fields.is_empty() && !fields.contains(&field.key) {
                continue;
            }
            let Some(versus) = &field.versus else {
                continue;
            };
            let values = listing
                .value(first, &field.key)
                .zip(listing.value(second, &field.key));
            let Some((one, other)) = values else { continue };
            let said = template::fill(versus, &|key| {
                Some(match key {
                    "a" => listing.title(first).to_owned(),
                    "b" => listing.title(second).to_owned(),
                    "a_value" => self.said(one),
                    "b_value" => self.said(other),
                    _ => return None,
                })
            });
            sentences.extend(said.map(|said| sentence(&said)));
            if sentences.len() == TOLD {
                break;
            }
        }
        if sentences.is_empty() {
            let rows = found.iter();
            let said = rows.filter_map(|row| self.fill(&listing.table.row, listing, row));
            sentences.extend(said.map(|said| sentence(&format!("{said}."))));
        }
        self.of_rows(listing, &found, sentences)
    }
}
