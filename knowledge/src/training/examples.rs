//! Sentences with labels, from a set's file.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::Deserialize;

use crate::{check::bad, error::PackError};

/// A sentence with its label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// What was said.
    pub text: String,
    /// `SET/LABEL`.
    pub label: String,
    /// It is a question to this trade.
    pub is_trade: bool,
    /// The documents that answer it; none where the pack does not say.
    pub documents: Vec<String>,
}

/// A pack's `training.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrainingFile {
    /// The sets, in any order.
    pub set: Vec<TrainingSet>,
}

/// One set: a file of lines in CSV with a head, or in JSON.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrainingSet {
    /// How it is called.
    pub name: String,
    /// Its file in the folder of training data: `*.csv` or `*.jsonl`.
    pub file: String,
    /// The column or key with the sentence.
    pub text: String,
    /// The one with the label.
    pub label: String,
    /// The labels that are the trade's, or `"all"`.
    pub trade: Labels,
    /// Labels that are left out, since both would be right.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// Which documents answer the sentences of a label.
    #[serde(default)]
    pub documents: BTreeMap<String, Vec<String>>,
}

/// Which labels are the trade's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Labels {
    /// `"all"`.
    All(All),
    /// These.
    These(Vec<String>),
}

/// Every label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum All {
    /// `"all"`.
    All,
}

impl TrainingSet {
    /// The set's examples from the text of its file, at most `each` of a label, those from all over the file.
    pub(crate) fn examples(
        &self,
        file: &Path,
        text: &str,
        each: usize,
    ) -> Result<Vec<Example>, PackError> {
        let rows = match file.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => self.csv(file, text)?,
            Some("jsonl") => self.json_lines(file, text)?,
            _ => {
                return Err(bad(
                    file,
                    "file",
                    &self.file,
                    "a name that ends in .csv or .jsonl",
                ));
            }
        };
        let mut by_label: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut left_out: BTreeSet<String> = BTreeSet::new();
        for (text, label) in rows {
            if self.left_out.contains(&label) {
                left_out.insert(label);
            } else {
                by_label.entry(label).or_default().push(text);
            }
        }
        self.check_labels(file, &by_label.keys().chain(&left_out).collect())?;
        let mut examples = Vec::new();
        for (label, texts) in by_label {
            let step = texts.len().div_ceil(each.max(1)).max(1);
            let is_trade = match &self.trade {
                Labels::All(All::All) => true,
                Labels::These(labels) => labels.contains(&label),
            };
            let documents = self.documents.get(&label).cloned().unwrap_or_default();
            examples.extend(texts.into_iter().step_by(step).map(|text| Example {
                text,
                label: format!("{}/{label}", self.name),
                is_trade,
                documents: documents.clone(),
            }));
        }
        Ok(examples)
    }

    /// Every label that the set names is one of its file's.
    fn check_labels(&self, file: &Path, known: &BTreeSet<&String>) -> Result<(), PackError> {
        let trade = match &self.trade {
            Labels::All(All::All) => &Vec::new(),
            Labels::These(labels) => labels,
        };
        let documents = self.documents.keys().map(|label| ("documents", label));
        let trade = trade.iter().map(|label| ("trade", label));
        let left_out = self.left_out.iter().map(|label| ("left_out", label));
        let mut named = trade.chain(left_out).chain(documents);
        match named.find(|(_, label)| !known.contains(label)) {
            Some((key, label)) => Err(bad(file, key, label, "a label of the file")),
            None => Ok(()),
        }
    }

    fn csv(&self, file: &Path, text: &str) -> Result<Vec<(String, String)>, PackError> {
        let malformed = |error: csv::Error| PackError::Malformed {
            file: file.to_owned(),
            message: error.to_string(),
        };
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let head = reader.headers().map_err(malformed)?.clone();
        let column = |key: &str, name: &str| {
            let place = head.iter().position(|column| column == name);
            let accepted = format!(
                "a column of the file: {}",
                head.iter().collect::<Vec<_>>().join(", ")
            );
            place.ok_or_else(|| bad(file, key, name, &accepted))
        };
        let (text, label) = (column("text", &self.text)?, column("label", &self.label)?);
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(malformed)?;
            rows.push((line(&record[text]), record[label].to_owned()));
        }
        Ok(rows)
    }

    fn json_lines(&self, file: &Path, text: &str) -> Result<Vec<(String, String)>, PackError> {
        let mut rows = Vec::new();
        for (at, said) in text
            .lines()
            .enumerate()
            .filter(|(_, said)| !said.trim().is_empty())
        {
            let malformed = |message: String| PackError::Malformed {
                file: file.to_owned(),
                message: format!("line {}: {message}", at + 1),
            };
            let row: serde_json::Value =
                serde_json::from_str(said).map_err(|error| malformed(error.to_string()))?;
            let value = |key: &str| {
                let text = row.get(key).and_then(serde_json::Value::as_str);
                text.map(line)
                    .ok_or_else(|| malformed(format!("no text under the key {key:?}")))
            };
            rows.push((value(&self.text)?, value(&self.label)?));
        }
        Ok(rows)
    }
}

/// In one line.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Example, TrainingFile};

    const SETS: &str = r#"
[[set]]
name = "A"
file = "a.csv"
text = "said"
label = "kind"
trade = "all"
documents.late = ["library/fines"]

[[set]]
name = "B"
file = "b.jsonl"
text = "t"
label = "l"
trade = ["books"]
left_out = ["unsure"]
"#;
    const JSON: &str = "{\"t\":\"a book\",\"l\":\"books\"}\n\n{\"t\":\"a pizza\",\"l\":\"food\"}\n{\"t\":\"x\",\"l\":\"unsure\"}\n";

    #[test]
    fn examples_are_read_from_both_kinds_of_file() {
        let sets: TrainingFile = toml::from_str(SETS).unwrap();
        let csv = "kind,said\nlate,\"my book,\n late\"\nlate,again\nopen,when\n";
        let read = sets.set[0].examples(Path::new("a.csv"), csv, 1).unwrap();
        let late = Example {
            text: "my book, late".to_owned(),
            label: "A/late".to_owned(),
            is_trade: true,
            documents: vec!["library/fines".to_owned()],
        };
        assert_eq!(read.len(), 2, "one of a label");
        assert_eq!(read[0], late);
        let read = sets.set[1].examples(Path::new("b.jsonl"), JSON, 9).unwrap();
        let trade: Vec<(&str, bool)> = read
            .iter()
            .map(|example| (&*example.text, example.is_trade))
            .collect();
        assert_eq!(trade, [("a book", true), ("a pizza", false)]);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_named() {
        let sets: TrainingFile = toml::from_str(SETS).unwrap();
        let error = sets.set[0]
            .examples(Path::new("a.csv"), "kind,text\na,b\n", 9)
            .unwrap_err();
        assert!(error.to_string().contains("kind, text"), "{error}");
        let error = sets.set[1]
            .examples(Path::new("b.jsonl"), "{\"t\":\"a\"}", 9)
            .unwrap_err();
        assert!(error.to_string().contains("line 1"), "{error}");
        let error = sets.set[1]
            .examples(Path::new("b.xlsx"), "", 9)
            .unwrap_err();
        assert!(error.to_string().contains(".jsonl"), "{error}");
        let error = sets.set[1]
            .examples(Path::new("b.jsonl"), &JSON.replace("unsure", "sure"), 9)
            .unwrap_err();
        assert!(error.to_string().contains("left_out"), "{error}");
    }
}
