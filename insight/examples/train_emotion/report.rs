//! The report beside the weights.

use std::fmt::{self, Write};

use insight::sentiment::Emotion;

use crate::measure::{Case, Choice, Confusion};

/// As Markdown. `measured` are the comments that were chosen on, those of the development part, and the calls.
pub(crate) fn written(
    learned: usize,
    measured: [&[Case]; 3],
    choice: &Choice,
) -> Result<String, fmt::Error> {
    let mut text = String::from(
        "# Which emotion a turn shows: what was learned\n\n\
         Made by `scripts/train-emotion`; `en-emotion.bin` holds the weights in 8 bits. Words and letters alone, so that a turn\n\
         costs tens of microseconds. Learned from nine of ten comments of GoEmotions' training part, every sixth request of\n\
         CLINC150 as neutral, and `lines.tsv`; which label is which emotion stands in `en-feeling.md`. Credits: `NOTICE`.\n\n",
    );
    writeln!(text, "{learned} texts. Of texts with one emotion:\n")?;
    text.push_str("| measured on | texts | macro F1 of eight | accuracy |\n|---|---|---|---|\n");
    let names = [
        "GoEmotions, the tenth of the training part that was chosen on",
        "GoEmotions, development part: nothing was chosen on it",
        "`tests/feelings.tsv`, never learned from",
    ];
    for (name, cases) in names.into_iter().zip(measured) {
        let found = Confusion::of(cases, choice);
        let (f1, accuracy) = (found.macro_f1(), found.accuracy());
        writeln!(
            text,
            "| {name} | {} | {f1:.3} | {accuracy:.3} |",
            cases.len()
        )?;
    }
    let before = Confusion::of(measured[1], &Choice::NONE).macro_f1();
    writeln!(
        text,
        "\nWithout what was chosen the development part would have {before:.3}. Chosen: {:.2} for each tenth of the lexicon's, and",
        choice.lexicon
    )?;
    let added = Emotion::ALL.iter().zip(choice.bias);
    let added: Vec<String> = added
        .map(|(emotion, bias)| format!("{} {bias:+.1}", name(*emotion)))
        .collect();
    writeln!(text, "{}.\n\n## Development part\n", added.join(", "))?;
    confusion(&mut text, &Confusion::of(measured[1], choice))?;
    Ok(text)
}

fn confusion(text: &mut String, found: &Confusion) -> fmt::Result {
    let names: Vec<String> = Emotion::ALL.iter().map(|emotion| name(*emotion)).collect();
    writeln!(
        text,
        "| is, said | {} | F1 |\n|---|{}",
        names.join(" | "),
        "---|".repeat(9)
    )?;
    for emotion in Emotion::ALL {
        let row = found.0[emotion as usize].map(|count| count.to_string());
        let f1 = found.f1(emotion);
        writeln!(
            text,
            "| {} | {} | {f1:.3} |",
            name(emotion),
            row.join(" | ")
        )?;
    }
    Ok(())
}

fn name(emotion: Emotion) -> String {
    format!("{emotion:?}").to_lowercase()
}
