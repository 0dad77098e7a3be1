//! The audit log against its hashes, computed here: whoever can change a row can change a function
//! of the database too.

use sha2::{Digest, Sha256};

use super::{anchor::AnchoredAudit, report::Problem};
use crate::{Database, DatabaseError, RowHash};

/// Rows read at once.
const PAGE: i64 = 2_000;

/// The form that `audit_hash` (`migrations/V0002__audit.sql`) hashes, by PostgreSQL's own functions.
const ROWS: &str = "
    SELECT id, prev_hash, hash,
           jsonb_build_array(tenant_id, id, (extract(epoch FROM at) * 1000000)::bigint, actor, action, subject_type, subject_id, detail)::text
      FROM audit_log WHERE tenant_id = current_tenant() AND id > $1 ORDER BY id LIMIT $2";

/// Checks all rows; returns how many there are. `anchored`: by number of the anchor.
pub(super) async fn check(
    db: &Database,
    anchored: &[(u64, AnchoredAudit)],
    problems: &mut Vec<Problem>,
) -> Result<u64, DatabaseError> {
    let (mut last, mut rows) = (0_i64, 0_u64);
    let mut before: Vec<Vec<u8>> = vec![Vec::new()];
    let mut anchored: Vec<_> = anchored.to_vec();
    anchored.sort_by_key(|(_, audit)| audit.id);
    let mut anchors = anchored.into_iter().peekable();
    loop {
        let page = db.query(ROWS, &[&last, &PAGE]).await?;
        for row in &page {
            let (id, prev, hash): (i64, &[u8], &[u8]) = (row.get(0), row.get(1), row.get(2));
            let form: &str = row.get(3);
            let mut computed = Sha256::new_with_prefix(prev);
            computed.update(form);
            let computed = computed.finalize().to_vec();
            let holds = computed == hash;
            if id != last + 1 {
                problems.push(Problem::AuditMissing {
                    from: last + 1,
                    to: id - 1,
                });
            } else if !holds || !before.iter().any(|hash| hash == prev) {
                problems.push(Problem::AuditChanged { id });
            }
            while let Some((anchor, _)) = anchors.next_if(|(_, audit)| audit.id < id) {
                // Its row is missing: said above.
                let _said = anchor;
            }
            while let Some((anchor, audit)) = anchors.next_if(|(_, audit)| audit.id == id) {
                if holds && RowHash::from_slice(hash) != Some(audit.hash) {
                    problems.push(Problem::AuditRewritten { id, anchor });
                }
            }
            before = vec![hash.to_vec(), computed];
            last = id;
            rows += 1;
        }
        if (page.len() as i64) < PAGE {
            break;
        }
    }
    if let Some((_, audit)) = anchors.last() {
        problems.push(Problem::AuditMissing {
            from: last + 1,
            to: audit.id,
        });
    }
    Ok(rows)
}
