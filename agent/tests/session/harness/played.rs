//! What came of a scene, and how it is compared.

use std::{fmt, time::Duration};

use agent::session::Ended;
use call::Speaker;
use record::SessionEnd;
use serde_json::Value;

use super::{
    colleague::Consulted,
    page::Shown,
    recording::Kept,
    sink::Heard,
    words::{ANSWER, DISCLOSURE, GREETING, QUESTION},
};

/// What came of a scene.
pub(crate) struct Played {
    /// What was kept.
    pub(crate) kept: Kept,
    /// What the caller heard of the agent.
    pub(crate) heard: Vec<Heard>,
    /// What they heard of the colleague who took the call.
    pub(crate) bridged: Vec<Heard>,
    /// When they heard the tone of a line on hold.
    pub(crate) tones: Vec<(Duration, Duration)>,
    /// The colleague's side; empty if nobody was called.
    pub(crate) consulted: Consulted,
    /// The caller's and the agent's side of the recording; empty if there is none.
    pub(crate) sound: [Vec<i16>; 2],
    /// What the page showed.
    pub(crate) shown: Shown,
    /// What the page was answered, and when; null: the call was over.
    pub(crate) answers: Vec<(Duration, Value)>,
    /// How often the carrier was asked.
    pub(crate) transfers: usize,
    /// How long the call and its bookkeeping took.
    pub(crate) lasted: Duration,
    /// `None`: the session panicked.
    pub(crate) ended: Option<Ended>,
}

impl Played {
    /// Fails on what no call may come to: words on record that were not heard or not shown, words
    /// heard that are not on record, two texts at once, a page that is left with another state.
    pub(super) fn check(&self) {
        let heard: Vec<&str> = self.heard.iter().map(|heard| heard.text.as_str()).collect();
        let heard = heard.join(" ");
        let shown = self
            .shown
            .texts
            .iter()
            .filter_map(|text| text.strip_prefix("agent: "));
        let shown = shown.collect::<Vec<_>>().join(" ");
        // Some texts are spoken otherwise than they are written: "ATM" letter by letter.
        let as_written = self.heard.iter().all(|heard| shown.contains(&heard.text));
        let kept = self
            .kept
            .rows
            .iter()
            .filter(|row| row.speaker == Speaker::Agent);
        for row in kept {
            let words = &row.content;
            assert!(shown.contains(words), "{words:?} was not shown, in\n{self}");
            assert!(
                !as_written || heard.contains(words),
                "{words:?} was not heard, in\n{self}"
            );
        }
        for text in self.heard.iter().filter(|heard| heard.is_whole()) {
            let words = &text.text;
            let kept = self.kept.rows.iter().any(|row| row.content.contains(words));
            assert!(
                kept || !as_written,
                "{words:?} is not on record, in\n{self}"
            );
        }
        for pair in self.heard.windows(2) {
            assert!(pair[0].to <= pair[1].from, "two texts at once, in\n{self}");
        }
        if self.ended.is_some() {
            let state = self.shown.states.last().map(|(_, state)| *state);
            assert_eq!(
                state,
                Some("idle"),
                "is what the page is left with, in\n{self}"
            );
        }
    }

    /// The record is exactly this, a line a row: number, speaker, text, `--` where it was cut.
    #[track_caller]
    pub(crate) fn keeps(&self, expected: &str) {
        let kept = self.kept.lines.join("\n");
        assert_eq!(
            kept,
            lines(expected),
            "\nwas kept, in
{self}"
        );
    }

    /// The record is the greeting, whole, and then exactly this.
    #[track_caller]
    pub(crate) fn goes_on(&self, expected: &str) {
        self.keeps(&format!(
            "0 agent: {DISCLOSURE}\n1 agent: {GREETING}\n{expected}"
        ));
    }

    /// The record is the greeting, whole, then [`QUESTION`] and [`ANSWER`] until the caller left.
    #[track_caller]
    pub(crate) fn keeps_the_answer(&self) {
        self.goes_on(&format!(
            "2 caller: {QUESTION}\n3 agent: {ANSWER}\nended caller_left"
        ));
    }

    /// [`QUESTION`] is on record.
    #[track_caller]
    pub(crate) fn keeps_the_question(&self) {
        let kept = self.said_by(Speaker::Caller).contains(&QUESTION);
        assert!(kept, "the question is not on record, in\n{self}");
    }

    /// The caller heard exactly this, in this order; a text that was held and resumed counts twice.
    #[track_caller]
    pub(crate) fn hears(&self, expected: &[&str]) {
        let heard: Vec<&str> = self.heard.iter().map(|heard| heard.text.as_str()).collect();
        assert_eq!(
            heard, expected,
            "\nwas heard, in
{self}"
        );
    }

    /// The same after the greeting, which was heard whole.
    #[track_caller]
    pub(crate) fn hears_then(&self, expected: &[&str]) {
        let whole = [&[DISCLOSURE, GREETING], expected].concat();
        self.hears(&whole);
    }

    /// The page showed exactly these texts.
    #[track_caller]
    pub(crate) fn shows(&self, expected: &str) {
        let shown = self.shown.texts.join("\n");
        assert_eq!(
            shown,
            lines(expected),
            "\nwas shown, in
{self}"
        );
    }

    /// The agent's states on the page, in this order.
    #[track_caller]
    pub(crate) fn states(&self, expected: &str) {
        let states: Vec<&str> = self.shown.states.iter().map(|(_, state)| *state).collect();
        assert_eq!(
            states.join(" "),
            expected,
            "\nwere shown, in
{self}"
        );
    }

    /// The statuses that the page was answered with, in order; `-` where the call was over.
    #[track_caller]
    pub(crate) fn answers(&self, expected: &str) {
        let statuses = self.answers.iter().map(|(_, answer)| match answer {
            Value::Null => "-",
            answer => answer["status"].as_str().unwrap_or("?"),
        });
        let statuses = statuses.collect::<Vec<_>>().join(" ");
        assert_eq!(
            statuses, expected,
            "\nwere the answers, in
{self}"
        );
    }

    /// The caller never heard this.
    #[track_caller]
    pub(crate) fn does_not_hear(&self, text: &str) {
        let heard = self.heard.iter().any(|heard| heard.text == text);
        assert!(!heard, "{text:?} was heard, in\n{self}");
    }

    /// When a text began and ended to sound, the first time; seconds.
    #[track_caller]
    pub(crate) fn sounds(&self, text: &str) -> (f64, f64) {
        self.sounds_after(0.0, text)
    }

    /// When a text began and ended to sound, the first time from there on; seconds.
    #[track_caller]
    pub(crate) fn sounds_after(&self, from: f64, text: &str) -> (f64, f64) {
        let mut heard = self.heard.iter();
        let found = heard.find(|heard| heard.text == text && heard.from.as_secs_f64() >= from);
        let Some(heard) = found else {
            panic!(
                "{text:?} was not heard from {from} s on, in
{self}"
            );
        };
        (heard.from.as_secs_f64(), heard.to.as_secs_f64())
    }

    /// A text begins to sound within a tenth of a second from then.
    #[track_caller]
    pub(crate) fn begins(&self, when: f64, text: &str) {
        let (from, _) = self.sounds_after(when - 0.001, text);
        assert!(
            from < when + 0.1,
            "{text:?} began at {from} s and not at {when} s, in
{self}"
        );
    }

    /// Nothing of the agent was audible in between.
    #[track_caller]
    pub(crate) fn is_silent(&self, from: f64, to: f64) {
        for heard in &self.heard {
            let (begins, ends) = (heard.from.as_secs_f64(), heard.to.as_secs_f64());
            assert!(
                ends <= from || begins >= to,
                "{heard} sounded between {from} s and {to} s, in
{self}"
            );
        }
    }

    /// The call ended at that second, give or take a twentieth; bookkeeping not counted.
    #[track_caller]
    pub(crate) fn ends_at(&self, when: f64) {
        let ended = self.ended.as_ref().expect("the session ended in peace");
        let duration = ended.duration.as_secs_f64();
        assert!(
            (duration - when).abs() < 0.05,
            "the call ended at {duration} s and not at {when} s, in
{self}"
        );
    }

    /// What one side has on record, in order.
    pub(crate) fn said_by(&self, speaker: Speaker) -> Vec<&str> {
        let rows = self.kept.rows.iter().filter(|row| row.speaker == speaker);
        rows.map(|row| row.content.as_str()).collect()
    }

    /// How the record was closed.
    #[track_caller]
    pub(crate) fn end(&self) -> &SessionEnd {
        self.kept.end.as_ref().expect("every record is closed")
    }

    /// Whether the agent disconnects the caller.
    #[track_caller]
    pub(crate) fn hangs_up(&self) -> bool {
        let ended = self.ended.as_ref();
        ended.expect("the session ended in peace").hang_up
    }
}

impl fmt::Display for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "kept:")?;
        for line in &self.kept.lines {
            writeln!(f, "    {line}")?;
        }
        writeln!(f, "heard:")?;
        for heard in &self.heard {
            writeln!(f, "    {heard}")?;
        }
        for heard in &self.bridged {
            writeln!(f, "    of the colleague: {heard}")?;
        }
        writeln!(f, "    tones: {:?}", self.tones)?;
        writeln!(f, "colleague: {:#?}", self.consulted)?;
        writeln!(f, "shown:")?;
        for text in &self.shown.texts {
            writeln!(f, "    {text}")?;
        }
        for (when, state) in &self.shown.states {
            writeln!(f, "    {:.3} {state}", when.as_secs_f64())?;
        }
        for (when, answer) in &self.answers {
            writeln!(f, "    {:.3} {answer}", when.as_secs_f64())?;
        }
        writeln!(f, "ended: {:?}, over after {:?}", self.ended, self.lasted)
    }
}

/// Lines without their indentation.
fn lines(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}
