//! The child of the tests: what the hidden command of `teller` is otherwise.

fn main() -> std::process::ExitCode {
    sources::serve_child()
}
