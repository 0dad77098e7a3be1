//! Where text comes in from outside, and that each such place uses the one parser of its kind. A new
//! door is added to the list; a parser of one's own is refused by its marks.

use crate::sources::{files, read, root};

/// The file that a kind of text passes on its way to the record, and the function it passes there.
const DOORS: &[(&str, &str, &str)] = &[
    // LiveKit: names and attributes.
    (
        "a room's name and an identity",
        "database/src/session.rs",
        "clean_identifier(",
    ),
    (
        "the device's attribute",
        "database/src/session.rs",
        "clean_identifier(",
    ),
    (
        "the name of a room to be locked",
        "database/src/room_lock.rs",
        "clean_identifier(",
    ),
    (
        "the number that SIP claims",
        "database/src/session.rs",
        "caller_number(",
    ),
    (
        "the number to call back",
        "database/src/callback.rs",
        "caller_number)",
    ),
    (
        "the number that a caller asks to be called at",
        "tools/src/callback.rs",
        "caller_number(",
    ),
    // In the call.
    (
        "a typed message",
        "agent/src/room/signals.rs",
        "clean_text(",
    ),
    (
        "the page's form",
        "agent/src/session/authenticate.rs",
        "PhoneNumber>",
    ),
    ("a claimed user name", "database/src/auth.rs", "clean_line("),
    ("a claimed number", "database/src/auth.rs", "PhoneNumber>"),
    (
        "keys of a keypad, and a code",
        "database/src/auth.rs",
        "ascii_digits(",
    ),
    ("what was said", "database/src/message.rs", "clean_text("),
    ("a tool's name", "database/src/tool_call.rs", "clean_text("),
    (
        "facts of a summary",
        "database/src/summary.rs",
        "clean_json(",
    ),
    // HTTP.
    ("a query's topic", "api/src/calls/list.rs", "strict_line("),
    ("who unmerges", "api/src/profiles/unmerge.rs", "actor_name("),
    ("why", "api/src/profiles/unmerge.rs", "action_reason)"),
    ("who adopts", "api/src/gaps/draft.rs", "actor_name("),
    (
        "a question that is adopted",
        "api/src/gaps/draft.rs",
        "phrasing(",
    ),
    (
        "who takes a promise, and keeps it",
        "api/src/callbacks/change.rs",
        "actor_name(",
    ),
    (
        "what is noted of a promise",
        "api/src/callbacks/change.rs",
        "strict_line(",
    ),
    // The command line and files.
    (
        "what is noted of a promise, by the command",
        "teller/src/admin/callbacks.rs",
        "action_reason",
    ),
    ("who acts and why", "record/src/actor.rs", "strict_line("),
    (
        "a reason",
        "teller/src/admin/profiles/change.rs",
        "action_reason",
    ),
    (
        "a user name that is looked up",
        "database/src/profile.rs",
        "clean_line(",
    ),
    (
        "a list of customers",
        "teller/src/admin/profiles/import.rs",
        "decode_file(",
    ),
    (
        "a customer's names and address",
        "database/src/profile/customers.rs",
        "clean_line(",
    ),
    (
        "a customer's number",
        "database/src/profile/customers.rs",
        "PhoneNumber>",
    ),
    ("a pack's files", "knowledge/src/load.rs", "decode_file("),
    (
        "a pack's documents",
        "knowledge/src/document.rs",
        "clean_text(",
    ),
    (
        "a list of sources",
        "sources/src/settings.rs",
        "decode_file(",
    ),
    (
        "a fetched document's text",
        "sources/src/parse/block.rs",
        "clean_line(",
    ),
    (
        "a document's rows",
        "database/src/document.rs",
        "clean_json(",
    ),
    (
        "an answer of another system",
        "knowledge/src/lookup.rs",
        "strict_line(",
    ),
    (
        "what a deed's answer says",
        "tools/src/deed/answer.rs",
        "strict_line(",
    ),
    (
        "why a deed is declined",
        "tools/src/deed/answer.rs",
        "clean_line(",
    ),
    (
        "the demonstration back end's data",
        "teller/src/demo_backend/declared.rs",
        "decode_file(",
    ),
    (
        "what the demonstration back end is asked with",
        "teller/src/demo_backend/desk/decide.rs",
        "strict_line(",
    ),
    (
        "a call script",
        "teller/src/test_caller/script.rs",
        "decode_file(",
    ),
];

/// What only a second parser would contain.
const MARKS: &[&str] = &[
    "char::is_control",
    "is_control()",
    "replace('\\0'",
    "'\\u{feff}'",
    "from_utf8_lossy(&bytes",
];

/// Crates in which text from outside is handled, but for what decides about text of our own.
const HANDLERS: &[&str] = &[
    "agent",
    "api",
    "authentication",
    "database",
    "jobs",
    "knowledge",
    "record",
    "sources",
    "teller",
];

#[test]
fn every_door_uses_the_parser_of_its_kind() {
    for (what, file, parser) in DOORS {
        assert!(
            read(&root().join(file)).contains(parser),
            "{what} does not pass {parser} in {file}: see call/src/input.rs"
        );
    }
}

#[test]
fn nobody_has_a_parser_of_their_own() {
    for handler in HANDLERS {
        for file in files(&root().join(handler).join("src"), "rs") {
            let text = read(&file);
            for mark in MARKS {
                assert!(
                    !text.contains(mark),
                    "{} looks at text by itself ({mark}): see call/src/input.rs",
                    file.display()
                );
            }
        }
    }
}
