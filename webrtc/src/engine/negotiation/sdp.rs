//! Session descriptions as text: what str0m does not report is read from it, what LiveKit's
//! server would misread is taken out.

use std::collections::BTreeSet;

use crate::types::media_type::MediaType;

/// One media section (`m=` and what follows).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) kind: MediaType,
    pub(crate) mid: String,
    /// Port 0: refused, or stopped.
    pub(crate) rejected: bool,
    pub(crate) sends: bool,
    /// First part of `a=msid`; `None` for `-`.
    pub(crate) stream_id: Option<String>,
    /// Second part of `a=msid`.
    pub(crate) track_id: Option<String>,
    pub(crate) opus_payload_type: Option<u8>,
    opus_parameters: String,
    /// Payload types in the order of preference.
    payload_types: Vec<u8>,
    red: Option<Red>,
    /// `a=max-message-size`; 0 is "any" (RFC 8841).
    max_message_bytes: Option<usize>,
}

/// Redundant audio (RFC 2198).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Red {
    payload_type: u8,
    /// What it wraps, from its `fmtp` line.
    primary: Option<u8>,
}

/// The data section of a description, if it has one that is not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DataSection {
    /// The longest message its author takes, if it names one.
    pub(crate) max_message_bytes: Option<usize>,
}

impl Section {
    fn new(media: &str) -> Self {
        let mut fields = media.split_whitespace();
        let kind = match fields.next() {
            Some("audio") => MediaType::Audio,
            Some("video") => MediaType::Video,
            Some("application") => MediaType::Data,
            _ => MediaType::Unsupported,
        };
        Self {
            kind,
            mid: String::new(),
            rejected: fields.next() == Some("0"),
            sends: true,
            stream_id: None,
            track_id: None,
            opus_payload_type: None,
            opus_parameters: String::new(),
            payload_types: fields.skip(1).filter_map(|pt| pt.parse().ok()).collect(),
            red: None,
            max_message_bytes: None,
        }
    }

    pub(crate) const fn is_media(&self) -> bool {
        matches!(self.kind, MediaType::Audio | MediaType::Video)
    }

    /// Whether the Opus `fmtp` line sets this parameter to 1.
    pub(crate) fn opus_flag(&self, key: &str) -> bool {
        self.opus_parameter(key) == Some("1")
    }

    /// The value of a parameter of the Opus `fmtp` line, if it is a number.
    pub(crate) fn opus_number(&self, key: &str) -> Option<i32> {
        self.opus_parameter(key)?.parse().ok()
    }

    /// The payload type of redundant Opus, if the author prefers it to plain Opus.
    pub(crate) fn preferred_red(&self) -> Option<u8> {
        let red = self.red?;
        let opus = self.opus_payload_type?;
        if red.primary != Some(opus) {
            return None;
        }
        let mut order = self.payload_types.iter();
        let first = order.find(|pt| **pt == red.payload_type || **pt == opus)?;
        (*first == red.payload_type).then_some(red.payload_type)
    }

    /// The section without its redundant audio, unless `known` takes its payload type.
    pub(crate) fn with_red_only_if(mut self, known: impl Fn(u8) -> bool) -> Self {
        self.red = self.red.filter(|red| known(red.payload_type));
        self
    }

    fn opus_parameter(&self, key: &str) -> Option<&str> {
        self.opus_parameters
            .split(';')
            .filter_map(|parameter| parameter.trim().split_once('='))
            .find_map(|(name, value)| name.eq_ignore_ascii_case(key).then_some(value.trim()))
    }

    fn read_attribute(&mut self, attribute: &str) {
        match attribute.split_once(':') {
            None => match attribute {
                "sendrecv" | "sendonly" => self.sends = true,
                "recvonly" | "inactive" => self.sends = false,
                _ => {}
            },
            Some(("max-message-size", bytes)) => {
                self.max_message_bytes = bytes
                    .trim()
                    .parse()
                    .ok()
                    .map(|bytes| if bytes == 0 { usize::MAX } else { bytes });
            }
            Some(("mid", mid)) => mid.clone_into(&mut self.mid),
            Some(("msid", msid)) => {
                let mut ids = msid.split_whitespace();
                self.stream_id = ids.next().filter(|id| *id != "-").map(str::to_owned);
                self.track_id = ids.next().map(str::to_owned);
            }
            Some(("rtpmap", map)) => {
                let Some((payload_type, codec)) = map.split_once(' ') else {
                    return;
                };
                let codec = codec.to_ascii_lowercase();
                if codec.starts_with("opus/48000") {
                    self.opus_payload_type = payload_type_of(payload_type);
                } else if codec.starts_with("red/48000")
                    && let Some(payload_type) = payload_type_of(payload_type)
                {
                    self.red = Some(Red {
                        payload_type,
                        primary: None,
                    });
                }
            }
            Some(("fmtp", parameters)) => {
                let Some((payload_type, parameters)) = parameters.split_once(' ') else {
                    return;
                };
                let payload_type: Option<u8> = payload_type.parse().ok();
                if payload_type.is_none() {
                    return;
                }
                if payload_type == self.opus_payload_type {
                    parameters.clone_into(&mut self.opus_parameters);
                } else if let Some(red) = &mut self.red
                    && payload_type == Some(red.payload_type)
                {
                    let primary = parameters.split('/').next();
                    red.primary = primary.and_then(|primary| primary.trim().parse().ok());
                }
            }
            Some(_) => {}
        }
    }
}

/// A payload type has 7 bits (RFC 3550); the engine would panic when it writes a larger one.
fn payload_type_of(text: &str) -> Option<u8> {
    text.parse().ok().filter(|number| *number < 0x80)
}

/// The media sections of a description, in order.
pub(crate) fn sections(sdp: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in lines(sdp) {
        if let Some(media) = line.strip_prefix("m=") {
            sections.push(Section::new(media));
        } else if let (Some(section), Some(attribute)) =
            (sections.last_mut(), line.strip_prefix("a="))
        {
            section.read_attribute(attribute);
        }
    }
    sections
}

/// The values of an attribute, wherever it stands, in lower case.
fn attribute_values(sdp: &str, name: &str) -> Vec<String> {
    lines(sdp)
        .filter_map(|line| line.strip_prefix("a=")?.split_once(':'))
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value.trim().to_ascii_lowercase())
        .collect()
}

/// The SSRCs that a description names (RFC 5576).
pub(super) fn ssrcs(sdp: &str) -> BTreeSet<u32> {
    let number = |value: &String| value.split_whitespace().next()?.parse().ok();
    attribute_values(sdp, "ssrc")
        .iter()
        .filter_map(number)
        .collect()
}

/// The fingerprints of the certificates that the peer proves itself with (RFC 8122).
pub(crate) fn fingerprints(sdp: &str) -> Vec<String> {
    attribute_values(sdp, "fingerprint")
}

/// What changes with each restart of ICE (RFC 8839 section 4.4.1.1.1). Letters keep no case
/// here: only use it to compare.
pub(crate) fn ice_session(sdp: &str) -> Option<String> {
    attribute_values(sdp, "ice-ufrag").into_iter().next()
}

/// The data section of a description, unless it is refused.
pub(crate) fn data_section(sections: &[Section]) -> Option<DataSection> {
    sections
        .iter()
        .find(|section| section.kind == MediaType::Data && !section.rejected)
        .map(|section| DataSection {
            max_message_bytes: section.max_message_bytes,
        })
}

/// The same description as a new offer: the next version in `o=`, and either DTLS role.
pub(crate) fn repeat_as_offer(sdp: &str) -> String {
    let edited = lines(sdp).map(|line| {
        if line.starts_with("a=setup:") {
            "a=setup:actpass".to_owned()
        } else if let Some(origin) = line.strip_prefix("o=") {
            format!("o={}", next_version(origin))
        } else {
            line.to_owned()
        }
    });
    join(edited)
}

/// Takes `msid` and `ssrc` out of the sections that send nothing. LiveKit's server matches
/// publications by `msid`; on a receiving section it would look like an unannounced track.
pub(crate) fn strip_unsent(sdp: &str) -> String {
    let all: Vec<&str> = lines(sdp).collect();
    let starts_section = |line: &&str| line.starts_with("m=");
    let mut kept = Vec::with_capacity(all.len());
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        let length = rest
            .iter()
            .skip(1)
            .position(starts_section)
            .map_or(rest.len(), |index| index + 1);
        let (section, others) = rest.split_at(length);
        let silent = section
            .iter()
            .any(|line| matches!(*line, "a=recvonly" | "a=inactive"));
        kept.extend(
            section
                .iter()
                .filter(|line| !(silent && names_a_source(line)))
                .map(|line| (*line).to_owned()),
        );
        rest = others;
    }
    join(kept.into_iter())
}

/// Puts redundant audio (RFC 2198) behind the Opus that it repeats, as browsers offer it. The order
/// is a wish, and LiveKit's server makes it ours alone: it moves redundancy to the front of its
/// answer where the track's publisher asked for it, and otherwise answers in the order of the
/// offer. With redundancy first it would announce each encrypted track as redundant audio, and
/// forward none of its packets, which are not.
pub(crate) fn prefer_plain_opus(sdp: &str) -> String {
    let sections = sections(sdp);
    let mut begun = 0;
    join(lines(sdp).map(|line| {
        begun += usize::from(line.starts_with("m="));
        let section = sections.get(usize::wrapping_sub(begun, 1));
        let red = section.and_then(Section::preferred_red);
        match (red, section.and_then(|section| section.opus_payload_type)) {
            (Some(red), Some(opus)) if line.starts_with("m=") => moved_behind(line, red, opus),
            _ => line.to_owned(),
        }
    }))
}

/// An `m=` line with one payload type moved behind another.
fn moved_behind(line: &str, moved: u8, other: u8) -> String {
    let (moved, other) = (moved.to_string(), other.to_string());
    let mut fields: Vec<&str> = line.split_whitespace().collect();
    // `m=audio PORT PROTOCOL` is followed by the payload types (RFC 8866 section 5.14).
    let place = |fields: &[&str], wanted: &str| {
        let types = fields.iter().enumerate().skip(3);
        types
            .into_iter()
            .find(|(_, field)| **field == wanted)
            .map(|(place, _)| place)
    };
    if let Some(from) = place(&fields, &moved) {
        let field = fields.remove(from);
        let to = place(&fields, &other).map_or(from, |other| other + 1);
        fields.insert(to, field);
    }
    fields.join(" ")
}

/// Takes sending out of the sections of these names.
pub(crate) fn decline_sending(sdp: &str, mids: &[String]) -> String {
    let silent: Vec<bool> = sections(sdp)
        .iter()
        .map(|section| mids.contains(&section.mid))
        .collect();
    let mut begun = 0;
    join(lines(sdp).map(|line| {
        begun += usize::from(line.starts_with("m="));
        let declines = begun > 0 && silent.get(begun - 1).copied().unwrap_or_default();
        match line {
            "a=sendonly" if declines => "a=inactive".to_owned(),
            "a=sendrecv" if declines => "a=recvonly".to_owned(),
            _ => line.to_owned(),
        }
    }))
}

fn names_a_source(line: &str) -> bool {
    ["a=msid:", "a=ssrc:", "a=ssrc-group:"]
        .iter()
        .any(|prefix| line.starts_with(prefix))
}

/// `o=<user> <session> <version> …` with the version counted up.
fn next_version(origin: &str) -> String {
    let mut fields: Vec<String> = origin.split(' ').map(str::to_owned).collect();
    if let Some(version) = fields.get_mut(2) {
        *version = version
            .parse::<u64>()
            .map_or(1, |number| number.wrapping_add(1))
            .to_string();
    }
    fields.join(" ")
}

fn lines(sdp: &str) -> impl Iterator<Item = &str> {
    sdp.lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
}

fn join(lines: impl Iterator<Item = String>) -> String {
    lines.fold(String::new(), |mut text, line| {
        text.push_str(&line);
        text.push_str("\r\n");
        text
    })
}

#[cfg(test)]
mod tests;
