//! What a server asks of programs that read its pages: `robots.txt` (RFC 9309).

/// The name that a `robots.txt` knows us by.
pub(crate) const AGENT: &str = "teller";
/// More rules than this are read by nobody (RFC 9309 asks for 500 KiB at least).
pub(crate) const LONGEST: usize = 512_000;

/// The rules for us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Robots {
    rules: Vec<(bool, String)>,
}

impl Robots {
    /// Nothing may be read: what holds while the server cannot say.
    pub(crate) fn nothing() -> Self {
        Self {
            rules: vec![(false, "/".to_owned())],
        }
    }

    /// Reads the groups that name us, or else those for everybody.
    pub(crate) fn parse(text: &str) -> Self {
        let (mut ours, mut everybody) = (Vec::new(), Vec::new());
        let mut named_us = false;
        let (mut for_us, mut for_all, mut in_names) = (false, false, false);
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match &*key.trim().to_ascii_lowercase() {
                "user-agent" => {
                    if !in_names {
                        (for_us, for_all, in_names) = (false, false, true);
                    }
                    for_us |= value.eq_ignore_ascii_case(AGENT);
                    for_all |= value == "*";
                    named_us |= for_us;
                }
                key @ ("allow" | "disallow") => {
                    in_names = false;
                    // An empty rule forbids nothing.
                    if value.is_empty() {
                        continue;
                    }
                    let rule = (key == "allow", value.to_owned());
                    if for_us {
                        ours.push(rule.clone());
                    }
                    if for_all {
                        everybody.push(rule);
                    }
                }
                _ => {}
            }
        }
        Self {
            rules: if named_us { ours } else { everybody },
        }
    }

    /// Whether a path with its query may be read: the longest rule decides, an allowing one among equals.
    pub(crate) fn allows(&self, path: &str) -> bool {
        let fitting = self.rules.iter().filter(|(_, rule)| fits(rule, path));
        fitting
            .max_by_key(|(allows, rule)| (rule.len(), *allows))
            .is_none_or(|(allows, _)| *allows)
    }
}

/// `*` stands for anything, a final `$` for the end.
fn fits(rule: &str, path: &str) -> bool {
    let (rule, to_the_end) = match rule.strip_suffix('$') {
        Some(rule) => (rule, true),
        None => (rule, false),
    };
    let mut parts = rule.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = path.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return !to_the_end || rest.is_empty();
    };
    for part in middle {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    if to_the_end {
        rest.ends_with(last)
    } else {
        rest.contains(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_that_names_us_counts_before_the_one_for_everybody() {
        let robots = Robots::parse(
            "User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-Agent: Teller # us\nDisallow: /private\nAllow: /private/open$\n",
        );
        for (path, allowed) in [
            ("/", true),
            ("/private", false),
            ("/private/open", true),
            ("/private/open/more", false),
        ] {
            assert_eq!(robots.allows(path), allowed, "{path}");
        }
        assert!(!Robots::parse("User-agent: *\nDisallow: /").allows("/a"));
        assert!(Robots::parse("User-agent: other\nDisallow: /").allows("/a"));
        assert!(Robots::parse("<html>").allows("/a"));
        assert!(!Robots::nothing().allows("/"));
    }

    #[test]
    fn stars_and_ends_are_understood() {
        for (rule, path, fitting) in [
            ("/a*b", "/a-x-b-c", true),
            ("/*.pdf$", "/files/x.pdf", true),
            ("/*.pdf$", "/files/x.pdf?y", false),
            ("/a$", "/a", true),
            ("/a$", "/ab", false),
            ("*", "/", true),
            ("/a*b*c", "/acb", false),
        ] {
            assert_eq!(fits(rule, path), fitting, "{rule} {path}");
        }
    }
}
