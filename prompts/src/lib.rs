#![doc = include_str!("../README.md")]

mod fence;

use fence::{fenced, name, one_line};

/// Who the agent is and how it speaks; part of every prompt. The fields come from the pack and are trusted.
#[derive(Debug, Clone, Copy)]
pub struct SpokenRules<'a> {
    /// As the company calls itself.
    pub company_name: &'a str,
    /// As the agent calls itself.
    pub agent_name: &'a str,
    /// A few words, such as "calm, friendly and brief".
    pub tone: &'a str,
    /// Further rules of the pack, one sentence each.
    pub pack_rules: &'a [&'a str],
    /// Tools are offered along with it.
    pub has_tools: bool,
}

/// A stretch of a document.
#[derive(Debug, Clone, Copy)]
pub struct Passage<'a> {
    /// The document's title.
    pub title: &'a str,
    /// The stretch.
    pub text: &'a str,
}

/// The system message for a question about the trade.
#[derive(Debug, Clone, Copy)]
pub struct AnswerPrompt<'a> {
    /// Who speaks, and how.
    pub rules: SpokenRules<'a>,
    /// What retrieval found, best first.
    pub passages: &'a [Passage<'a>],
    /// The caller's name, only once they have proved who they are.
    pub caller_name: Option<&'a str>,
}

/// The system message for a turn that the documents say nothing to: small talk, other subjects, words that nobody
/// understood.
#[derive(Debug, Clone, Copy)]
pub struct TalkPrompt<'a> {
    /// Who speaks, and how.
    pub rules: SpokenRules<'a>,
    /// What the company itself would have said; empty: nothing.
    pub line: &'a str,
    /// The caller's name, only once they have proved who they are.
    pub caller_name: Option<&'a str>,
}

impl SpokenRules<'_> {
    /// The rules as text.
    #[must_use]
    pub fn render(&self) -> String {
        let pack_rules: String = self
            .pack_rules
            .iter()
            .map(|rule| format!("- {}\n", one_line(rule)))
            .collect();
        let abilities = if self.has_tools {
            include_str!("../tools.md")
        } else {
            "- You cannot look anything up for the caller or change anything for them."
        };
        let text = format!(
            include_str!("../rules.md"),
            abilities = abilities.trim_end(),
            agent_name = one_line(self.agent_name),
            company_name = one_line(self.company_name),
            tone = one_line(self.tone),
            pack_rules = pack_rules,
        );
        tidy(&text)
    }
}

impl AnswerPrompt<'_> {
    /// The message as text.
    #[must_use]
    pub fn render(&self) -> String {
        let passages: Vec<String> = self
            .passages
            .iter()
            .zip(1..)
            .map(|(p, number)| p.render(number))
            .collect();
        let passages = if passages.is_empty() {
            "No passage was found.".to_owned()
        } else {
            passages.join("\n\n")
        };
        let text = format!(
            include_str!("../answer.md"),
            rules = self.rules.render(),
            caller = caller(self.caller_name),
            passages = passages,
        );
        tidy(&text)
    }
}

impl TalkPrompt<'_> {
    /// The message as text.
    #[must_use]
    pub fn render(&self) -> String {
        let line = one_line(self.line);
        let line = if line.is_empty() {
            String::new()
        } else {
            format!(
                "The company would say: {line} Say something to the same effect that fits what the caller said."
            )
        };
        let text = format!(
            include_str!("../talk.md"),
            rules = self.rules.render(),
            company_name = one_line(self.rules.company_name),
            line = line,
            caller = caller(self.caller_name),
        );
        tidy(&text)
    }
}

impl Passage<'_> {
    fn render(&self, number: usize) -> String {
        let attributes = format!(
            " number=\"{number}\" title=\"{}\"",
            fence::attribute(self.title)
        );
        fenced("passage", &attributes, self.text)
    }
}

/// What the caller said, fenced, to be sent as the user's message.
#[must_use]
pub fn caller_words(text: &str) -> String {
    fenced("caller", "", text)
}

/// What a tool answered, fenced, to be sent as the tool's message. `ending`: how the call ended, in one word.
#[must_use]
pub fn tool_result(tool: &str, ending: &str, result: &str) -> String {
    let attributes = format!(
        " tool=\"{}\" ended=\"{}\"",
        fence::attribute(tool),
        fence::attribute(ending)
    );
    fenced("result", &attributes, result)
}

fn caller(caller_name: Option<&str>) -> String {
    match caller_name.map(name).filter(|name| !name.is_empty()) {
        Some(name) => {
            format!("The caller has been verified and is called {name}. Use the name sparingly.")
        }
        None => "The caller is not verified. Do not address them by a name they have not given."
            .to_owned(),
    }
}

/// No more than one empty line in a row, one line end at the end.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.trim().lines() {
        empty = if line.trim().is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests;
