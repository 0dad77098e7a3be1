//! What is known of turns, stored beside their messages.

use std::future::Future;

use database::{
    DatabaseError, FactRepository, LeadEventRepository, NewLeadEvents, SealedFact, TurnInsight,
    TurnInsightRepository,
};

use super::{Written, refuse};

/// Takes rows of one kind, each with its place among all records. What is there already stays as it is.
pub(super) trait Takes<Row> {
    /// Stores them in one statement; how many were new.
    fn take(&self, rows: &[Row]) -> impl Future<Output = Result<usize, DatabaseError>> + Send;
}

impl Takes<TurnInsight> for TurnInsightRepository {
    fn take(
        &self,
        rows: &[TurnInsight],
    ) -> impl Future<Output = Result<usize, DatabaseError>> + Send {
        self.insert(rows)
    }
}

impl Takes<NewLeadEvents> for LeadEventRepository {
    fn take(
        &self,
        rows: &[NewLeadEvents],
    ) -> impl Future<Output = Result<usize, DatabaseError>> + Send {
        self.insert(rows)
    }
}

impl Takes<SealedFact> for FactRepository {
    fn take(
        &self,
        rows: &[SealedFact],
    ) -> impl Future<Output = Result<usize, DatabaseError>> + Send {
        self.insert(rows)
    }
}

/// Stores rows in one statement; one by one where that is refused, to find the one at fault.
pub(super) async fn store<Row: Clone>(
    into: &impl Takes<Row>,
    rows: &[(usize, Row)],
    written: &mut Written,
) -> Result<(), DatabaseError> {
    let all: Vec<Row> = rows.iter().map(|(_, row)| row.clone()).collect();
    match into.take(&all).await {
        Err(DatabaseError::Invalid(_)) => {}
        other => return other.map(drop),
    }
    for (at, row) in rows {
        let result = into.take(std::slice::from_ref(row)).await;
        refuse(result.map(drop), *at, written)?;
    }
    Ok(())
}
