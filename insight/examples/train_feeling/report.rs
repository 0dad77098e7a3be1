//! The report beside the weights.

use std::fmt::{self, Write};

use call::Sentiment;
use insight::sentiment::Mix;

use crate::{
    Sets, data,
    measure::{Case, SENTIMENTS, accuracy, emotions, macro_f1, pairs},
};

/// As Markdown. `measured` are the comments to measure on, the lines and the calls; the mixes without and with meaning.
pub(crate) fn written(
    sets: &Sets,
    measured: [&[Case]; 3],
    (without, with): (Mix, Mix),
) -> Result<String, fmt::Error> {
    let mut text = String::from(
        "# How callers feel: what was learned\n\n\
         Made by `scripts/train-feeling`; `en-feeling.bin` holds the weights in 8 bits. Learned from GoEmotions (training part),\n\
         every sixth request of CLINC150 as neutral, and `lines.tsv`, written for this. Credits: `NOTICE`.\n\n",
    );
    let counted = sets.train.len();
    writeln!(
        text,
        "{counted} texts. Macro F1 of three sentiments, accuracy, and the share whose emotion (of eight) is right:\n"
    )?;
    text.push_str("| measured on | texts | the lexicon alone | words and letters | and what they mean |\n|---|---|---|---|---|\n");
    let names = [
        "GoEmotions, development part",
        "`lines.tsv`, each fifth not learned from",
        "`tests/feelings.tsv`, never learned from",
    ];
    for (name, cases) in names.into_iter().zip(measured) {
        let alone = by_lexicon(cases);
        let mut figures = vec![format!("{:.3} / {:.3}", macro_f1(&alone), accuracy(&alone))];
        figures.extend([without, with].map(|mix| {
            let pairs = pairs(cases, mix);
            let (f1, accuracy) = (macro_f1(&pairs), accuracy(&pairs));
            format!("{f1:.3} / {accuracy:.3} / {:.3}", emotions(cases, mix))
        }));
        let figures = figures.join(" | ");
        writeln!(text, "| {name} | {} | {figures} |", cases.len())?;
    }
    writeln!(
        text,
        "\nWeighed without meaning: {}. With it: {}.",
        said(without),
        said(with)
    )?;
    mapping(&mut text, sets, measured[0], with)?;
    Ok(text)
}

/// What feelings went by before there were weights: the sign of what the words show.
fn by_lexicon(cases: &[Case]) -> Vec<(Sentiment, Sentiment)> {
    let said = |case: &Case| match case.shown.score.signum() {
        -1 => Sentiment::Negative,
        1 => Sentiment::Positive,
        _ => Sentiment::Neutral,
    };
    cases.iter().map(|case| (case.truth, said(case))).collect()
}

fn said(mix: Mix) -> String {
    let Mix {
        words,
        meaning,
        lexicon,
        neutral,
        positive,
    } = mix;
    format!(
        "words {words}, meaning {meaning}, a tenth of the lexicon {lexicon}, neutral {neutral:+}, positive {positive:+}"
    )
}

/// Where texts with one label of the people go.
fn mapping(text: &mut String, sets: &Sets, dev: &[Case], with: Mix) -> fmt::Result {
    text.push_str(
        "\n## Which label is which emotion\n\nThree labels are left out. Taken for happy, 96 texts of caring went 44 to 27 to 28 (negative, neutral, positive); taken\n\
         for excited, 95 of surprise went 29 to 27 to 43; desire says what somebody lacks as often as what they look forward to.\n\
         Texts of the development part with one label alone, and how many of a hundred are called so:\n\n\
         | label | emotion | texts | negative | neutral | positive |\n|---|---|---|---|---|---|\n",
    );
    let said = pairs(dev, with);
    for (at, label) in sets.labels.iter().enumerate() {
        let Some(emotion) = data::emotion(label) else {
            continue;
        };
        let of: Vec<_> = dev
            .iter()
            .zip(&said)
            .filter(|(case, _)| case.labels == [at])
            .map(|(_, (_, said))| *said)
            .collect();
        let shares = SENTIMENTS.map(|sentiment| {
            let count = of.iter().filter(|said| **said == sentiment).count();
            (100 * count / of.len().max(1)).to_string()
        });
        let emotion = format!("{emotion:?}").to_lowercase();
        writeln!(
            text,
            "| {label} | {emotion} | {} | {} |",
            of.len(),
            shares.join(" | ")
        )?;
    }
    Ok(())
}
