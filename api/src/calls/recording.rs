//! `GET /v1/calls/{id}/recording`: the sound of one call, or a part of it.

use std::ops::Range;

use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use database::{Database, DatabaseError, RecordingRepository, SessionId, SoundSegment};
use futures_util::{StreamExt as _, stream};
use record::AuditedReader;
use recording::{ogg, serial};

use crate::{
    ApiError,
    access::{ClientAddress, KeyHolder},
    problems::{DatabaseProblems, NoSuchThing},
    state::AppState,
};

/// One call's recording
///
/// Opus in Ogg: left the caller, right the assistant, from the beginning of the call on. What was redacted of the words is
/// silence, and so is what was lost. A `Range` of bytes is answered with that part. Every opening is in the audit log
/// before anything is shown; without the log nothing is shown.
#[utoipa::path(
    get,
    path = "/calls/{id}/recording",
    tag = "calls",
    operation_id = "open_recording",
    params(
        ("id" = uuid::Uuid, Path, description = "The call's `session_id`."),
        ("Range" = Option<String>, Header, description = "One range of bytes: `bytes=0-1023`.")
    ),
    responses(
        (status = 200, description = "The recording.", content_type = "audio/ogg", body = Vec<u8>),
        (status = 206, description = "The part that was asked for.", content_type = "audio/ogg", body = Vec<u8>),
        (status = 416, description = "The recording has no such part."),
        NoSuchThing,
        DatabaseProblems
    )
)]
pub(super) async fn open(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    Extension(holder): Extension<KeyHolder>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let unknown = || ApiError::NotFound("a recording of this call");
    let id: SessionId = id.parse().map_err(|_| unknown())?;
    let reader = AuditedReader {
        actor: holder.actor(),
        through: "GET /v1/calls/recording",
        address: Some(address),
    };
    let opened = reader.recording(&state.database, id).await?;
    let file = Layout::new(id, &opened.ok_or_else(unknown)?);
    let asked = headers.get(header::RANGE).and_then(|it| it.to_str().ok());
    let Some(part) = range(asked, file.length) else {
        let all = format!("bytes */{}", file.length);
        let answer = (
            StatusCode::RANGE_NOT_SATISFIABLE,
            [(header::CONTENT_RANGE, all)],
        );
        return Ok(answer.into_response());
    };
    let (status, bytes) = match part {
        Some(part) => (StatusCode::PARTIAL_CONTENT, part),
        None => (StatusCode::OK, 0..file.length),
    };
    let mut answer = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "audio/ogg")
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CONTENT_LENGTH, bytes.end - bytes.start);
    if status == StatusCode::PARTIAL_CONTENT {
        let of = format!("bytes {}-{}/{}", bytes.start, bytes.end - 1, file.length);
        answer = answer.header(header::CONTENT_RANGE, of);
    }
    let body = file.read(state.database.clone(), id, bytes);
    answer.body(body).map_err(|_| ApiError::Internal)
}

/// Where each part of a recording lies in its file.
struct Layout {
    serial: u32,
    parts: Vec<(Range<u64>, Part)>,
    length: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Header,
    Stored(i32),
    Lost(i32),
}

impl Layout {
    fn new(session: SessionId, stored: &[SoundSegment]) -> Self {
        let serial = serial(session);
        let mut layout = Self {
            serial,
            parts: Vec::with_capacity(stored.len() + 1),
            length: 0,
        };
        layout.add(Part::Header, ogg::header(serial).len() as u64);
        let lost = ogg::silence(serial, 0).len() as u64;
        let mut next = 0;
        for segment in stored {
            for number in next..segment.number {
                layout.add(Part::Lost(number), lost);
            }
            let bytes = u64::try_from(segment.bytes).unwrap_or(0);
            layout.add(Part::Stored(segment.number), bytes);
            next = segment.number + 1;
        }
        layout
    }

    fn add(&mut self, part: Part, length: u64) {
        let end = self.length + length;
        self.parts.push((self.length..end, part));
        self.length = end;
    }

    /// These bytes, a segment at a time as they are taken: nothing of a long call waits in memory.
    fn read(self, database: Database, session: SessionId, bytes: Range<u64>) -> Body {
        let serial = self.serial;
        let wanted: Vec<_> = self
            .parts
            .into_iter()
            .filter(|(at, _)| at.start < bytes.end && at.end > bytes.start)
            .collect();
        let read = stream::iter(wanted).then(move |(at, part)| {
            let recordings = RecordingRepository::new(&database);
            let bytes = bytes.clone();
            async move {
                let whole = match part {
                    Part::Header => ogg::header(serial),
                    Part::Lost(number) => silence(serial, number),
                    // Erased since it was looked up: the answer breaks off.
                    Part::Stored(number) => match recordings.pages(session, number).await? {
                        Some(pages) => pages,
                        None => return Err(DatabaseError::Erased),
                    },
                };
                let from = bytes.start.max(at.start) - at.start;
                let to = bytes.end.min(at.end) - at.start;
                let cut = whole.get(from as usize..to as usize);
                Ok(cut.unwrap_or_default().to_vec())
            }
        });
        Body::from_stream(read)
    }
}

fn silence(serial: u32, number: i32) -> Vec<u8> {
    u32::try_from(number).map_or_else(|_| Vec::new(), |number| ogg::silence(serial, number))
}

/// The one range of bytes that a header asks for; `Some(None)`: everything, because it asks for no range, or for several,
/// or for what nobody understands (RFC 9110, 14.2). `None`: there is no such part.
fn range(header: Option<&str>, length: u64) -> Option<Option<Range<u64>>> {
    let Some((first, last)) = header
        .and_then(|text| text.trim().strip_prefix("bytes="))
        .and_then(|range| range.split_once('-'))
    else {
        return Some(None);
    };
    let range = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Ok(first), Err(_)) if last.trim().is_empty() => first..length,
        (Err(_), Ok(last)) if first.trim().is_empty() => length.saturating_sub(last)..length,
        _ => return Some(None),
    };
    (range.start < range.end).then_some(Some(range))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_browsers_write_it() {
        let whole = Some(None);
        for (header, expected) in [
            (None, whole.clone()),
            (Some("bytes=0-"), Some(Some(0..100))),
            (Some("bytes=0-0"), Some(Some(0..1))),
            (Some("bytes=10-19"), Some(Some(10..20))),
            (Some("bytes=90-500"), Some(Some(90..100))),
            (Some("bytes=-10"), Some(Some(90..100))),
            (Some("bytes=-500"), Some(Some(0..100))),
            (Some("bytes=100-"), None),
            (Some("bytes=-0"), None),
            (Some("bytes=20-10"), whole.clone()),
            (Some("bytes=0-1,5-6"), whole.clone()),
            (Some("seconds=0-1"), whole.clone()),
            (Some("bytes=-"), whole),
        ] {
            assert_eq!(range(header, 100), expected, "{header:?}");
        }
    }

    #[test]
    fn a_segment_that_was_lost_is_silence_and_what_follows_stays_where_it_was() {
        let stored = [(0, 1_000), (2, 500)].map(|(number, bytes)| SoundSegment { number, bytes });
        let layout = Layout::new(SessionId::new(), &stored);
        let parts: Vec<Part> = layout.parts.iter().map(|(_, part)| *part).collect();
        let expected = [
            Part::Header,
            Part::Stored(0),
            Part::Lost(1),
            Part::Stored(2),
        ];
        assert_eq!(parts, expected);
        let silence = ogg::silence(layout.serial, 1).len() as u64;
        let header = ogg::header(layout.serial).len() as u64;
        assert_eq!(layout.length, header + 1_500 + silence);
        for pair in layout.parts.windows(2) {
            assert_eq!(pair[0].0.end, pair[1].0.start, "no byte is missing");
        }
    }
}
