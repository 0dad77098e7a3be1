//! What was heard, a line a pause, so that policies can be compared without hearing it all again.

use std::{io, path::Path};

use crate::{Case, Kind, heard::Pause};

const KINDS: [(Kind, &str); 5] = [
    (Kind::End, "end"),
    (Kind::Cut, "cut"),
    (Kind::Open, "open"),
    (Kind::Digits, "digits"),
    (Kind::List, "list"),
];

pub(crate) fn write(file: &Path, cases: &[Case]) {
    let line = |case: &Case| {
        let kind = KINDS.iter().find(|(kind, _)| *kind == case.kind).unwrap().1;
        let Pause { text, probability } = &case.pause;
        format!("{kind}\t{}\t{probability}\t{text}\n", case.judged)
    };
    std::fs::write(file, cases.iter().map(line).collect::<String>()).unwrap();
}

pub(crate) fn read(file: &Path) -> io::Result<Vec<Case>> {
    let lines = std::fs::read_to_string(file)?;
    let case = |line: &str| {
        let [kind, judged, probability, text] = *line.splitn(4, '\t').collect::<Vec<_>>() else {
            panic!("{line} was not written by this program");
        };
        Case {
            kind: KINDS.iter().find(|(_, name)| *name == kind).unwrap().0,
            judged: judged == "true",
            pause: Pause {
                text: text.to_owned(),
                probability: probability.parse().unwrap(),
            },
        }
    };
    Ok(lines.lines().map(case).collect())
}
