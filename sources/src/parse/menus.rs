//! What of a page is not its text: scripts, menus, banners, forms, and what nobody sees.

use std::collections::HashMap;

use ego_tree::{NodeId, NodeRef, iter::Edge};
use scraper::{ElementRef, Node};

/// Elements that hold no text of the page.
const NO_TEXT: &[&str] = &[
    "script", "style", "noscript", "template", "head", "iframe", "object", "embed", "svg", "math",
    "canvas", "audio", "video", "map", "form", "button", "select", "textarea", "input", "nav",
    "aside", "footer", "dialog", "menu",
];
/// Roles of the same kind.
const NO_TEXT_ROLES: &[&str] = &[
    "navigation",
    "banner",
    "contentinfo",
    "search",
    "complementary",
    "dialog",
    "alertdialog",
    "menu",
    "menubar",
    "toolbar",
];
/// Parts of names that a page's author gives to nothing else.
const NO_TEXT_NAMES: &[&str] = &[
    "nav",
    "navbar",
    "navigation",
    "breadcrumb",
    "breadcrumbs",
    "cookie",
    "cookies",
    "cookiebanner",
    "consent",
    "skip",
    "skiplink",
];
/// An element is a menu when this part of its letters are links.
const MOSTLY_LINKS: f64 = 0.7;
/// Two links may be a sentence's.
const SEVERAL: u32 = 3;

/// Whether an element and all below it is left out.
pub(crate) fn is_left_out(element: ElementRef, links: &Links) -> bool {
    let value = element.value();
    let name = value.name();
    if NO_TEXT.contains(&name) {
        return true;
    }
    let attribute = |name| value.attr(name).unwrap_or_default();
    if value.attr("hidden").is_some() || attribute("aria-hidden") == "true" {
        return true;
    }
    let style = attribute("style").replace(' ', "").to_ascii_lowercase();
    if style.contains("display:none") || style.contains("visibility:hidden") {
        return true;
    }
    if NO_TEXT_ROLES.contains(&attribute("role")) {
        return true;
    }
    let names = format!("{} {}", attribute("class"), attribute("id")).to_ascii_lowercase();
    let mut parts = names.split(|c: char| !c.is_ascii_alphanumeric());
    // Some pages name their whole body after its menu.
    if !matches!(name, "html" | "body" | "main" | "article")
        && parts.any(|part| NO_TEXT_NAMES.contains(&part))
    {
        return true;
    }
    // A page's own header names the site; that of an article its subject.
    if name == "header" && !is_within(element, &["main", "article"]) {
        return true;
    }
    matches!(name, "ul" | "ol" | "div" | "section" | "table" | "p") && links.is_menu(element)
}

fn is_within(element: ElementRef, names: &[&str]) -> bool {
    let mut above = element.ancestors().filter_map(ElementRef::wrap);
    above.any(|above| names.contains(&above.value().name()))
}

/// How much of each element is links, counted in one walk: elements may be nested as deep as somebody likes.
#[derive(Debug)]
pub(crate) struct Links(HashMap<NodeId, Count>);

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    letters: u32,
    of_links: u32,
    links: u32,
}

impl Links {
    pub(crate) fn of(part: NodeRef<Node>) -> Self {
        let mut counts = HashMap::new();
        let mut open: Vec<Count> = vec![Count::default()];
        let mut within = 0_u32;
        for edge in part.traverse() {
            match edge {
                Edge::Open(node) => match node.value() {
                    Node::Element(element) => {
                        within += u32::from(element.name() == "a");
                        open.push(Count::default());
                    }
                    Node::Text(text) => {
                        let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
                        let letters = u32::try_from(letters).unwrap_or(u32::MAX);
                        if let Some(count) = open.last_mut() {
                            count.letters = count.letters.saturating_add(letters);
                            if within > 0 {
                                count.of_links = count.of_links.saturating_add(letters);
                            }
                        }
                    }
                    _ => {}
                },
                Edge::Close(node) => {
                    let Node::Element(element) = node.value() else {
                        continue;
                    };
                    let mut count = open.pop().unwrap_or_default();
                    if element.name() == "a" {
                        within = within.saturating_sub(1);
                        count.links += 1;
                    }
                    counts.insert(node.id(), count);
                    if let Some(above) = open.last_mut() {
                        above.letters = above.letters.saturating_add(count.letters);
                        above.of_links = above.of_links.saturating_add(count.of_links);
                        above.links += count.links;
                    }
                }
            }
        }
        Self(counts)
    }

    /// Nearly nothing but links.
    fn is_menu(&self, element: ElementRef) -> bool {
        let count = self.0.get(&element.id()).copied().unwrap_or_default();
        let part = f64::from(count.of_links);
        count.links >= SEVERAL && part > f64::from(count.letters) * MOSTLY_LINKS
    }
}
