//! Which crate may use which, and what the pure ones must not touch. ARCHITECTURE.md draws the map;
//! whoever adds an arrow adds it there and here.

use std::collections::{BTreeMap, BTreeSet};

use crate::sources::{files, product_lines, read, root};

/// Every crate of the workspace with those of ours that it may use.
const ARROWS: &[(&str, &[&str])] = &[
    // Ground.
    ("call", &[]),
    ("language", &[]),
    ("matrix", &[]),
    ("embedding", &["matrix"]),
    ("outbound", &[]),
    ("resampler", &[]),
    // Base.
    ("insight", &["call", "language"]),
    ("knowledge", &["call", "embedding", "language"]),
    ("prompts", &[]),
    ("tools", &["call", "outbound"]),
    ("database", &["call"]),
    // Stages.
    (
        "voice",
        &["call", "language", "matrix", "outbound", "resampler"],
    ),
    (
        "dialogue",
        &[
            "call",
            "knowledge",
            "language",
            "outbound",
            "prompts",
            "tools",
        ],
    ),
    ("authentication", &["call", "database", "tools"]),
    ("record", &["call", "database", "insight"]),
    ("recording", &["call", "resampler"]),
    // Edges.
    (
        "agent",
        &[
            "authentication",
            "call",
            "dialogue",
            "insight",
            "knowledge",
            "record",
            "recording",
            "tools",
            "voice",
        ],
    ),
    ("api", &["call", "database", "record", "recording"]),
    (
        "jobs",
        &["call", "database", "insight", "knowledge", "record"],
    ),
    ("sources", &["call", "outbound"]),
    // Program.
    (
        "teller",
        &[
            "agent",
            "api",
            "authentication",
            "call",
            "database",
            "dialogue",
            "embedding",
            "insight",
            "jobs",
            "knowledge",
            "outbound",
            "record",
            "recording",
            "sources",
            "tools",
            "voice",
        ],
    ),
    // Below the `livekit` crate; used by none of ours.
    ("webrtc", &["resampler"]),
];

/// Crates that are pure: text and events in, text and decisions out.
const PURE: &[&str] = &[
    "call",
    "insight",
    "language",
    "matrix",
    "prompts",
    "resampler",
];

/// Pure parts of other crates: files and folders.
const PURE_PARTS: &[&str] = &[
    "dialogue/src/conversation.rs",
    "dialogue/src/conversation",
    "knowledge/src",
    "voice/src/turn.rs",
    "voice/src/turn",
];

/// Reads a folder, once, and is not pure.
const LOADS: &str = "knowledge/src/load.rs";

/// What pure code must not contain, outside its tests.
const FORBIDDEN: &[(&str, &str)] = &[
    ("Instant::now", "reads a clock"),
    ("SystemTime", "reads a clock"),
    ("Utc::now", "reads a clock"),
    ("Local::now", "reads a clock"),
    ("env::var", "reads the environment"),
    ("std::net", "opens a socket"),
    ("TcpStream", "opens a socket"),
    ("UdpSocket", "opens a socket"),
    ("reqwest", "opens a socket"),
    ("std::fs", "touches the disk"),
    ("File::open", "touches the disk"),
    ("tokio::", "needs a runtime"),
    ("std::thread", "starts a thread"),
];

/// The members of the workspace, by folder.
fn members() -> Vec<String> {
    let manifest = read(&root().join("Cargo.toml"));
    let list = manifest.split("members = [").nth(1).expect("members");
    let list = list.split(']').next().expect("their end");
    list.split(',')
        .map(|member| member.trim().trim_matches('"').to_owned())
        .filter(|member| !member.is_empty())
        .collect()
}

/// The crates of ours in a manifest's `[dependencies]`; what only tests use is free.
fn used_by(member: &str, ours: &BTreeSet<&str>) -> BTreeSet<String> {
    let manifest = read(&root().join(member).join("Cargo.toml"));
    let mut in_dependencies = false;
    let mut used = BTreeSet::new();
    for line in manifest.lines() {
        if let Some(section) = line.strip_prefix('[') {
            in_dependencies = section == "dependencies]";
        } else if in_dependencies && let Some((name, _)) = line.split_once(['=', '.']) {
            let name = name.trim();
            if ours.contains(name) {
                used.insert(name.to_owned());
            }
        }
    }
    used
}

#[test]
fn no_crate_uses_one_that_is_not_on_its_list() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let ours: BTreeSet<&str> = allowed.keys().copied().collect();
    for member in members() {
        let Some(list) = allowed.get(member.as_str()) else {
            panic!(
                "{member} is not in ARROWS of call/tests/house/arrows.rs: draw it in ARCHITECTURE.md, then add it"
            );
        };
        let used = used_by(&member, &ours);
        for arrow in &used {
            assert!(
                list.contains(&arrow.as_str()),
                "{member} -> {arrow} is not on the list of call/tests/house/arrows.rs; ARCHITECTURE.md says which way arrows go"
            );
        }
        for arrow in *list {
            assert!(
                used.contains(*arrow),
                "{member} -> {arrow} is on the list of call/tests/house/arrows.rs and not in {member}/Cargo.toml: remove it there"
            );
        }
    }
}

#[test]
fn arrows_go_down() {
    let row: BTreeMap<&str, usize> = ARROWS
        .iter()
        .enumerate()
        .map(|(row, (name, _))| (*name, row))
        .collect();
    for (name, list) in ARROWS {
        for arrow in *list {
            assert!(
                row[arrow] < row[name],
                "{name} -> {arrow} goes up or sideways"
            );
        }
    }
}

#[test]
fn pure_code_touches_no_clock_no_socket_and_no_environment() {
    let of_crates = PURE.iter().map(|name| root().join(name).join("src"));
    let of_others = PURE_PARTS.iter().map(|part| root().join(part));
    for place in of_crates.chain(of_others) {
        let sources = if place.is_dir() {
            files(&place, "rs")
        } else {
            vec![place]
        };
        for file in sources.iter().filter(|file| !file.ends_with(LOADS)) {
            for (number, line) in product_lines(&read(file)) {
                for (forbidden, what) in FORBIDDEN {
                    assert!(
                        !line.contains(forbidden),
                        "{}:{number} {what} ({forbidden}), and is pure: take it as an argument",
                        file.display()
                    );
                }
            }
        }
    }
}

/// Who asks another host, and has the addresses judged first.
#[test]
fn nobody_but_outbound_has_an_http_client() {
    for member in members().iter().filter(|member| *member != "outbound") {
        for file in files(&root().join(member).join("src"), "rs") {
            for (number, line) in product_lines(&read(&file)) {
                assert!(
                    !line.contains("reqwest::") && !line.contains("hyper::client"),
                    "{}:{number} sends requests by itself: `outbound` does, and judges the address first",
                    file.display()
                );
            }
        }
    }
}
