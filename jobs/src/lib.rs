//! What happens after calls and beside them: summaries, closing what a killed worker left open,
//! filing merged sessions, the scores of leads, and the upkeep of the record.

mod facts;
mod finalizer;
mod leads;
mod maintenance;
mod meaning;
mod merge_filing;
mod metrics;
mod moments;
mod summary_rules;
mod sweeper;
mod turns;

pub use facts::{Facts, fact_reader};
pub use finalizer::Finalizer;
pub use leads::score_leads;
pub use maintenance::{Maintenance, MaintenanceConfig};
pub use meaning::MeaningOf;
pub use merge_filing::file_merges;
pub use metrics::JobMetrics;
pub use moments::{Moments, ReadTurns, trade};
pub use summary_rules::summary_rules;
pub use sweeper::{Sweeper, Swept};
