use super::*;

const ANSWER: &str = "v=0\r\no=- 42 7 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2 d\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=mid:0\r\na=sendonly\r\na=msid:PA_x|TR_y track-1\r\n\
    a=rtpmap:111 OPUS/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1; usedtx=1;maxaveragebitrate=24000\r\n\
    a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=ssrc:5 cname:x\r\na=setup:active\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\na=recvonly\r\na=msid:- track-2\r\na=ssrc:6 cname:x\r\n\
    a=ssrc-group:FID 6 7\r\n\
    m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:2\r\na=inactive\r\n\
    m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\na=setup:active\r\n";

#[test]
fn a_sending_section_tells_stream_track_and_codec() {
    let section = &sections(ANSWER)[0];
    assert_eq!(
        (section.kind, section.mid.as_str(), section.sends),
        (MediaType::Audio, "0", true)
    );
    assert_eq!(section.stream_id.as_deref(), Some("PA_x|TR_y"));
    assert_eq!(section.track_id.as_deref(), Some("track-1"));
    assert_eq!(section.opus_payload_type, Some(111));
}

#[test]
fn opus_parameters_are_read_from_the_line_of_opus_alone() {
    let section = &sections(ANSWER)[0];
    assert!(section.opus_flag("useinbandfec") && section.opus_flag("USEDTX"));
    assert!(!section.opus_flag("stereo"));
    assert_eq!(section.opus_number("maxaveragebitrate"), Some(24_000));
    assert_eq!(section.opus_number("absent"), None);
}

#[test]
fn redundant_audio_is_sent_only_if_the_peer_prefers_it() {
    assert_eq!(
        sections(ANSWER)[0].preferred_red(),
        None,
        "Opus comes first"
    );
    let first = ANSWER.replace("SAVPF 111 63", "SAVPF 63 111");
    assert_eq!(sections(&first)[0].preferred_red(), Some(63));
    assert_eq!(sections(&first)[1].preferred_red(), None, "not offered");
    let other = first.replace("a=fmtp:63 111/111", "a=fmtp:63 9/9");
    assert_eq!(
        sections(&other)[0].preferred_red(),
        None,
        "of another codec"
    );
}

#[test]
fn an_offer_wants_plain_opus_first_and_says_nothing_else() {
    let offer = ANSWER.replace("SAVPF 111 63", "SAVPF 9 63 0 111 8");
    let turned = prefer_plain_opus(&offer);
    assert_eq!(sections(&turned)[0].preferred_red(), None, "in\n{turned}");
    assert_eq!(turned, offer.replace("9 63 0 111 8", "9 0 111 63 8"));
    assert_eq!(prefer_plain_opus(ANSWER), ANSWER, "it was so already");
}

#[test]
fn a_dash_names_no_stream() {
    let section = &sections(ANSWER)[1];
    assert_eq!((section.stream_id.as_deref(), section.sends), (None, false));
}

#[test]
fn port_zero_is_a_refusal() {
    let refused: Vec<bool> = sections(ANSWER)
        .iter()
        .map(|section| section.rejected)
        .collect();
    assert_eq!(refused, [false, false, true, false]);
}

#[test]
fn fingerprints_and_the_ice_session_are_read_in_one_case() {
    let sdp = "a=fingerprint:sha-256 AB:CD\r\na=ice-ufrag:Xy\r\nm=audio 9 x 0\r\n\
        a=fingerprint:sha-256 ab:cd\r\na=ice-ufrag:Xy\r\n";
    assert_eq!(fingerprints(sdp), ["sha-256 ab:cd", "sha-256 ab:cd"]);
    assert_eq!(ice_session(sdp).as_deref(), Some("xy"));
    assert_eq!(ice_session(ANSWER), None);
}

#[test]
fn a_data_section_counts_unless_it_is_refused() {
    let silent = DataSection {
        max_message_bytes: None,
    };
    assert_eq!(data_section(&sections(ANSWER)), Some(silent));
    let refused = ANSWER.replace("m=application 9", "m=application 0");
    assert_eq!(data_section(&sections(&refused)), None);
}

#[test]
fn the_longest_message_is_read_and_zero_means_any() {
    let limit = |text: &str| {
        let sdp = format!("m=application 9 UDP/DTLS/SCTP x\r\na=max-message-size:{text}\r\n");
        data_section(&sections(&sdp)).and_then(|data| data.max_message_bytes)
    };
    assert_eq!(limit("65535"), Some(65_535));
    assert_eq!(limit("0"), Some(usize::MAX));
    assert_eq!(limit("-3"), None);
}

#[test]
fn sources_are_stripped_from_receiving_sections_only() {
    let stripped = strip_unsent(ANSWER);
    assert!(stripped.contains("a=msid:PA_x|TR_y track-1\r\n") && stripped.contains("a=ssrc:5 "));
    for gone in ["track-2", "a=ssrc:6", "a=ssrc-group"] {
        assert!(!stripped.contains(gone), "{gone} is still in\n{stripped}");
    }
    assert_eq!(sections(&stripped).len(), 4);
}

#[test]
fn sending_is_declined_in_the_named_sections_only() {
    let both = ANSWER.replace("a=recvonly", "a=sendrecv");
    let declined = decline_sending(&both, &["1".to_owned()]);
    let sends: Vec<bool> = sections(&declined).iter().map(|s| s.sends).collect();
    assert_eq!(sends, [true, false, false, true]);
    assert!(declined.contains("a=recvonly") && !declined.contains("a=sendrecv"));
}

#[test]
fn a_payload_type_of_more_than_seven_bits_is_none() {
    for (number, expected) in [("127", Some(127)), ("128", None), ("255", None)] {
        let sdp = format!("m=audio 9 x {number}\r\na=rtpmap:{number} opus/48000/2\r\n");
        assert_eq!(
            sections(&sdp)[0].opus_payload_type,
            expected,
            "for {number}"
        );
    }
}

#[test]
fn a_repeated_offer_has_the_next_version_and_either_role() {
    let offer = repeat_as_offer(ANSWER);
    assert!(
        offer.contains("o=- 42 8 IN IP4"),
        "the version did not move on in\n{offer}"
    );
    assert_eq!(offer.matches("a=setup:actpass\r\n").count(), 2);
    assert!(!offer.contains("a=setup:active"));
}

#[test]
fn rubbish_is_read_without_complaint() {
    assert!(sections("").is_empty());
    assert!(sections("a=mid:9\r\nnonsense").is_empty());
    let odd = sections("m=\r\na=fmtp:\r\na=rtpmap:x opus/48000\r\na=msid:\r\na=\r\n");
    assert_eq!(odd.len(), 1);
    assert_eq!(odd[0].kind, MediaType::Unsupported);
    assert_eq!(repeat_as_offer("o=x"), "o=x\r\n");
}
