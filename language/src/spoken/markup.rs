//! What a page shows and a voice does not say.

/// Without emphasis, headings, list marks, code marks, link targets and pictures.
pub(super) fn without_markup(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = line.trim_start();
        let heading = line.trim_start_matches('#');
        let line = if heading.len() < line.len() && heading.starts_with(' ') {
            heading
        } else {
            line
        };
        let line = ["- ", "* ", "• ", "> "]
            .iter()
            .find_map(|mark| line.strip_prefix(mark))
            .unwrap_or(line);
        lines.push(line.trim());
    }
    let text = without_link_targets(&lines.join(" "));
    let text = text.replace("**", "").replace("__", "");
    let chars: Vec<char> = text.chars().collect();
    let digit_near = |at: usize| {
        at.checked_sub(1).into_iter().chain([at + 1]).any(|at| {
            chars
                .get(at)
                .is_some_and(|c| c.is_ascii_digit() || matches!(c, '*' | '#'))
        })
    };
    let kept = chars.iter().enumerate().filter(|&(at, &c)| match c {
        '*' | '#' => digit_near(at),
        '~' => chars
            .get(at + 1)
            .is_some_and(|c| c.is_ascii_digit() || "$£€₹¥₦.".contains(*c)),
        '`' | '|' => false,
        '_' => {
            chars.get(at + 1).is_some_and(|c| c.is_alphanumeric())
                && at > 0
                && chars[at - 1].is_alphanumeric()
        }
        _ => !is_picture(c),
    });
    kept.map(|(_, &c)| c).collect()
}

/// `[text](target)` becomes `text`.
fn without_link_targets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let link = rest[open..].find("](").and_then(|middle| {
            let target = open + middle + 2;
            rest[target..]
                .find(')')
                .map(|close| (open + middle, target + close + 1))
        });
        let Some((middle, end)) = link else { break };
        out.push_str(&rest[..open]);
        out.push_str(&rest[open + 1..middle]);
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn is_picture(c: char) -> bool {
    matches!(u32::from(c), 0x200b..=0x200f | 0x2028..=0x202e | 0x2190..=0x21ff | 0x2300..=0x27bf | 0x2b00..=0x2bff | 0xfe00..=0xfe0f | 0x1f000..=0x1faff | 0xe0000..=0xe007f)
}
