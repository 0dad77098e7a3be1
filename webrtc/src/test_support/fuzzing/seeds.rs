//! The inputs that fuzzing starts from: small, valid, one for each thing a script can do.

use crate::{
    MediaType,
    data_channel::DataChannelInit,
    engine::{negotiation::sdp::sections, test_support},
    peer_connection::OfferOptions,
    peer_connection_factory::RtcConfiguration,
    rtp_transceiver::{RtpTransceiverDirection, RtpTransceiverInit},
    session_description::{SdpType, SessionDescription},
};

/// One input of one target.
pub struct Seed {
    /// Folder below `corpus`.
    pub target: &'static str,
    /// File name.
    pub name: &'static str,
    /// Content.
    pub bytes: Vec<u8>,
}

/// What a browser offers, shortened: several codecs, RED, extensions, simulcast, a data section.
const BROWSER_OFFER: &str = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
a=group:BUNDLE 0 1 2\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS *\r\n\
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 13 126\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
a=ice-ufrag:aBcD\r\na=ice-pwd:0123456789abcdefghijklmn\r\na=ice-options:trickle\r\n\
a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n\
a=setup:actpass\r\na=mid:0\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n\
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendrecv\r\na=msid:PA_b|TR_b track-b\r\na=rtcp-mux\r\n\
a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n\
a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\n\
a=rtpmap:13 CN/8000\r\na=rtpmap:126 telephone-event/8000\r\na=ssrc:1001 cname:x\r\na=ssrc:1001 msid:PA_b|TR_b track-b\r\n\
m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:aBcD\r\na=ice-pwd:0123456789abcdefghijklmn\r\n\
a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n\
a=setup:actpass\r\na=mid:1\r\na=sendonly\r\na=msid:- video-b\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n\
a=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rid:q send\r\na=rid:h send\r\na=simulcast:send q;h\r\n\
a=ssrc-group:FID 2001 2002\r\na=ssrc:2001 cname:x\r\na=ssrc:2002 cname:x\r\n\
m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:aBcD\r\na=ice-pwd:0123456789abcdefghijklmn\r\n\
a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n\
a=setup:actpass\r\na=mid:2\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n";

/// Every kind of candidate, and one that is none.
const CANDIDATES: [&str; 6] = [
    "candidate:1 1 udp 2130706431 10.0.0.2 5000 typ host generation 0 ufrag aBcD",
    "candidate:2 1 tcp 1518280447 10.0.0.2 9 typ host tcptype active",
    "candidate:3 1 udp 1686052607 192.0.2.1 5001 typ srflx raddr 10.0.0.2 rport 5000",
    "candidate:4 1 udp 41885439 2001:db8::1 5002 typ relay raddr 192.0.2.1 rport 5001",
    "candidate:5 1 udp 2122260223 1b4a4a0e-3b3c-4a3d-9e3f-6f8d7c2b1a00.local 5003 typ host",
    "candidate:x",
];

/// All of them.
///
/// # Panics
///
/// When the engine does not even make the descriptions that seeds are made of.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = descriptions();
    seeds.extend(packets());
    seeds.extend(associations());
    seeds.extend(datagrams());
    seeds.extend(answers());
    seeds
}

fn descriptions() -> Vec<Seed> {
    let (offer, answer) = exchange();
    let script = |steps: &[&str]| steps.join("\u{fffd}").into_bytes();
    // One byte that no text contains ends a step; U+FFFD stands for it above.
    let script = |steps: &[&str]| split_steps(&script(steps));
    let offered = format!("o{offer}");
    let browser = format!("o{BROWSER_OFFER}");
    let answered = format!("a{answer}");
    let candidates: Vec<String> = CANDIDATES.iter().map(|line| format!("c{line}")).collect();
    let mut with_candidates = vec![browser.as_str()];
    with_candidates.extend(candidates.iter().map(String::as_str));
    with_candidates.push("t");
    let seed = |name, steps: &[&str]| Seed {
        target: "sdp",
        name,
        bytes: script(steps),
    };
    vec![
        seed("offered", &[&offered, "t"]),
        seed("offered-by-a-browser", &with_candidates),
        seed("answered", &["nTR_a", "d", "m", &answered, "t"]),
        seed(
            "answered-twice",
            &["nTR_a", "d", "m", &answered, "m", &answered, "t"],
        ),
        seed(
            "restarted",
            &["nTR_a", "d", "m", &answered, "e", &answered, "t"],
        ),
        seed("rolled-back", &["nTR_a", "m", "r", &browser, "m", "r"]),
        seed(
            "both-offer",
            &["nTR_a", "d", "m", &browser, "m", "x", &browser],
        ),
    ]
}

fn split_steps(text: &[u8]) -> Vec<u8> {
    let mark = "\u{fffd}".as_bytes();
    let mut steps = Vec::new();
    let mut rest = text;
    while let Some((first, others)) = rest.split_first() {
        if rest.starts_with(mark) {
            steps.push(0xff);
            rest = &rest[mark.len()..];
        } else {
            steps.push(*first);
            rest = others;
        }
    }
    steps
}

/// An offer of this engine and the answer to it, with `@0` and `@1` for the sections' names.
fn exchange() -> (String, String) {
    let now = test_support::start();
    let mut offerer = test_support::core(RtcConfiguration::default(), now);
    let init = RtpTransceiverInit {
        direction: RtpTransceiverDirection::SendRecv,
        stream_ids: vec!["PA_a|TR_a".to_owned()],
        send_encodings: Vec::new(),
    };
    offerer
        .add_transceiver(MediaType::Audio, init)
        .expect("a section");
    offerer
        .create_channel("c", DataChannelInit::default(), now)
        .expect("a channel");
    let offer = offerer
        .create_offer(&OfferOptions::default(), now)
        .expect("an offer")
        .sdp;
    let mut answerer = test_support::core(RtcConfiguration::default(), now);
    let description = SessionDescription {
        sdp: offer.clone(),
        ty: SdpType::Offer,
    };
    answerer
        .set_remote(description, now)
        .expect("our own offer");
    let answer = answerer.create_answer().expect("an answer").sdp;
    let mut named = answer;
    for (index, section) in sections(&offer).iter().enumerate() {
        named = named.replace(&section.mid, &format!("@{index}"));
    }
    (offer, named)
}

fn packets() -> Vec<Seed> {
    let rtp = |name, bytes: &[u8]| Seed {
        target: "rtp",
        name,
        bytes: bytes.to_vec(),
    };
    let opus = |name, bytes: &[u8]| Seed {
        target: "opus",
        name,
        bytes: bytes.to_vec(),
    };
    let next = |index: u8| [0, 1, index, 7, 2]; // a packet, then 20 ms
    let in_order: Vec<u8> = [2].into_iter().chain((0..30).flat_map(next)).collect();
    let mut lossy = in_order.clone();
    lossy.extend([0, 3, 40, 7, 2, 0, 0xfe, 39, 7, 2, 0, 2, 41, 7, 8]);
    let mut jumps = in_order.clone();
    jumps.extend([
        3, 0, 0, 0, 5, 7, 4, 4, 0xff, 0xff, 0xff, 0, 0, 1, 1, 5, 9, 0, 1, 2, 7, 9,
    ]);
    let mut payloads = in_order.clone();
    payloads.extend([
        6, 0, 3, 0x78, 0xff, 0xfe, 7, 3, 6, 0, 0, 7, 2, 6, 0, 1, 0x0b, 7, 2,
    ]);
    vec![
        rtp("in-order", &in_order),
        rtp("lossy", &lossy),
        rtp("jumps", &jumps),
        rtp("payloads", &payloads),
        // Frames of 2.5 to 120 ms, of each coder, with each code of packing (RFC 6716, 3.1).
        opus(
            "tones",
            &[
                2, 0x50, 0x51, 0x52, 0x53, 0x54, 0x00, 0x56, 0x00, 0x00, 0x59,
            ],
        ),
        opus(
            "packing",
            &[
                0, 0x50, 0x81, 3, 0x08, 1, 2, 0x81, 3, 0x79, 9, 9, 0x82, 4, 0xfa, 1, 5, 5,
            ],
        ),
        opus(
            "many-frames",
            &[
                4, 0x50, 0x81, 6, 0x1b, 0x83, 1, 2, 3, 4, 0x81, 4, 0xe3, 0xb0, 7, 7,
            ],
        ),
        opus(
            "rates",
            &[
                1, 0x50, 0x44, 0x51, 0x45, 0x52, 0x00, 0x41, 0x53, 0x46, 0x54,
            ],
        ),
    ]
}

/// Chunks of RFC 9260, RFC 3758 and RFC 6525, and messages of RFC 8832.
fn associations() -> Vec<Seed> {
    let chunk = |chunk: &[u8]| {
        let mut step = vec![1];
        step.extend((chunk.len() as u16).to_be_bytes());
        step.extend(chunk);
        step
    };
    let message = |flags: u8, stream: u8, ppid: u8, payload: &[u8]| {
        let mut step = vec![2, flags, 0, stream, ppid, payload.len() as u8];
        step.extend(payload);
        step
    };
    let open = [3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, b'x'];
    let lossy = [3, 0x81, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, b'y', b'p'];
    let wait = vec![3, 4];
    let channel = [
        message(3, 9, 50, &open),
        message(3, 9, 51, b"text"),
        message(3, 9, 53, &[1, 2, 3]),
        message(3, 11, 50, &lossy),
        message(7, 11, 57, &[0]),
        wait.clone(),
    ];
    let pieces = [
        message(3, 9, 50, &open),
        message(2, 9, 53, &[1; 40]),
        message(0, 9, 53, &[2; 40]),
        message(1, 9, 53, &[3; 40]),
        wait.clone(),
    ];
    let chunks = [
        chunk(&[1, 0, 0, 20, 0, 0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 9, 0, 0, 0, 1]), // INIT
        chunk(&[3, 0, 0, 16, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]),             // SACK
        chunk(&[4, 0, 0, 8, 0, 1, 0, 4]),                                      // HEARTBEAT
        chunk(&[192, 0, 0, 12, 0, 0, 0, 9, 0, 1, 0, 1]),                       // FORWARD-TSN
        chunk(&[
            130, 0, 0, 22, 0, 13, 0, 18, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 9, 0, 0,
        ]),
        chunk(&[10, 0, 0, 8, 1, 2, 3, 4]), // COOKIE-ECHO
        chunk(&[9, 0, 0, 8, 0, 1, 0, 4]),  // ERROR
        wait.clone(),
    ];
    let ends = [
        chunk(&[7, 0, 0, 8, 0, 0, 0, 1]), // SHUTDOWN
        wait,
        chunk(&[6, 0, 0, 4]), // ABORT
    ];
    let seed = |name, steps: &[Vec<u8>]| Seed {
        target: "sctp",
        name,
        bytes: steps.concat(),
    };
    vec![
        seed("channel", &channel),
        seed("pieces", &pieces),
        seed("chunks", &chunks),
        seed("ends", &ends),
        seed(
            "raw",
            &[vec![0, 0, 12, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
        ),
    ]
}

/// Of a STUN or TURN server (RFC 8489, RFC 8656): refusals, an allocation, channels, data.
fn answers() -> Vec<Seed> {
    let refusal = |code: [u8; 2]| {
        let mut step = vec![1, 0x3a, 9, 4, 0, 0, code[0], code[1]]; // unsigned, three attributes
        step.extend([0x14, 5, b'r', b'e', b'a', b'l', b'm', 0x15, 2, b'n', b'1']);
        step
    };
    // An address is XORed with the magic cookie: 203.0.113.9:50000.
    let allocated = vec![
        1, 0x20, 0x16, 8, 0, 1, 0xe2, 0x42, 0xea, 0x12, 0xd5, 0x4b, 0x0d, 4, 0, 0, 2, 0x58,
    ];
    let short_lived = vec![
        1, 0x20, 0x16, 8, 0, 1, 0xe2, 0x42, 0xea, 0x12, 0xd5, 0x4b, 0x0d, 4, 0, 0, 0, 0,
    ];
    let send = vec![3, 9, 3, 1, 2, 3];
    let bound = vec![1, 0];
    let data = vec![0, 0, 8, 0x40, 0, 0, 4, 1, 2, 3, 4];
    let later = vec![4, 200, 5, 5, 5];
    let seed = |name, over_stream: u8, steps: &[Vec<u8>]| Seed {
        target: "stun",
        name,
        bytes: [vec![over_stream], steps.concat()].concat(),
    };
    let whole = [
        refusal([4, 1]),
        allocated.clone(),
        send.clone(),
        bound,
        send,
        data,
        later.clone(),
    ];
    vec![
        seed("allocation", 0, &whole),
        seed(
            "stale",
            0,
            &[
                refusal([4, 1]),
                refusal([4, 38]),
                allocated.clone(),
                later.clone(),
            ],
        ),
        seed("refused", 0, &[refusal([4, 3]), later.clone()]),
        seed(
            "short-lived",
            0,
            &[refusal([4, 1]), short_lived, later.clone()],
        ),
        seed("silent", 0, &[later.clone(), later]),
        seed(
            "stream",
            1,
            &[vec![2, 9, 0x40, 0, 0, 4, 1, 2, 3, 4, 0, 2, 3, 1, 1, 0]],
        ),
        seed(
            "lengths",
            0,
            &[vec![2, 5, 0, 2, 7, 7, 0, 2, 4, 0, 9, 1, 1], allocated],
        ),
    ]
}

fn datagrams() -> Vec<Seed> {
    let raw = |state: u8, datagram: &[u8]| {
        let mut script = vec![state, 0];
        script.extend((datagram.len() as u16).to_be_bytes());
        script.extend(datagram);
        script.extend([5, 3]);
        script
    };
    // A binding request without its integrity; the header alone is 20 bytes (RFC 8489).
    let mut stun = vec![0, 1, 0, 12, 0x21, 0x12, 0xa4, 0x42];
    stun.extend([7; 12]);
    stun.extend([0, 6, 0, 5, b'a', b':', b'b', b'c', b'd', 0, 0, 0]);
    // A handshake record of DTLS 1.2 with the start of a ClientHello (RFC 6347).
    let mut dtls = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16];
    dtls.extend([1, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 4, 0xfe, 0xfd, 0, 0]);
    let rtp = [
        0x90, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0, 1, 2,
    ];
    let rtcp = [
        0x80, 200, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    let spoilt = [
        2, 2, 5, 0xff, 5, 1, 2, 30, 0, 5, 1, 3, 4, 200, 3, 9, 5, 5, 30,
    ];
    let seed = |name, bytes: Vec<u8>| Seed {
        target: "datagram",
        name,
        bytes,
    };
    vec![
        seed("stun-before", raw(0, &stun)),
        seed("dtls-within", raw(1, &dtls)),
        seed("rtp-connected", raw(2, &rtp)),
        seed("rtcp-connected", raw(2, &rtcp)),
        seed("spoilt-and-replayed", spoilt.to_vec()),
        seed(
            "strangers",
            vec![3, 1, 0, 9, 4, 1, 2, 3, 4, 5, 9, 4, 3, 9, 9, 9],
        ),
    ]
}
