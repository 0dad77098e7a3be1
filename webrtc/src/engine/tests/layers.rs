//! Below the driver everything is a value that takes `now`: no clock, no socket, no task, and no
//! knowledge of the driver or of the interface above it.

use super::{
    imports::{imports, leads_to},
    sources::{Source, product, without_tests},
};

/// Where a path may not lead, and what would be there.
const FORBIDDEN_PATHS: [(&str, &str); 12] = [
    ("std::env", "the environment"),
    ("std::fs", "files"),
    ("std::net::TcpListener", "a socket"),
    ("std::net::TcpStream", "a socket"),
    ("std::net::UdpSocket", "a socket"),
    ("std::thread", "a thread"),
    ("std::time::SystemTime", "a clock"),
    ("socket2", "a socket"),
    ("tokio::net", "a socket"),
    ("tokio::runtime", "a task"),
    ("tokio::task", "a task"),
    ("tokio::time", "a clock"),
];

/// What may not be written anywhere.
const FORBIDDEN_WORDS: [(&str, &str); 9] = [
    ("Instant::now", "a clock"),
    (".elapsed()", "a clock"),
    ("SystemTime::", "a clock"),
    ("time::sleep", "a clock"),
    ("thread::", "a thread"),
    ("spawn", "a task"),
    ("env::", "the environment"),
    ("driver::", "the driver"),
    ("tokio::net", "a socket"),
];

/// What the engine below the driver may use of this crate.
const BELOW: [&str; 2] = ["engine", "types"];

#[test]
fn below_the_driver_there_is_no_clock_no_socket_no_task_and_no_way_up() {
    let below = product(&["engine"])
        .into_iter()
        .filter(|source| source.module.get(1).is_none_or(|name| name != "driver"));
    let found: Vec<String> = below.flat_map(|source| violations(&source)).collect();
    assert!(
        found.is_empty(),
        "the engine below engine/driver takes what it needs as arguments:\n{}",
        found.join("\n")
    );
}

#[test]
fn the_driver_knows_nothing_of_the_interface_above_it() {
    let mut found = Vec::new();
    for source in product(&["engine", "driver"]) {
        for (line, path) in imports(&source) {
            if is_interface(&path) {
                found.push(format!("src/{}:{line}: {path}", source.path));
            }
        }
    }
    assert!(
        found.is_empty(),
        "events reach the interface through `Listener`:\n{}",
        found.join("\n")
    );
}

#[test]
fn types_use_nothing_of_this_crate_but_types() {
    let found: Vec<String> = product(&["types"])
        .iter()
        .flat_map(|source| {
            let ways_out = imports(source).into_iter().filter(|(_, path)| {
                path.starts_with("crate::") && !path.starts_with("crate::types")
            });
            ways_out
                .map(|(line, path)| format!("src/{}:{line}: {path}", source.path))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(
        found.is_empty(),
        "plain types depend on what uses them:\n{}",
        found.join("\n")
    );
}

/// What a file does that it may not, each with its place.
fn violations(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let mut report = |line: &usize, what: &str, text: &str| {
        found.push(format!(
            "src/{}:{line}: {what}: {}",
            source.path,
            text.trim()
        ));
    };
    for (line, path) in &imports(source) {
        for (forbidden, what) in FORBIDDEN_PATHS {
            if leads_to(path, forbidden) {
                report(line, what, path);
            }
        }
        if let Some(what) = way_up(path) {
            report(line, what, path);
        }
    }
    let outside_imports = |line: &str| !line.trim_start().starts_with("use ");
    for (line, code) in source
        .lines
        .iter()
        .filter(|(_, code)| outside_imports(code))
    {
        for (forbidden, what) in FORBIDDEN_WORDS {
            if code.contains(forbidden) {
                report(line, what, code);
            }
        }
        for path in code.split("crate::").skip(1) {
            if let Some(what) = way_up(&format!("crate::{path}")) {
                report(line, what, code);
            }
        }
    }
    found
}

/// What above the engine a path of this crate names.
fn way_up(path: &str) -> Option<&'static str> {
    if leads_to(path, "crate::engine::driver") {
        return Some("the driver");
    }
    is_interface(path).then_some("the interface")
}

fn is_interface(path: &str) -> bool {
    path.strip_prefix("crate::")
        .is_some_and(|within| !BELOW.iter().any(|root| leads_to(within, root)))
}

/// A file that does all that is forbidden, for the test of the test.
const OFFENDER: &str = "\
use std::{
    net::{IpAddr, UdpSocket},
    time::{Duration, Instant},
};

use tokio::{sync::oneshot, time::timeout};

use super::{super::driver::{self, Connection}, pulse::Pulse};
use crate::{audio_track::RtcAudioTrack, engine::sink::Sink, types::error::RtcError};

fn f() -> Instant {
    driver::spawn_ticker(None);
    crate::native::unsupported(\"\");
    Instant::now() // Instant::now
}
";

#[test]
fn each_kind_of_offence_is_found_with_its_line() {
    let source = Source {
        path: "engine/receive/offender.rs".to_owned(),
        module: ["engine", "receive", "offender"]
            .map(str::to_owned)
            .to_vec(),
        lines: without_tests(OFFENDER),
    };
    let found = violations(&source);
    let expected = [
        "2: a socket: std::net::UdpSocket",
        "6: a clock: tokio::time::timeout",
        "8: the driver: crate::engine::driver::self",
        "8: the driver: crate::engine::driver::Connection",
        "9: the interface: crate::audio_track::RtcAudioTrack",
        "12: a task: driver::spawn_ticker(None);",
        "12: the driver: driver::spawn_ticker(None);",
        "13: the interface: crate::native::unsupported(\"\");",
        "14: a clock: Instant::now()",
    ];
    let expected = expected.map(|text| format!("src/engine/receive/offender.rs:{text}"));
    assert_eq!(found, expected);
}
