//! How much of something may be done in a day for one person.

use chrono::NaiveDate;
use serde_json::Value;

/// A limit of a deed, as a pack declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// The tool that does it.
    pub tool: String,
    /// Arguments that tell these deeds from others of the same tool.
    pub fixed: Vec<(String, Value)>,
    /// How much there may be in a day.
    pub most: Most,
}

/// What there may be in a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Most {
    /// So many deeds.
    Deeds(u32),
    /// So much by this argument, over all deeds of the day.
    Sum {
        /// The argument's name.
        argument: String,
        /// In whole units.
        most: u32,
    },
}

/// A deed that was done, or of which nobody knows that it was not.
#[derive(Debug, Clone, PartialEq)]
pub struct DoneDeed {
    /// The tool that did it.
    pub tool: String,
    /// What it was called with.
    pub arguments: Value,
    /// On which of the company's days.
    pub day: NaiveDate,
}

impl Limit {
    /// Whether a deed with these arguments may be done today, after all that was done. What is not known yet of its
    /// arguments speaks for it.
    #[must_use]
    pub fn allows<'a>(
        &self,
        arguments: &Value,
        done: impl IntoIterator<Item = &'a DoneDeed>,
        today: NaiveDate,
    ) -> bool {
        let same = done
            .into_iter()
            .filter(|deed| deed.day == today && self.is_of(&deed.tool, &deed.arguments));
        match &self.most {
            Most::Deeds(most) => same.count() < *most as usize,
            Most::Sum { argument, most } => {
                let hundredths = |arguments: &Value| arguments.get(argument).map(hundredths);
                let before = same.map(|deed| hundredths(&deed.arguments).unwrap_or_default());
                let before = before.fold(0_u64, u64::saturating_add);
                // Nothing is so little that a sum that is used up would still take it.
                let this = hundredths(arguments).unwrap_or(1);
                before.saturating_add(this) <= u64::from(*most) * 100
            }
        }
    }

    /// Whether a call is one of these deeds.
    #[must_use]
    pub fn is_of(&self, tool: &str, arguments: &Value) -> bool {
        let mut fixed = self.fixed.iter();
        self.tool == tool && fixed.all(|(name, value)| arguments.get(name) == Some(value))
    }
}

/// An amount as it is sent: `20`, `20.5` or `20.50`. What is none is more than any limit.
fn hundredths(amount: &Value) -> u64 {
    let text = match amount {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let is_part = part.len() <= 2 && part.chars().all(|digit| digit.is_ascii_digit());
    let read = || {
        let whole: u64 = whole.parse().ok()?;
        let part: u64 = format!("{part:0<2}").parse().ok()?;
        whole.checked_mul(100)?.checked_add(part)
    };
    is_part.then(read).flatten().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 12, day).expect("a day")
    }

    fn done(tool: &str, arguments: Value, on: u32) -> DoneDeed {
        DoneDeed {
            tool: tool.to_owned(),
            arguments,
            day: day(on),
        }
    }

    fn limit(most: Most) -> Limit {
        Limit {
            tool: "ticket".to_owned(),
            fixed: vec![("kind".to_owned(), json!("complaint"))],
            most,
        }
    }

    #[test]
    fn deeds_of_the_day_count_and_no_others() {
        let limit = limit(Most::Deeds(2));
        let complaint = || json!({"kind": "complaint", "text": "…"});
        let mut before = vec![
            done("ticket", complaint(), 1),
            done("ticket", json!({"kind": "address"}), 2),
            done("callback", complaint(), 2),
            done("ticket", complaint(), 2),
        ];
        assert!(limit.allows(&complaint(), &before, day(2)), "one so far");
        before.push(done("ticket", complaint(), 2));
        assert!(
            !limit.allows(&complaint(), &before, day(2)),
            "two are enough"
        );
        assert!(limit.allows(&complaint(), &before, day(3)), "another day");
    }

    #[test]
    fn amounts_of_the_day_add_up_to_the_limit_and_not_beyond() {
        let limit = limit(Most::Sum {
            argument: "amount".to_owned(),
            most: 100,
        });
        let of = |amount: &str| json!({"kind": "complaint", "amount": amount});
        let before = [done("ticket", of("60.5"), 2), done("ticket", of("20"), 2)];
        for (amount, may) in [
            ("19.50", true),
            ("19.51", false),
            ("-1", false),
            ("1.005", false),
            ("a lot", false),
            ("99999999999999999999", false),
        ] {
            let allowed = limit.allows(&of(amount), &before, day(2));
            assert_eq!(allowed, may, "{amount} after 80.50 of 100");
        }
        let unsaid = json!({"kind": "complaint"});
        assert!(limit.allows(&unsaid, &before, day(2)), "something is left");
        let full = [done("ticket", of("100.00"), 2)];
        assert!(!limit.allows(&unsaid, &full, day(2)), "nothing is left");
    }
}
