//! One media section: what we send on it and what we receive.

use std::{sync::Arc, time::Duration};

use str0m::{media::Mid, stats::MediaEgressStats};

use super::sdp::Section;
use crate::{
    engine::{
        cryptor::AudioCryptor,
        lock::TransceiverMutex,
        receive::{AudioReceiver, ReceiveCounters},
        send::{
            AudioCodec, SendTarget,
            adaptation::{Adaptation, LossReport},
            encoder::Meter,
        },
        sink::Sink,
        ticker::Ticker,
        track::{AudioTrack, Track, VideoTrack},
        uuid::create_random_uuid,
    },
    types::{
        media_type::MediaType,
        rtp_parameters::{RtpEncodingParameters, RtpParameters},
        rtp_transceiver::{RtpTransceiverDirection as Direction, RtpTransceiverInit},
    },
};

/// A transceiver as senders, receivers and the connection share it.
pub(crate) struct Transceiver {
    pub(crate) kind: MediaType,
    stream_ids: Vec<String>,
    state: TransceiverMutex<State>,
}

struct State {
    mid: Option<Mid>,
    /// What the application wants.
    direction: Direction,
    /// What was last agreed.
    current: Option<Direction>,
    send: SendSide,
    receive: ReceiveSide,
}

#[derive(Default)]
struct SendSide {
    track: Option<Track>,
    /// The encoder's place among the sinks of the track's source.
    sink: Option<u64>,
    parameters: RtpParameters,
    codec: Option<AudioCodec>,
    counters: SendCounters,
    /// Extended RTP sequence number of the last packet.
    sequence: u64,
    adaptation: Adaptation,
    report: Option<PeerReport>,
    /// Packets that were sent when the peer last reported.
    reported: u64,
    cryptor: Option<Arc<AudioCryptor>>,
}

#[derive(Default)]
struct ReceiveSide {
    /// The remote stream, as long as the peer sends.
    stream_ids: Vec<String>,
    track: Option<Track>,
    audio: Option<Arc<AudioReceiver>>,
    cryptor: Option<ReceiveCryptor>,
}

/// Decrypts what arrives.
struct ReceiveCryptor {
    cryptor: Arc<AudioCryptor>,
    /// The remote stream it was made for.
    stream_ids: Vec<String>,
}

/// What was sent on a section.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SendCounters {
    pub(crate) packets: u64,
    /// Payload alone.
    pub(crate) bytes: u64,
    pub(crate) ssrc: u32,
    pub(crate) source: Meter,
    /// What the encoder was set to, bits per second.
    pub(crate) target_bitrate: i32,
}

/// What the peer's RTCP reports about our stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PeerReport {
    /// Of the packets since the last report but one, 0 to 1.
    pub(crate) fraction_lost: Option<f32>,
    /// Since the stream began. Negative when duplicates outnumber losses.
    pub(crate) packets_lost: i64,
    /// RTP ticks of 1/48000 s.
    pub(crate) jitter: u32,
    pub(crate) round_trip: Option<Duration>,
    pub(crate) round_trip_sum: Duration,
    pub(crate) round_trips: u64,
    pub(crate) nacks: u64,
}

impl Transceiver {
    pub(crate) fn new(kind: MediaType, init: RtpTransceiverInit) -> Arc<Self> {
        let mut encodings = init.send_encodings;
        if encodings.is_empty() {
            encodings.push(RtpEncodingParameters::default());
        }
        let parameters = RtpParameters {
            encodings,
            ..RtpParameters::default()
        };
        // A random start (RFC 3550) well below the wrap, and above 0, where it means "none yet".
        let sequence = u64::from(rand::random_range(1_u16..0x4000));
        Arc::new(Self {
            kind,
            stream_ids: init.stream_ids,
            state: TransceiverMutex::new(State {
                mid: None,
                direction: init.direction,
                current: None,
                send: SendSide {
                    parameters,
                    sequence,
                    ..SendSide::default()
                },
                receive: ReceiveSide::default(),
            }),
        })
    }

    // ---- section ----------------------------------------------------------

    pub(crate) fn mid(&self) -> Option<Mid> {
        self.state.lock().mid
    }

    pub(crate) fn set_mid(&self, mid: Option<Mid>) {
        self.state.lock().mid = mid;
    }

    /// The section and the wanted direction.
    pub(crate) fn section(&self) -> (Option<Mid>, Direction) {
        let state = self.state.lock();
        (state.mid, state.direction)
    }

    pub(crate) fn direction(&self) -> Direction {
        self.state.lock().direction
    }

    pub(crate) fn change_direction(&self, change: impl FnOnce(Direction) -> Direction) {
        let mut state = self.state.lock();
        state.direction = change(state.direction);
    }

    pub(crate) fn current_direction(&self) -> Option<Direction> {
        self.state.lock().current
    }

    /// Stream and track for `a=msid`. `-` is "no stream".
    pub(crate) fn msid(&self) -> (String, Option<String>) {
        let stream = self
            .stream_ids
            .first()
            .cloned()
            .unwrap_or_else(|| "-".to_owned());
        (stream, self.send_track().map(|track| track.id().to_owned()))
    }

    /// The application stopped it: nothing more is sent or decoded.
    pub(crate) fn stop(&self) {
        self.clear_send_track();
        let mut state = self.state.lock();
        state.direction = Direction::Stopped;
        state.receive.audio = None;
    }

    /// The connection was closed.
    pub(crate) fn end(&self) {
        self.clear_send_track();
        let mut state = self.state.lock();
        state.receive.audio = None;
        state.current = None;
    }

    /// Takes over this section of a remote description, with the direction agreed.
    /// What is received is played out at `ticker`. Returns the remote track if it is newly
    /// received, or received under a new stream.
    pub(crate) fn follow_remote(
        &self,
        section: &Section,
        agreed: Direction,
        ticker: &Arc<dyn Ticker>,
    ) -> Option<Track> {
        let mut state = self.state.lock();
        let receives = !section.rejected && section.sends && receives(agreed);
        let stream_ids: Vec<String> = section
            .stream_id
            .iter()
            .filter(|_| receives)
            .cloned()
            .collect();
        let received_before = state.current.is_some_and(self::receives);
        state.current = Some(if section.rejected {
            Direction::Stopped
        } else {
            agreed
        });
        if let Some(codec) = AudioCodec::of(section) {
            state.send.codec = Some(codec);
        }
        let changed = state.receive.stream_ids != stream_ids;
        state.receive.stream_ids = stream_ids;
        if !receives {
            return None;
        }
        let track = self.remote_track(&mut state, section.track_id.clone());
        if let (Track::Audio(audio), None) = (&track, &state.receive.audio) {
            let start = |sinks| AudioReceiver::start(Arc::clone(sinks), Arc::clone(ticker));
            state.receive.audio = audio.sinks().map(start);
        }
        (changed || !received_before).then_some(track)
    }

    // ---- sending ----------------------------------------------------------

    pub(crate) fn send_track(&self) -> Option<Track> {
        self.state.lock().send.track.clone()
    }

    /// Replaces the track; `encoder` makes what hears an audio track and sends it on.
    pub(crate) fn set_send_track(
        &self,
        track: Track,
        encoder: impl FnOnce(&Arc<AudioTrack>) -> Box<dyn Sink>,
    ) {
        self.clear_send_track();
        let sink = match &track {
            Track::Audio(audio) => audio.sinks().map(|sinks| sinks.add(encoder(audio))),
            Track::Video(_) => None,
        };
        let mut state = self.state.lock();
        state.send.track = Some(track);
        state.send.sink = sink;
    }

    /// Lets go of the track, which is heard no longer.
    pub(crate) fn clear_send_track(&self) {
        let (track, sink) = {
            let mut state = self.state.lock();
            (state.send.track.take(), state.send.sink.take())
        };
        if let (Some(Track::Audio(audio)), Some(id)) = (track, sink)
            && let Some(sinks) = audio.sinks()
        {
            sinks.remove(id);
        }
    }

    /// Where and how to send now; `None` while this section does not send audio.
    pub(crate) fn send_target(&self) -> Option<SendTarget> {
        let state = self.state.lock();
        let sending = matches!(
            state.current,
            Some(Direction::SendOnly | Direction::SendRecv)
        );
        let max_bitrate = state
            .send
            .parameters
            .encodings
            .first()
            .and_then(|encoding| encoding.max_bitrate);
        match (state.send.codec, state.mid) {
            (Some(codec), Some(mid)) if sending => Some(SendTarget {
                mid,
                codec,
                max_bitrate,
                adaptation: state.send.adaptation,
            }),
            _ => None,
        }
    }

    /// Counts one packet and returns its extended sequence number.
    pub(crate) fn count_sent(&self, ssrc: u32, payload_bytes: usize) -> u64 {
        let mut state = self.state.lock();
        state.send.counters.ssrc = ssrc;
        state.send.counters.packets += 1;
        state.send.counters.bytes += payload_bytes as u64;
        state.send.sequence += 1;
        state.send.sequence
    }

    /// What the source gave so far, and what the encoder makes of it.
    pub(crate) fn note_source(&self, source: Meter, target_bitrate: i32) {
        let counters = &mut self.state.lock().send.counters;
        counters.source = source;
        counters.target_bitrate = target_bitrate;
    }

    /// What the peer reports about our stream changes how it is sent.
    pub(crate) fn on_peer_report(&self, stats: &MediaEgressStats) {
        let mut state = self.state.lock();
        let send = &mut state.send;
        let Some(remote) = &stats.remote else { return };
        let mut report = send.report.unwrap_or_default();
        report.packets_lost = signed_24_bit(remote.packets_lost);
        report.jitter = remote.jitter;
        report.nacks = stats.nacks;
        // Without a loss there is no report since the last time.
        if let Some(fraction) = stats.loss {
            report.fraction_lost = Some(fraction);
            report.round_trip = stats.rtt.or(report.round_trip);
            if let Some(round_trip) = stats.rtt {
                report.round_trip_sum = report.round_trip_sum.saturating_add(round_trip);
                report.round_trips += 1;
            }
            let sent = send.counters.packets;
            let packets = sent.saturating_sub(send.reported);
            send.reported = sent;
            send.adaptation.on_report(LossReport {
                fraction,
                packets,
                round_trip: stats.rtt,
            });
        }
        send.report = Some(report);
    }

    pub(crate) fn peer_report(&self) -> Option<PeerReport> {
        self.state.lock().send.report
    }

    /// The codec that was agreed for sending.
    pub(crate) fn send_codec(&self) -> Option<AudioCodec> {
        self.state.lock().send.codec
    }

    pub(crate) fn send_counters(&self) -> SendCounters {
        self.state.lock().send.counters
    }

    pub(crate) fn send_parameters(&self) -> RtpParameters {
        self.state.lock().send.parameters.clone()
    }

    pub(crate) fn set_send_parameters(&self, parameters: RtpParameters) {
        self.state.lock().send.parameters = parameters;
    }

    /// What encrypts on this section. It stays when the application lets go of it: what was
    /// encrypted is never sent in the clear later.
    pub(crate) fn send_cryptor(&self) -> Option<Arc<AudioCryptor>> {
        self.state.lock().send.cryptor.clone()
    }

    pub(crate) fn set_send_cryptor(&self, cryptor: Arc<AudioCryptor>) {
        let old = self.state.lock().send.cryptor.replace(cryptor);
        drop(old); // owns a callback, whose drop may take other locks
    }

    // ---- receiving --------------------------------------------------------

    /// What decrypts on this section. It goes when the application has let go of it and the
    /// section was reused for another stream, which may be in the clear.
    pub(crate) fn receive_cryptor(&self) -> Option<Arc<AudioCryptor>> {
        let over = {
            let receive = &mut self.state.lock().receive;
            let attached = receive.cryptor.as_ref()?;
            if Arc::strong_count(&attached.cryptor) > 1 || attached.stream_ids == receive.stream_ids
            {
                return Some(Arc::clone(&attached.cryptor));
            }
            receive.cryptor.take()
        };
        drop(over); // owns a callback, whose drop may take other locks
        None
    }

    pub(crate) fn set_receive_cryptor(&self, cryptor: Arc<AudioCryptor>) {
        let old = {
            let receive = &mut self.state.lock().receive;
            let stream_ids = receive.stream_ids.clone();
            receive.cryptor.replace(ReceiveCryptor {
                cryptor,
                stream_ids,
            })
        };
        drop(old); // owns a callback, whose drop may take other locks
    }

    /// The remote track: one object for the life of the section.
    pub(crate) fn recv_track(&self) -> Track {
        self.remote_track(&mut self.state.lock(), None)
    }

    /// Names of the remote streams; none while the peer does not send.
    pub(crate) fn recv_stream_ids(&self) -> Vec<String> {
        self.state.lock().receive.stream_ids.clone()
    }

    pub(crate) fn audio_receiver(&self) -> Option<Arc<AudioReceiver>> {
        self.state.lock().receive.audio.clone()
    }

    pub(crate) fn receive_counters(&self) -> Option<ReceiveCounters> {
        self.audio_receiver().map(|receiver| receiver.counters())
    }

    fn remote_track(&self, state: &mut State, id: Option<String>) -> Track {
        let new_track = || {
            let id = id.unwrap_or_else(create_random_uuid);
            match self.kind {
                MediaType::Video => Track::Video(VideoTrack::new(id)),
                _ => Track::Audio(AudioTrack::remote(id)),
            }
        };
        state.receive.track.get_or_insert_with(new_track).clone()
    }
}

/// RTCP counts losses in 24 bits with a sign (RFC 3550 section 6.4.1).
const fn signed_24_bit(value: u64) -> i64 {
    let low = (value & 0xff_ffff) as i64;
    if low >= 1 << 23 { low - (1 << 24) } else { low }
}

const fn receives(direction: Direction) -> bool {
    matches!(direction, Direction::RecvOnly | Direction::SendRecv)
}

#[cfg(test)]
mod tests;
