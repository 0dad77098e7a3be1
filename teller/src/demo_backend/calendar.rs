//! Free times, from opening hours and the time of now.

use std::{collections::BTreeMap, fmt};

use chrono::{
    DateTime, Datelike as _, Days, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta,
    Weekday,
};
use serde::Deserialize;

use super::{format::Format, template::Template};

/// A time as it is sent to and fro: `2026-12-01T09:00`.
pub(super) const SLOT: &str = "%Y-%m-%dT%H:%M";

/// Times that can be booked, at places with opening hours.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Calendar {
    /// Asked for as `GET /{name}?{place}=…&day=…`; a customer's booking lies in their record under this name.
    pub(super) name: String,
    /// The argument that names the place.
    pub(super) place: String,
    /// How long one booking takes.
    pub(super) minutes: u16,
    /// How many days can be booked, today the first.
    pub(super) days: u16,
    /// How long before it begins a time can be booked at the latest.
    #[serde(default)]
    pub(super) notice_hours: u16,
    /// Days without any: `12-25` in every year, `2026-12-22` in one.
    #[serde(default)]
    pub(super) closed: Vec<Closed>,
    /// How a time is spoken.
    pub(super) spoken: Format,
    /// Said of a time that is not free.
    pub(super) taken: Template,
    /// Said to a customer who has one already.
    pub(super) already: Template,
    /// Said to a customer who has none.
    pub(super) none: Template,
    /// The places by what the argument says.
    pub(super) places: BTreeMap<String, Place>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// How it is spoken.
    pub(super) spoken: String,
    /// Hours by days: `{ mon-fri = "08:00-16:00", sat = "08:30-12:00" }`.
    hours: BTreeMap<DaysOfWeek, Hours>,
}

impl Calendar {
    /// The times that can be booked at a place, whether somebody has or not; earliest first.
    pub(super) fn times(&self, place: &Place, now: DateTime<FixedOffset>) -> Vec<NaiveDateTime> {
        let now = now.naive_local();
        let earliest = now + TimeDelta::hours(self.notice_hours.into());
        let days =
            (0..u64::from(self.days)).filter_map(|day| now.date().checked_add_days(Days::new(day)));
        let open = days.filter(|day| !self.closed.iter().any(|closed| closed.is(*day)));
        let times = open.flat_map(|day| place.times(day, self.minutes));
        times.filter(|time| *time >= earliest).collect()
    }

    /// How a time is spoken.
    pub(super) fn say(&self, time: NaiveDateTime) -> String {
        time.format(self.spoken.as_str()).to_string()
    }
}

impl Place {
    fn times(&self, day: NaiveDate, minutes: u16) -> Vec<NaiveDateTime> {
        let long = TimeDelta::minutes(minutes.max(1).into());
        let hours = self.hours.iter();
        let today = hours.filter(|(days, _)| days.contains(day.weekday()));
        let mut found = Vec::new();
        for (_, hours) in today {
            let (mut time, end) = (day.and_time(hours.from), day.and_time(hours.until));
            while time + long <= end {
                found.push(time);
                time += long;
            }
        }
        found.sort();
        found
    }
}

/// `mon`, or `mon-fri`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct DaysOfWeek {
    first: u32,
    last: u32,
}

impl DaysOfWeek {
    fn contains(self, day: Weekday) -> bool {
        (self.first..=self.last).contains(&day.num_days_from_monday())
    }
}

/// A text is not of the accepted form.
#[derive(Debug)]
pub(super) struct Malformed {
    given: String,
    accepted: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not understood; accepted: {}",
            self.given, self.accepted
        )
    }
}

impl TryFrom<String> for DaysOfWeek {
    type Error = Malformed;

    fn try_from(given: String) -> Result<Self, Malformed> {
        let day = |text: &str| Some(text.parse::<Weekday>().ok()?.num_days_from_monday());
        let (first, last) = given.split_once('-').unwrap_or((&given, &given));
        match (day(first), day(last)) {
            (Some(first), Some(last)) if first <= last => Ok(Self { first, last }),
            _ => Err(Malformed {
                given,
                accepted: "a day such as sat, or days in their order such as mon-fri",
            }),
        }
    }
}

/// `08:00-16:00`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Hours {
    from: NaiveTime,
    until: NaiveTime,
}

impl TryFrom<String> for Hours {
    type Error = Malformed;

    fn try_from(given: String) -> Result<Self, Malformed> {
        let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
        let both = given.split_once('-');
        match both.and_then(|(from, until)| Some((time(from)?, time(until)?))) {
            Some((from, until)) if from < until => Ok(Self { from, until }),
            _ => Err(Malformed {
                given,
                accepted: "hours such as 08:00-16:00, the earlier one first",
            }),
        }
    }
}

/// `12-25`, or `2026-12-22`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Closed {
    EachYear(u32, u32),
    Once(NaiveDate),
}

impl Closed {
    fn is(self, day: NaiveDate) -> bool {
        match self {
            Self::EachYear(month, of_month) => (day.month(), day.day()) == (month, of_month),
            Self::Once(once) => day == once,
        }
    }
}

impl TryFrom<String> for Closed {
    type Error = Malformed;

    fn try_from(given: String) -> Result<Self, Malformed> {
        if let Ok(once) = NaiveDate::parse_from_str(&given, "%Y-%m-%d") {
            return Ok(Self::Once(once));
        }
        // A leap year, so that the 29th of February is one of its days.
        let each = NaiveDate::parse_from_str(&format!("2000-{given}"), "%Y-%m-%d");
        match each {
            Ok(day) => Ok(Self::EachYear(day.month(), day.day())),
            Err(_) => Err(Malformed {
                given,
                accepted: "a date such as 2026-12-22, or 12-25 for every year",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar() -> Calendar {
        toml::from_str(
            r#"
            name = "free_rooms"
            place = "floor"
            minutes = 60
            days = 8
            notice_hours = 2
            closed = ["2026-12-02", "12-07"]
            spoken = "%A %-d %B at %H:%M"
            taken = "taken"
            already = "already"
            none = "none"
            [places.first]
            spoken = "the first floor"
            hours = { mon-fri = "09:00-12:30", sat = "10:00-11:00" }
            "#,
        )
        .unwrap()
    }

    #[test]
    fn what_is_open_and_early_enough_can_be_booked() {
        let calendar = calendar();
        // A Monday, 8:30.
        let now = DateTime::parse_from_rfc3339("2026-11-30T08:30:00+02:00").unwrap();
        let times = calendar.times(&calendar.places["first"], now);
        let times: Vec<String> = times
            .iter()
            .map(|time| time.format(SLOT).to_string())
            .collect();
        let expected = [
            "2026-11-30T11:00", // 9 and 10 are too soon, 12 would last until after half past
            "2026-12-01T09:00",
            "2026-12-01T10:00",
            "2026-12-01T11:00",
            "2026-12-03T09:00",
            "2026-12-03T10:00",
            "2026-12-03T11:00",
            "2026-12-04T09:00",
            "2026-12-04T10:00",
            "2026-12-04T11:00",
            "2026-12-05T10:00",
        ];
        assert_eq!(times, expected);
        let said = calendar.say(calendar.times(&calendar.places["first"], now)[0]);
        assert_eq!(said, "Monday 30 November at 11:00");
    }

    #[test]
    fn what_is_no_day_or_hour_is_refused_with_what_is_accepted() {
        for (wrong, accepted) in [
            ("closed = [\"13-40\"]", "12-25"),
            (
                "[places.a]\nspoken = \"a\"\nhours = { fri-mon = \"09:00-10:00\" }",
                "mon-fri",
            ),
            (
                "[places.a]\nspoken = \"a\"\nhours = { mon = \"9 to 5\" }",
                "08:00-16:00",
            ),
            (
                "[places.a]\nspoken = \"a\"\nhours = { mon = \"17:00-09:00\" }",
                "the earlier one first",
            ),
            ("spoken = \"%Q\"", "%A"),
        ] {
            let error = toml::from_str::<Calendar>(wrong).unwrap_err().to_string();
            assert!(error.contains(accepted), "{wrong}: {error}");
        }
    }
}
