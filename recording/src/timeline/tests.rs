use super::*;

const FRAME: usize = 160;

fn at(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A call in which both sides sound all the time, and what happens in it.
struct Scene {
    timeline: Timeline,
    now_ms: u64,
    out: Vec<[i16; 2]>,
}

impl Scene {
    fn new() -> Self {
        Self {
            timeline: Timeline::default(),
            now_ms: 0,
            out: Vec::new(),
        }
    }

    /// Both sides sound until then: the caller 1, the agent 2.
    fn until(&mut self, milliseconds: u64) -> &mut Self {
        while self.now_ms < milliseconds {
            let (now, media) = (at(self.now_ms), self.now_ms * 16);
            self.timeline.caller(now, media, &[1; FRAME]);
            self.timeline.agent(now, &[2; FRAME]);
            self.now_ms += 10;
            self.take();
        }
        self
    }

    fn take(&mut self) {
        while let Some(block) = self.timeline.take() {
            self.out
                .extend(block.chunks(2).map(|pair| [pair[0], pair[1]]));
        }
    }

    fn finish(&mut self) {
        self.timeline.finish(at(self.now_ms));
        self.take();
    }

    /// Milliseconds that were handed out.
    fn handed_out(&self) -> u64 {
        self.out.len() as u64 / 16
    }

    /// Stretches of a side that are silent, in milliseconds.
    fn silent(&self, side: Side) -> Vec<(u64, u64)> {
        let mut stretches: Vec<(u64, u64)> = Vec::new();
        for (place, pair) in self.out.iter().enumerate() {
            let place = place as u64;
            if pair[side as usize] != 0 {
                continue;
            }
            match stretches.last_mut() {
                Some((_, end)) if *end == place => *end += 1,
                _ => stretches.push((place, place + 1)),
            }
        }
        let ms = |(from, to)| (from / 16, to / 16);
        stretches.into_iter().map(ms).collect()
    }
}

#[test]
fn both_sides_come_out_two_seconds_later_as_they_went_in() {
    let mut scene = Scene::new();
    scene.until(10_000);
    assert!((7_960..=8_000).contains(&scene.handed_out()));
    scene.finish();
    assert_eq!(scene.handed_out(), 10_000);
    assert!(scene.out.iter().all(|pair| *pair == [1, 2]));
}

#[test]
fn what_was_said_waits_until_it_is_known_and_is_handed_out_if_it_was_no_secret() {
    let mut scene = Scene::new();
    scene.until(5_250);
    scene.timeline.speaks(5_000);
    scene.until(20_000);
    let waits_from = 5_000 - 700;
    assert!((waits_from - 20..=waits_from).contains(&scene.handed_out()));
    scene.timeline.heard(5_000, None);
    scene.until(20_020);
    assert!(scene.handed_out() > 17_900);
    scene.finish();
    assert_eq!(scene.silent(Side::Caller), []);
}

#[test]
fn a_secret_is_silence_with_a_margin_on_both_sides_and_the_other_side_is_not() {
    let mut scene = Scene::new();
    scene.until(5_250);
    scene.timeline.speaks(5_000);
    scene.until(9_000);
    scene.timeline.heard(5_000, Some(6_000..7_000));
    scene.until(10_000).finish();
    assert_eq!(scene.silent(Side::Caller), [(5_700, 7_300)]);
    assert_eq!(scene.silent(Side::Agent), []);
}

#[test]
fn utterances_are_judged_each_for_itself_while_the_next_is_spoken() {
    let mut scene = Scene::new();
    scene.until(5_250);
    scene.timeline.speaks(5_000);
    scene.until(7_250);
    scene.timeline.speaks(7_000);
    scene.timeline.heard(5_000, Some(5_000..6_000));
    scene.until(12_000);
    assert!(scene.handed_out() <= 6_300, "the second is not known");
    scene.timeline.heard(7_000, None);
    scene.finish();
    assert_eq!(scene.silent(Side::Caller), [(4_700, 6_300)]);
}

#[test]
fn what_never_becomes_known_is_silence_to_its_end() {
    let mut scene = Scene::new();
    scene.until(5_250);
    scene.timeline.speaks(5_000);
    scene.until(8_000).finish();
    assert_eq!(scene.silent(Side::Caller), [(4_300, 8_000)]);
    assert_eq!(scene.silent(Side::Agent), []);
}

#[test]
fn nothing_waits_for_longer_than_its_bound_and_what_is_overdue_is_silence() {
    let mut scene = Scene::new();
    scene.until(5_250);
    scene.timeline.speaks(5_000);
    scene.until(200_000);
    let waits = scene.now_ms - scene.handed_out();
    assert!(waits <= 122_100, "{waits} ms wait");
    scene.timeline.heard(5_000, None);
    scene.finish();
    let [(from, to)] = scene.silent(Side::Caller)[..] else {
        panic!("one stretch: {:?}", scene.silent(Side::Caller));
    };
    assert_eq!(from, 4_300);
    assert!(
        (77_900..=78_000).contains(&to),
        "up to where it was known: {to}"
    );
}

#[test]
fn what_the_agent_says_of_a_secret_is_silence_on_both_sides_and_as_long_as_it_may_echo() {
    let mut scene = Scene::new();
    scene.until(3_000);
    scene.timeline.begins(1, at(3_000));
    scene.until(6_000);
    assert!(scene.handed_out() <= 2_500);
    scene.timeline.said(1, at(6_000), true);
    scene.until(7_000);
    scene.timeline.begins(2, at(7_000));
    scene.until(8_000);
    scene.timeline.said(2, at(8_000), false);
    scene.until(9_000).finish();
    assert_eq!(scene.silent(Side::Agent), [(2_500, 6_300)]);
    assert_eq!(scene.silent(Side::Caller), [(2_500, 7_000)]);
}

#[test]
fn a_keys_tone_is_silence_and_so_are_both_sides_while_a_code_is_entered() {
    let mut scene = Scene::new();
    scene.until(5_000);
    scene.timeline.key(at(5_000));
    scene.until(8_000);
    scene.timeline.pause(at(8_000));
    scene.until(15_000);
    assert!(scene.handed_out() >= 12_900, "a pause holds nothing up");
    scene.timeline.resume(at(15_000));
    scene.until(20_000).finish();
    let caller = scene.silent(Side::Caller);
    assert_eq!(caller, [(4_000, 5_500), (7_500, 15_300)]);
    assert_eq!(scene.silent(Side::Agent), [(7_500, 15_300)]);
}

#[test]
fn a_call_that_ends_while_a_code_is_entered_is_silent_to_its_end() {
    let mut scene = Scene::new();
    scene.until(5_000);
    scene.timeline.pause(at(5_000));
    scene.until(9_000).finish();
    assert_eq!(scene.silent(Side::Agent), [(4_500, 9_000)]);
}

#[test]
fn a_lost_report_makes_the_rest_silence() {
    let mut scene = Scene::new();
    scene.until(6_000);
    scene.timeline.lose_sight();
    scene.until(9_000).finish();
    let [(from, to)] = scene.silent(Side::Caller)[..] else {
        panic!("one stretch");
    };
    assert!(from <= 4_000 && to == 9_000, "{from} to {to}");
}

#[test]
fn frames_that_were_dropped_are_a_gap_and_what_follows_is_in_time() {
    let mut timeline = Timeline::default();
    for ms in (0..8_000).step_by(10) {
        if !(2_000..3_000).contains(&ms) {
            timeline.caller(at(ms), ms * 16, &[1; FRAME]);
        }
    }
    timeline.finish(at(8_000));
    let out: Vec<i16> = std::iter::from_fn(|| timeline.take())
        .flat_map(|block| block.chunks(2).map(|pair| pair[0]).collect::<Vec<_>>())
        .collect();
    assert_eq!(out.len(), 8_000 * 16);
    assert!(out[..32_000].iter().all(|sample| *sample == 1));
    assert!(out[32_000..48_000].iter().all(|sample| *sample == 0));
    assert!(out[48_000..].iter().all(|sample| *sample == 1));
}

#[test]
fn a_secret_is_found_by_the_callers_own_count_though_the_microphone_was_away() {
    let mut timeline = Timeline::default();
    // Ten seconds without a microphone: the caller's count stands still, the call's does not.
    for ms in (0..4_000).step_by(10) {
        timeline.caller(at(ms), ms * 16, &[1; FRAME]);
    }
    for ms in (4_000..8_000).step_by(10) {
        timeline.caller(at(ms + 10_000), ms * 16, &[1; FRAME]);
    }
    timeline.speaks(5_000);
    timeline.heard(5_000, Some(5_000..6_000));
    timeline.finish(at(18_000));
    let out: Vec<i16> = std::iter::from_fn(|| timeline.take())
        .flat_map(|block| block.chunks(2).map(|pair| pair[0]).collect::<Vec<_>>())
        .collect();
    let silent: Vec<usize> = (0..18_000).filter(|ms| out[ms * 16] == 0).collect();
    let expected: Vec<usize> = (4_000..14_000).chain(14_700..16_300).collect();
    assert_eq!(silent, expected);
}

#[test]
fn what_was_cut_before_it_was_played_is_not_in_the_recording() {
    let mut timeline = Timeline::default();
    for ms in (1_000..2_000).step_by(10) {
        timeline.agent(at(ms), &[2; FRAME]);
    }
    timeline.unplayed(at(30));
    timeline.finish(at(4_000));
    let out: Vec<i16> = std::iter::from_fn(|| timeline.take())
        .flat_map(|block| block.chunks(2).map(|pair| pair[1]).collect::<Vec<_>>())
        .collect();
    let sounds: Vec<usize> = (0..4_000).filter(|ms| out[ms * 16] != 0).collect();
    assert_eq!((sounds[0], sounds.len()), (1_000, 970));
}

#[test]
fn a_line_that_delivers_faster_than_time_passes_takes_no_room_without_bound() {
    let mut timeline = Timeline::default();
    for frame in 0..10_000 {
        timeline.caller(at(frame / 10), frame * 160, &[1; FRAME]);
    }
    assert!(timeline.dropped() > 1_000_000);
}

#[test]
fn what_begins_after_silence_begins_where_it_was_heard_however_short_that_was() {
    let mut timeline = Timeline::default();
    for ms in (120..1_000).step_by(10) {
        timeline.agent(at(ms), &[2; FRAME]);
    }
    timeline.finish(at(1_000));
    let out: Vec<i16> = std::iter::from_fn(|| timeline.take())
        .flat_map(|block| block.chunks(2).map(|pair| pair[1]).collect::<Vec<_>>())
        .collect();
    let sounds: Vec<usize> = (0..1_000).filter(|ms| out[ms * 16] != 0).collect();
    assert_eq!((sounds[0], sounds.len()), (120, 880));
}
