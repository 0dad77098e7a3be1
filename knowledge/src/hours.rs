//! When people of the company can be reached: `[people]` of `pack.toml`.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Weekday};
use serde::Deserialize;

use crate::{KnowledgeBase, lookup::fill_in, slot::capitalised};

/// So many days ahead it is looked for when people are there again.
const AHEAD: u64 = 30;
/// Within so many days the name of a weekday says which day it is.
const WEEK: i64 = 7;

/// When people of the company can be reached, by its own clocks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// `mon-fri 08:00-16:00`, `sat 08:30-12:00`: nobody is there at other times.
    pub hours: Vec<Hours>,
    /// Days on which nobody is there.
    #[serde(default)]
    pub closed_days: Vec<NaiveDate>,
    /// Said where a person is offered or promised and none is there, with `{day}` and `{time}`.
    pub closed: String,
    /// Calls are taken at the transfer's number at any time.
    #[serde(default)]
    pub transfers_always: bool,
}

/// Hours of some days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Hours {
    /// First and last day of the week.
    days: (Weekday, Weekday),
    opens: NaiveTime,
    closes: NaiveTime,
}

impl TryFrom<String> for Hours {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let accepted = "accepted: mon-fri 08:00-16:00, sat 08:30-12:00 and their like";
        read(&text).ok_or_else(|| format!("{text:?} are no hours; {accepted}"))
    }
}

fn read(text: &str) -> Option<Hours> {
    let (days, times) = text.split_once(' ')?;
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let (opens, closes) = times.split_once('-')?;
    let day = |name: &str| name.parse::<Weekday>().ok();
    let time = |time: &str| NaiveTime::parse_from_str(time, "%H:%M").ok();
    let hours = Hours {
        days: (day(first)?, day(last)?),
        opens: time(opens)?,
        closes: time(closes)?,
    };
    (hours.opens < hours.closes).then_some(hours)
}

impl Hours {
    /// "Fri-mon" goes over the end of the week.
    fn are_on(self, day: Weekday) -> bool {
        let (first, last) = self.days;
        day.days_since(first) <= last.days_since(first)
    }
}

impl People {
    /// When they are there again; `None`: they are there, or not within a month.
    #[must_use]
    pub fn opens_next(&self, now: NaiveDateTime) -> Option<NaiveDateTime> {
        let is_open = self.on(now.date()).any(|hours| {
            let time = now.time();
            hours.opens <= time && time < hours.closes
        });
        if is_open {
            return None;
        }
        let days = (0..=AHEAD).filter_map(|ahead| now.date().checked_add_days(Days::new(ahead)));
        let opens = days.flat_map(|day| self.on(day).map(move |hours| day.and_time(hours.opens)));
        opens.filter(|opens| *opens > now).min()
    }

    fn on(&self, day: NaiveDate) -> impl Iterator<Item = Hours> {
        let is_closed = self.closed_days.contains(&day);
        let hours = self.hours.iter().copied();
        hours.filter(move |hours| !is_closed && hours.are_on(day.weekday()))
    }
}

impl KnowledgeBase {
    /// Where no person can be reached at this time of the company's clocks: what is said of it.
    #[must_use]
    pub fn nobody_there(&self, now: NaiveDateTime) -> Option<String> {
        let people = self.pack().settings.people.as_ref()?;
        let opens = people.opens_next(now)?;
        let is_near = (opens.date() - now.date()).num_days() < WEEK;
        let weekdays = &self.pack().slot_words.day.weekdays;
        let weekday = weekdays.get(opens.weekday().num_days_from_monday() as usize);
        let day = match weekday.filter(|_| is_near) {
            Some(name) => capitalised(name),
            None => self.spoken_option(&opens.date().to_string()),
        };
        let time = self.spoken_option(&opens.format("%Y-%m-%dT%H:%M").to_string());
        Some(fill_in(&people.closed, |key| match key {
            "day" => Some(day.clone()),
            "time" => Some(time.clone()),
            _ => None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people() -> People {
        let text = r#"
            hours = ["mon-fri 08:00-16:00", "sat 08:30-12:00"]
            closed_days = ["2026-12-25"]
            closed = "Again on {day} at {time}."
        "#;
        toml::from_str(text).expect("it is in order")
    }

    #[track_caller]
    fn check(now: &str, opens: Option<&str>) {
        let read = |text: &str| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M");
        let found = people().opens_next(read(now).expect("a time"));
        let opens = opens.map(|opens| read(opens).expect("a time"));
        assert_eq!(found, opens, "at {now}");
    }

    #[test]
    fn people_are_there_in_their_hours_and_again_at_the_next() {
        // The first of December 2026 is a Tuesday.
        check("2026-12-01 08:00", None);
        check("2026-12-01 15:59", None);
        check("2026-12-01 07:59", Some("2026-12-01 08:00"));
        check("2026-12-01 16:00", Some("2026-12-02 08:00"));
        check("2026-12-04 22:00", Some("2026-12-05 08:30"));
        check("2026-12-05 12:00", Some("2026-12-07 08:00"));
        check("2026-12-24 23:59", Some("2026-12-26 08:30"));
        check("2026-12-25 10:00", Some("2026-12-26 08:30"));
    }

    #[test]
    fn hours_that_are_none_are_refused_with_what_is_accepted() {
        for wrong in [
            "mon-fri",
            "mo 08:00-16:00",
            "mon 16:00-08:00",
            "mon 8-16",
            "",
            "mon 08:00-25:00",
        ] {
            let refused = Hours::try_from(wrong.to_owned());
            let message = refused.expect_err(wrong);
            assert!(
                message.contains("mon-fri 08:00-16:00"),
                "{wrong}: {message}"
            );
        }
        let over = Hours::try_from("fri-mon 08:00-16:00".to_owned()).expect("it goes on");
        assert!(over.are_on(Weekday::Sun) && !over.are_on(Weekday::Wed));
    }
}
