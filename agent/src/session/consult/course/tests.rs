//! Scripts of `<seconds> <event>`, and the actions that they lead to.

use super::*;

const PATIENCE: Patience = Patience {
    ring: Duration::from_secs(30),
    waiting: Duration::from_secs(12),
    decide: Duration::from_secs(8),
};

fn event(text: &str) -> CourseEvent {
    use CourseEvent as Event;
    match text {
        "answered" => Event::Answered,
        "no answer" => Event::Unreached(Unreached::NoAnswer),
        "busy" => Event::Unreached(Unreached::Busy),
        "rejected" => Event::Unreached(Unreached::Declined),
        "failed" => Event::Unreached(Unreached::Failed),
        "told" => Event::Told,
        "yes" => Event::Said(Some(true)),
        "no" => Event::Said(Some(false)),
        "what" => Event::Said(None),
        "colleague left" => Event::ColleagueLeft,
        "caller left" => Event::CallerLeft,
        "call back" => Event::CallbackWanted,
        "stopped" => Event::Stopped,
        key => Event::Key(key.strip_prefix("key ").unwrap().parse().unwrap()),
    }
}

/// Plays a script with all ticks that are due, up to half a minute behind its last event.
#[track_caller]
fn check(script: &[(u64, &str)], expected: &str) {
    let mut course = Course::new(PATIENCE, Duration::ZERO);
    let mut happened = Vec::new();
    let mut take = |course: &mut Course, event, now: Duration| {
        for action in course.on(event, now) {
            happened.push(format!("{} {action:?}", now.as_secs()));
        }
    };
    let last = script.last().map_or(0, |(at, _)| *at) + 30;
    for (at, what) in script.iter().copied().chain([(last, "key 9")]) {
        let at = Duration::from_secs(at);
        while let Some(due) = course.deadline().filter(|due| *due < at) {
            take(&mut course, CourseEvent::Tick, due);
        }
        take(&mut course, event(what), at);
    }
    let expected: Vec<&str> = expected.lines().map(str::trim).collect();
    assert_eq!(happened, expected, "of {script:?}");
}

#[test]
fn a_colleague_who_agrees_is_bridged_and_the_caller_comes_back_when_they_leave() {
    for yes in ["yes", "key 1"] {
        check(
            &[
                (5, "answered"),
                (11, "told"),
                (13, yes),
                (20, "no"),
                (25, "key 2"),
                (73, "colleague left"),
            ],
            "5 Brief
             12 TellWaiting
             13 Bridge
             73 Release
             73 End(Talked(Colleague, 60s))",
        );
    }
}

#[test]
fn whoever_ends_a_call_that_was_taken_is_known() {
    let taken = [(5, "answered"), (9, "key 1")];
    for (end, by) in [("caller left", "Caller"), ("stopped", "Service")] {
        check(
            &[taken[0], taken[1], (19, end)],
            &format!("5 Brief\n9 Bridge\n19 Release\n19 End(Talked({by}, 10s))"),
        );
    }
}

#[test]
fn it_rings_as_long_as_the_pack_says_and_the_caller_is_told_meanwhile() {
    check(
        &[],
        "12 TellWaiting
         24 TellWaiting",
    );
    check(
        &[(31, "key 9")],
        "12 TellWaiting
         24 TellWaiting
         30 Release
         30 End(NotTaken(NoAnswer))",
    );
}

#[test]
fn whoever_cannot_be_reached_has_a_reason() {
    for (why, ended) in [
        ("no answer", "NoAnswer"),
        ("colleague left", "Failed"),
        ("busy", "Busy"),
        ("rejected", "Declined"),
        ("failed", "Failed"),
    ] {
        check(&[(3, why)], &format!("3 Release\n3 End(NotTaken({ended}))"));
    }
}

#[test]
fn a_colleague_who_declines_or_hangs_up_is_let_go() {
    for no in ["no", "key 2", "colleague left"] {
        check(
            &[(1, "answered"), (5, "told"), (8, no)],
            "1 Brief
             8 Release
             8 End(NotTaken(Declined))",
        );
    }
}

#[test]
fn an_answer_counts_before_the_question_is_over() {
    for (what, then) in [
        ("yes", "4 Bridge"),
        ("key 1", "4 Bridge"),
        ("no", "4 Release\n4 End(NotTaken(Declined))"),
    ] {
        let script = [(1, "answered"), (3, "what"), (4, what)];
        check(&script, &format!("1 Brief\n{then}"));
    }
}

#[test]
fn who_says_neither_is_asked_once_more() {
    check(
        &[
            (1, "answered"),
            (4, "told"),
            (6, "what"),
            (8, "told"),
            (10, "what"),
            (11, "yes"),
        ],
        "1 Brief
         6 AskAgain
         11 Bridge",
    );
}

#[test]
fn silence_is_a_no_after_a_second_question() {
    check(
        &[(1, "answered"), (4, "told"), (15, "told"), (24, "key 9")],
        "1 Brief
         12 AskAgain
         12 TellWaiting
         23 Release
         23 End(NotTaken(Declined))",
    );
}

#[test]
fn a_voice_that_never_ends_is_given_up() {
    check(
        &[(1, "answered"), (50, "key 9")],
        "1 Brief
         12 TellWaiting
         24 TellWaiting
         36 TellWaiting
         46 Release
         46 End(NotTaken(Failed))",
    );
}

#[test]
fn whatever_the_caller_or_the_worker_does_ends_the_attempt_at_once() {
    for before in [&[][..], &[(1, "answered")], &[(1, "answered"), (2, "told")]] {
        for (what, ended) in [
            ("caller left", "Abandoned"),
            ("stopped", "Abandoned"),
            ("call back", "CallbackWanted"),
        ] {
            let script = [before, &[(3, what), (4, "key 1"), (5, "answered")]].concat();
            let brief = if before.is_empty() { "" } else { "1 Brief\n" };
            check(&script, &format!("{brief}3 Release\n3 End({ended})"));
        }
    }
}

#[test]
fn a_caller_who_talks_with_the_colleague_is_not_called_back() {
    check(
        &[(1, "answered"), (2, "key 1"), (9, "call back")],
        "1 Brief
         2 Bridge",
    );
}

#[test]
fn no_course_takes_longer_than_is_waited_for_it() {
    let silent = [(29, "answered"), (73, "told"), (125, "told")];
    let mut course = Course::new(PATIENCE, Duration::ZERO);
    let (mut now, mut script) = (Duration::ZERO, silent.iter());
    let mut next = script.next();
    while let Some(due) = course.deadline() {
        let said = next.filter(|(at, _)| Duration::from_secs(*at) < due);
        let (at, what) = match said {
            Some((at, what)) => {
                next = script.next();
                (Duration::from_secs(*at), event(what))
            }
            None => (due, CourseEvent::Tick),
        };
        now = at;
        course.on(what, at);
    }
    assert!(
        now > Duration::from_secs(130),
        "it was not asked twice: {now:?}"
    );
    assert!(now <= PATIENCE.longest(), "{now:?}");
}
