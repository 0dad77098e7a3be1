//! Scripts: sentences in, frames counted, heard text out. Sound is 1000 throughout, so silence shows.

use super::*;

const A: SpeechId = SpeechId(1);
const B: SpeechId = SpeechId(2);

fn speech(ms: usize) -> Arc<Speech> {
    Arc::new(Speech {
        samples: vec![1000; ms * 24],
        ..Speech::default()
    })
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Sends up to `limit` ms; returns how many were sent and the step after them.
fn send(playout: &mut Playout, limit: usize) -> (usize, Step) {
    let mut frame = [0; FRAME_SAMPLES];
    for sent in 0..limit / 10 {
        let step = playout.next(&mut frame);
        if step != Step::Frame {
            return (sent * 10, step);
        }
    }
    (limit, Step::Frame)
}

fn events(playout: &mut Playout) -> Vec<VoiceEvent> {
    std::iter::from_fn(|| playout.take_event()).collect()
}

/// (heard, interrupted) of each speech that finished.
fn finished(playout: &mut Playout) -> Vec<(SpeechId, String, bool)> {
    let one = |event| match event {
        VoiceEvent::Finished {
            id,
            heard,
            interrupted,
        } => Some((id, heard, interrupted)),
        _ => None,
    };
    events(playout).into_iter().filter_map(one).collect()
}

fn one_sentence(text: &str, length_ms: usize) -> Playout {
    let mut playout = Playout::default();
    playout.begin(A, true);
    playout.sentence(A, text.into(), speech(length_ms));
    playout.end(A);
    playout
}

#[test]
fn two_sentences_go_out_with_a_gap_and_are_told_in_order() {
    let mut playout = one_sentence("One.", 100);
    playout.begin(B, false);
    playout.sentence(B, "Two.".into(), speech(100));
    playout.sentence(B, "Three.".into(), speech(100));
    playout.end(B);
    assert_eq!(send(&mut playout, 1000), (100, Step::Drain));
    playout.drained();
    assert_eq!(
        send(&mut playout, 1000),
        (380, Step::Drain),
        "two sentences of 100 ms with a gap of 180 ms"
    );
    playout.drained();
    assert_eq!(send(&mut playout, 1000), (0, Step::Idle));
    let told = events(&mut playout);
    let expected = [
        VoiceEvent::Started {
            id: A,
            interruptible: true,
        },
        VoiceEvent::Sentence {
            id: A,
            text: "One.".into(),
        },
        VoiceEvent::Finished {
            id: A,
            heard: "One.".into(),
            interrupted: false,
        },
        VoiceEvent::Started {
            id: B,
            interruptible: false,
        },
        VoiceEvent::Sentence {
            id: B,
            text: "Two.".into(),
        },
        VoiceEvent::Sentence {
            id: B,
            text: "Three.".into(),
        },
        VoiceEvent::Finished {
            id: B,
            heard: "Two. Three.".into(),
            interrupted: false,
        },
    ];
    assert_eq!(told, expected);
}

#[test]
fn the_heard_text_is_cut_at_a_word_in_proportion() {
    // 39 characters over 3.9 s: one each 100 ms.
    let text = "Your card was blocked on Monday, Laura.";
    for (sent, unheard, heard) in [
        (0, 0, ""),
        (300, 0, ""),
        (400, 0, "Your"),
        (1000, 0, "Your card"),
        (1300, 0, "Your card was"),
        (1300, 400, "Your card"),
        (1300, 5000, ""),
        (3800, 0, "Your card was blocked on Monday,"),
        (3900, 0, text),
        (3900, 100, "Your card was blocked on Monday,"),
    ] {
        let mut playout = one_sentence(text, 3900);
        send(&mut playout, sent);
        playout.cancel(ms(unheard));
        assert_eq!(
            finished(&mut playout),
            [(A, heard.to_owned(), true)],
            "{sent} ms sent, {unheard} ms of it unheard"
        );
    }
}

#[test]
fn cancel_fades_within_20_ms_and_ends_every_speech() {
    let mut playout = one_sentence("One two three.", 1000);
    playout.begin(B, true);
    playout.sentence(B, "Never heard.".into(), speech(500));
    send(&mut playout, 500);
    playout.cancel(ms(0));
    let mut frame = [0; FRAME_SAMPLES];
    let mut tail = Vec::new();
    while playout.next(&mut frame) == Step::Frame {
        tail.extend(frame);
    }
    assert_eq!(tail.len(), FADE_SAMPLES, "the fade is not 20 ms long");
    assert!(
        tail.windows(2).all(|pair| pair[0] >= pair[1]) && tail[FADE_SAMPLES - 1] < 10,
        "it does not fade"
    );
    assert_eq!(
        finished(&mut playout),
        [(A, "One two".into(), true), (B, String::new(), true)]
    );
    playout.sentence(A, "Late.".into(), speech(100));
    playout.end(A);
    assert_eq!(
        send(&mut playout, 100),
        (0, Step::Idle),
        "a cancelled speech came back"
    );
}

#[test]
fn a_paused_speech_goes_on_a_word_before_where_it_was() {
    let mut samples = vec![1000; 2000 * 24];
    // A pause between words at 700 ms.
    samples[700 * 24..730 * 24].fill(0);
    let mut playout = Playout::default();
    playout.begin(A, true);
    playout.sentence(
        A,
        "Some words.".into(),
        Arc::new(Speech {
            samples,
            ..Speech::default()
        }),
    );
    playout.end(A);
    send(&mut playout, 1100);
    playout.pause(ms(100));
    assert_eq!(
        send(&mut playout, 500),
        (20, Step::Idle),
        "a pause is 20 ms of fade and then nothing"
    );
    playout.resume();
    let (sent, step) = send(&mut playout, 5000);
    assert_eq!(step, Step::Drain);
    assert!(
        (1270..=1310).contains(&sent),
        "from 700 ms on, 1300 ms were left; {sent} went out"
    );
    playout.drained();
    assert_eq!(finished(&mut playout), [(A, "Some words.".into(), false)]);
}

#[test]
fn a_pause_that_becomes_a_cancel_counts_what_was_heard_before_it() {
    let mut playout = one_sentence("Your card was blocked on Monday, Laura.", 3900);
    send(&mut playout, 1400);
    playout.pause(ms(100));
    send(&mut playout, 500);
    playout.cancel(ms(0));
    assert_eq!(
        finished(&mut playout),
        [(A, "Your card was".into(), true)],
        "backing up un-heard what was heard"
    );
}

#[test]
fn a_late_sentence_goes_on_after_the_gap() {
    let mut playout = Playout::default();
    playout.begin(A, true);
    assert_eq!(send(&mut playout, 100), (0, Step::Idle));
    playout.sentence(A, "One.".into(), speech(100));
    assert_eq!(
        send(&mut playout, 1000),
        (280, Step::Idle),
        "a sentence and its gap"
    );
    playout.sentence(A, "Two.".into(), speech(100));
    assert_eq!(
        send(&mut playout, 1000).0,
        280,
        "the next one begins at once"
    );
    playout.end(A);
    assert_eq!(send(&mut playout, 1000), (0, Step::Drain));
    playout.drained();
    assert_eq!(finished(&mut playout), [(A, "One. Two.".into(), false)]);
}

#[test]
fn an_empty_speech_finishes_without_having_started() {
    let mut playout = Playout::default();
    playout.begin(A, true);
    playout.end(A);
    assert_eq!(send(&mut playout, 100), (0, Step::Drain));
    playout.drained();
    assert_eq!(
        events(&mut playout),
        [VoiceEvent::Finished {
            id: A,
            heard: String::new(),
            interrupted: false
        }]
    );
}

#[test]
fn a_sentence_without_sound_is_told_and_does_not_block() {
    let mut playout = one_sentence("😀", 0);
    send(&mut playout, 1000);
    playout.drained();
    let told = events(&mut playout);
    assert!(
        told.contains(&VoiceEvent::Finished {
            id: A,
            heard: "😀".into(),
            interrupted: false
        }),
        "{told:?}"
    );
}

#[test]
fn a_speech_that_starves_others_can_be_given_up() {
    let mut playout = Playout::default();
    playout.begin(A, true);
    playout.begin(B, true);
    playout.sentence(B, "Two.".into(), speech(100));
    playout.end(B);
    assert_eq!(send(&mut playout, 100), (0, Step::Starved));
    playout.skip_starved();
    assert_eq!(send(&mut playout, 1000), (100, Step::Drain));
    assert_eq!(finished(&mut playout), [(A, String::new(), true)]);
}

#[test]
fn resuming_rises_from_silence() {
    let mut playout = one_sentence("Some words.", 2000);
    send(&mut playout, 1000);
    playout.pause(ms(0));
    send(&mut playout, 100);
    playout.resume();
    let mut frame = [0; FRAME_SAMPLES];
    assert_eq!(playout.next(&mut frame), Step::Frame);
    assert!(
        frame[0] == 0 && frame[FRAME_SAMPLES - 1] > 900,
        "the first frame is {} to {}",
        frame[0],
        frame[FRAME_SAMPLES - 1]
    );
}

#[test]
fn a_ducked_speech_is_quieter_at_once_and_as_loud_as_before_when_it_resumes() {
    let mut playout = one_sentence("Some words.", 2000);
    send(&mut playout, 1000);
    playout.duck(ms(60));
    let mut frame = [0; FRAME_SAMPLES];
    let mut levels = Vec::new();
    for _ in 0..4 {
        assert_eq!(playout.next(&mut frame), Step::Frame);
        levels.push(frame[FRAME_SAMPLES - 1]);
    }
    assert!(levels[0] > 600 && levels[0] < 640, "{levels:?}");
    assert_eq!(levels[2..], [250, 250], "{levels:?}");
    playout.resume();
    send(&mut playout, 30);
    playout.next(&mut frame);
    assert_eq!(frame[0], 1000, "it stayed quiet");
    // What waited in the sink was sent again, and no more.
    assert_eq!(send(&mut playout, 5000), (1060 - 80, Step::Drain));
    playout.drained();
    assert_eq!(finished(&mut playout), [(A, "Some words.".into(), false)]);
}

#[test]
fn a_ducked_speech_that_is_cancelled_counts_what_was_heard_and_the_next_one_is_loud() {
    let mut playout = one_sentence("Your card was blocked on Monday, Laura.", 3900);
    send(&mut playout, 1300);
    playout.duck(ms(60));
    send(&mut playout, 200);
    playout.cancel(ms(60));
    assert_eq!(finished(&mut playout), [(A, "Your card was".into(), true)]);
    playout.begin(B, true);
    playout.sentence(B, "Two.".into(), speech(100));
    let mut frame = [0; FRAME_SAMPLES];
    send(&mut playout, 20);
    playout.next(&mut frame);
    assert_eq!(frame, [1000; FRAME_SAMPLES], "a new speech began quietly");
}

#[test]
fn what_was_heard_before_a_pause_stays_heard_when_the_next_pause_comes_soon() {
    let mut playout = one_sentence("Your card was blocked on Monday, Laura.", 3900);
    send(&mut playout, 1300);
    playout.pause(ms(0));
    send(&mut playout, 100);
    playout.resume();
    // It goes on before "was"; the next pause comes before that is said again.
    send(&mut playout, 100);
    playout.pause(ms(60));
    playout.cancel(ms(0));
    assert_eq!(finished(&mut playout), [(A, "Your card was".into(), true)]);
}

/// A sentence of 39 characters over 3.9 s, of which `there_ms` are there.
fn growing(there_ms: usize) -> Playout {
    let mut playout = Playout::default();
    playout.begin(A, true);
    let text = "Your card was blocked on Monday, Laura.";
    playout.growing(A, text.into(), vec![1000; there_ms * 24], 3900 * 24);
    playout
}

#[test]
fn a_sentence_is_heard_while_it_is_still_being_made() {
    let mut playout = growing(230);
    assert_eq!(send(&mut playout, 1000), (230, Step::Idle));
    assert_eq!(
        events(&mut playout).len(),
        2,
        "it started and the sentence began"
    );
    playout.more(A, &vec![1000; 700 * 24], 3900 * 24);
    assert_eq!(
        send(&mut playout, 1000),
        (700, Step::Idle),
        "no gap, no silence in between"
    );
    playout.more(A, &vec![1000; 2970 * 24], 3900 * 24);
    playout.complete(A);
    playout.end(A);
    assert_eq!(send(&mut playout, 9000), (2970, Step::Drain));
    playout.drained();
    let text = "Your card was blocked on Monday, Laura.";
    assert_eq!(finished(&mut playout), [(A, text.into(), false)]);
}

#[test]
fn only_whole_frames_of_an_unfinished_sentence_go_out() {
    let mut playout = growing(0);
    playout.more(A, &[1000; 239], 3900 * 24);
    assert_eq!(send(&mut playout, 1000), (0, Step::Idle));
    playout.more(A, &[1000; 2], 3900 * 24);
    let mut frame = [0; FRAME_SAMPLES];
    assert_eq!(playout.next(&mut frame), Step::Frame);
    assert!(
        frame.iter().all(|&sample| sample == 1000),
        "silence was mixed in"
    );
    playout.complete(A);
    assert_eq!(playout.next(&mut frame), Step::Frame);
    assert_eq!(
        (frame[0], frame[1]),
        (1000, 0),
        "the last sample, and the gap"
    );
}

#[test]
fn what_was_heard_of_an_unfinished_sentence_is_as_exact_as_of_a_whole_one() {
    for (sent, unheard, heard) in [
        (400, 0, "Your"),
        (1300, 0, "Your card was"),
        (1300, 400, "Your card"),
        (1300, 5000, ""),
    ] {
        for there in [sent, 2000, 3900] {
            let mut playout = growing(there);
            send(&mut playout, sent);
            playout.cancel(ms(unheard));
            assert_eq!(
                finished(&mut playout),
                [(A, heard.to_owned(), true)],
                "{sent} ms of {there} sent, {unheard} ms of it unheard"
            );
        }
    }
}

#[test]
fn a_sentence_is_never_on_record_whole_before_its_sound_is() {
    // It turned out longer than was expected.
    let mut playout = growing(3900);
    playout.more(A, &vec![1000; 500 * 24], 3900 * 24);
    send(&mut playout, 4400);
    playout.cancel(ms(0));
    let heard = "Your card was blocked on Monday,";
    assert_eq!(finished(&mut playout), [(A, heard.into(), true)]);
}

#[test]
fn a_sentence_that_broke_off_is_on_record_as_far_as_it_went_and_what_follows_whole() {
    let mut playout = growing(1300);
    playout.sentence(A, "Your card was blocked.".into(), speech(1000));
    playout.more(A, &[1000; 24], 24);
    playout.end(A);
    assert_eq!(
        send(&mut playout, 9000),
        (2480, Step::Drain),
        "what there was, a gap, and the sentence begun anew"
    );
    playout.drained();
    let heard = "Your card was Your card was blocked.";
    assert_eq!(finished(&mut playout), [(A, heard.into(), false)]);

    let mut playout = growing(1300);
    playout.end(A);
    assert_eq!(
        send(&mut playout, 9000),
        (1300, Step::Drain),
        "nothing more is waited for"
    );
    playout.drained();
    assert_eq!(finished(&mut playout), [(A, "Your card was".into(), false)]);
}

#[test]
fn an_unfinished_sentence_pauses_and_goes_on_and_starves_nobody() {
    let mut playout = growing(1300);
    send(&mut playout, 1000);
    playout.pause(ms(0));
    playout.more(A, &vec![1000; 100 * 24], 3900 * 24);
    assert_eq!(
        send(&mut playout, 500),
        (20, Step::Idle),
        "a pause is 20 ms of fade"
    );
    playout.resume();
    let (sent, step) = send(&mut playout, 9000);
    assert_eq!(step, Step::Idle);
    assert!(
        (540..=920).contains(&sent),
        "a word before 1000 up to 1400 ms; {sent} went out"
    );
    playout.begin(B, true);
    assert_eq!(send(&mut playout, 100).1, Step::Starved);
    playout.skip_starved();
    assert_eq!(finished(&mut playout), [(A, "Your card was".into(), true)]);
}
