//! The model in virtual time: shares, spells, order, and that everything repeats.

use super::*;

const SPEECH: Packet = Packet {
    len: 120,
    tcp: false,
    flow: 7,
    ports: [Some(50_000), Some(7882)],
};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Offers a packet of speech every 20 ms.
fn speak(link: &mut Link, packets: u64) -> Vec<Fate> {
    (0..packets)
        .map(|n| link.offer(SPEECH, ms(20 * n + 3)))
        .collect()
}

fn share(fates: &[Fate], reason: Reason) -> f64 {
    fates
        .iter()
        .filter(|fate| **fate == Fate::Dropped(reason))
        .count() as f64
        / fates.len() as f64
}

fn arrivals(fates: &[Fate]) -> Vec<Duration> {
    fates
        .iter()
        .filter_map(|fate| match fate {
            Fate::Arrives { at, .. } => Some(*at),
            Fate::Dropped(_) => None,
        })
        .collect()
}

#[test]
fn a_link_without_settings_carries_everything_at_once() {
    let mut link = Link::new(Settings::default(), 1);
    for n in 0..1000 {
        assert_eq!(
            link.offer(SPEECH, ms(n)),
            Fate::Arrives {
                at: ms(n),
                again: None
            }
        );
    }
}

#[test]
fn each_loss_rate_is_met_within_half_a_point() {
    for loss in [0.0, 0.01, 0.03, 0.05, 0.10, 0.20] {
        let fates = speak(
            &mut Link::new(
                Settings {
                    loss,
                    ..Settings::default()
                },
                42,
            ),
            50_000,
        );
        let lost = share(&fates, Reason::Loss);
        assert!((lost - loss).abs() < 0.005, "asked for {loss}, lost {lost}");
    }
}

#[test]
fn single_losses_come_no_more_together_than_chance_has_it() {
    let fates = speak(
        &mut Link::new(
            Settings {
                loss: 0.1,
                ..Settings::default()
            },
            3,
        ),
        50_000,
    );
    let pairs = fates
        .windows(2)
        .filter(|pair| pair.iter().all(|f| *f == Fate::Dropped(Reason::Loss)))
        .count();
    let expected = 50_000.0 * 0.01;
    assert!(
        (pairs as f64 - expected).abs() < expected * 0.2,
        "{pairs} pairs, expected {expected}"
    );
}

#[test]
fn the_same_seed_loses_the_same_packets_and_another_does_not() {
    let settings = Settings {
        loss: 0.1,
        jitter: ms(30),
        duplicate: 0.1,
        ..Settings::default()
    };
    let first = speak(&mut Link::new(settings.clone(), 5), 5000);
    assert_eq!(first, speak(&mut Link::new(settings.clone(), 5), 5000));
    assert_ne!(first, speak(&mut Link::new(settings, 6), 5000));
}

#[test]
fn other_traffic_does_not_change_a_flows_fate() {
    let settings = Settings {
        loss: 0.1,
        jitter: ms(30),
        ..Settings::default()
    };
    let alone = speak(&mut Link::new(settings.clone(), 5), 5000);
    let mut link = Link::new(settings, 5);
    let beside: Vec<_> = (0..5000)
        .map(|n| {
            if n % 3 == 0 {
                link.offer(Packet { flow: 8, ..SPEECH }, ms(20 * n + 1));
            }
            link.offer(SPEECH, ms(20 * n + 3))
        })
        .collect();
    assert_eq!(alone, beside);
}

#[test]
fn two_flows_meet_the_same_network() {
    let mut link = Link::new(
        Settings {
            loss: 0.1,
            jitter: ms(30),
            ..Settings::default()
        },
        5,
    );
    for n in 0..5000 {
        let ours = link.offer(SPEECH, ms(20 * n + 3));
        let rival = link.offer(Packet { flow: 8, ..SPEECH }, ms(20 * n + 3));
        assert_eq!(ours, rival, "packet {n}");
    }
}

#[test]
fn packets_of_one_slot_are_lost_each_on_their_own() {
    let mut link = Link::new(
        Settings {
            loss: 0.5,
            ..Settings::default()
        },
        5,
    );
    let fates: Vec<_> = (0..200).map(|_| link.offer(SPEECH, ms(100))).collect();
    let lost = share(&fates, Reason::Loss);
    assert!(
        (0.35..0.65).contains(&lost),
        "a burst in one slot lost {lost}"
    );
}

#[test]
fn bursts_have_the_share_and_the_length_asked_for() {
    let burst = Burst {
        share: 0.05,
        length: ms(100),
    };
    let fates = speak(
        &mut Link::new(
            Settings {
                burst: Some(burst),
                ..Settings::default()
            },
            9,
        ),
        200_000,
    );
    let lost = share(&fates, Reason::Burst);
    assert!((lost - 0.05).abs() < 0.005, "lost {lost}");
    let spells = fates
        .windows(2)
        .filter(|pair| matches!(pair, [Fate::Arrives { .. }, Fate::Dropped(_)]))
        .count();
    let length = lost * fates.len() as f64 / spells as f64;
    assert!(
        (length - 5.0).abs() < 0.4,
        "spells of {length} packets instead of 5"
    );
}

#[test]
fn jitter_keeps_the_order_and_its_bounds() {
    let settings = Settings {
        delay: ms(40),
        jitter: ms(30),
        ..Settings::default()
    };
    let at = arrivals(&speak(&mut Link::new(settings, 11), 20_000));
    assert!(at.is_sorted(), "jitter changed the order");
    let delays: Vec<_> = at
        .iter()
        .enumerate()
        .map(|(n, at)| *at - ms(20 * n as u64 + 3))
        .collect();
    assert!(
        delays.iter().all(|d| (ms(40)..=ms(100)).contains(d)),
        "a delay outside 40 to 100 ms"
    );
    let spread = *delays.iter().max().unwrap() - *delays.iter().min().unwrap();
    assert!(
        spread > ms(55),
        "the delay varies by {spread:?} instead of nearly 60 ms"
    );
}

#[test]
fn reordering_lets_others_overtake_a_share_of_packets() {
    let reorder = Reorder {
        share: 0.1,
        by: ms(50),
    };
    let at = arrivals(&speak(
        &mut Link::new(
            Settings {
                reorder: Some(reorder),
                ..Settings::default()
            },
            2,
        ),
        20_000,
    ));
    let overtaken = at.windows(2).filter(|pair| pair[1] < pair[0]).count() as f64 / at.len() as f64;
    assert!(
        (overtaken - 0.09).abs() < 0.01,
        "{overtaken} were overtaken"
    ); // two in a row do not overtake
    assert_eq!(at.len(), 20_000, "reordering lost packets");
}

#[test]
fn duplicates_come_as_often_as_asked_and_after_the_first() {
    let fates = speak(
        &mut Link::new(
            Settings {
                duplicate: 0.2,
                ..Settings::default()
            },
            2,
        ),
        20_000,
    );
    let twice = fates
        .iter()
        .filter(|fate| matches!(fate, Fate::Arrives { at, again: Some(again) } if again > at));
    let share = twice.count() as f64 / 20_000.0;
    assert!((share - 0.2).abs() < 0.01, "{share} arrived twice");
}

#[test]
fn a_narrow_line_passes_its_rate_and_drops_the_rest() {
    let rate = Rate {
        bits_per_second: 64_000,
        queue: ms(200),
    };
    let mut link = Link::new(
        Settings {
            rate: Some(rate),
            ..Settings::default()
        },
        2,
    );
    // 1 s at twice the rate: 160 bytes are 20 ms of the line.
    let fates: Vec<_> = (0..100)
        .map(|n| link.offer(Packet { len: 160, ..SPEECH }, ms(10 * n)))
        .collect();
    let at = arrivals(&fates);
    let last = *at.last().unwrap();
    assert!(
        last <= ms(990 + 220),
        "the queue holds more than 200 ms: {last:?}"
    );
    assert!(
        at.windows(2).all(|pair| pair[1] - pair[0] >= ms(20)),
        "faster than the line"
    );
    let passed = at.len() as f64 / last.as_secs_f64() * 160.0 * 8.0;
    assert!(
        (passed - 64_000.0).abs() < 2_000.0,
        "{passed} bits a second passed"
    );
    assert!(
        share(&fates, Reason::QueueFull) > 0.3,
        "nothing was dropped at twice the rate"
    );
}

#[test]
fn each_flow_has_a_narrow_line_of_its_own() {
    let rate = Rate {
        bits_per_second: 64_000,
        queue: ms(200),
    };
    let mut link = Link::new(
        Settings {
            rate: Some(rate),
            ..Settings::default()
        },
        2,
    );
    for n in 0..100 {
        link.offer(
            Packet {
                len: 1200,
                ..SPEECH
            },
            ms(10 * n),
        );
        let other = link.offer(
            Packet {
                flow: 8,
                len: 80,
                ..SPEECH
            },
            ms(10 * n),
        );
        assert_eq!(
            other,
            Fate::Arrives {
                at: ms(10 * n + 10),
                again: None
            },
            "held up by another flow"
        );
    }
}

#[test]
fn nothing_passes_in_a_blackout_and_everything_around_it() {
    let blackouts = vec![
        Window {
            from: ms(1000),
            until: ms(2000),
        },
        Window {
            from: ms(3000),
            until: ms(3020),
        },
    ];
    let mut link = Link::new(
        Settings {
            blackouts,
            ..Settings::default()
        },
        2,
    );
    for n in 0..500 {
        let now = ms(10 * n);
        let dark = (ms(1000)..ms(2000)).contains(&now) || (ms(3000)..ms(3020)).contains(&now);
        let expected = if dark {
            Fate::Dropped(Reason::Blackout)
        } else {
            Fate::Arrives {
                at: now,
                again: None,
            }
        };
        assert_eq!(link.offer(SPEECH, now), expected, "at {now:?}");
    }
}

#[test]
fn only_tcp_passes_where_the_rest_is_blocked() {
    let mut link = Link::new(
        Settings {
            only_tcp: true,
            ..Settings::default()
        },
        2,
    );
    assert_eq!(link.offer(SPEECH, ms(1)), Fate::Dropped(Reason::Blocked));
    assert_eq!(
        link.offer(
            Packet {
                tcp: true,
                ..SPEECH
            },
            ms(1)
        ),
        Fate::Arrives {
            at: ms(1),
            again: None
        }
    );
}

#[test]
fn a_path_change_changes_the_delay_from_its_moment() {
    let path_change = Some(PathChange {
        at: ms(1000),
        delay: ms(80),
    });
    let mut link = Link::new(
        Settings {
            delay: ms(20),
            path_change,
            ..Settings::default()
        },
        2,
    );
    assert_eq!(
        link.offer(SPEECH, ms(999)),
        Fate::Arrives {
            at: ms(1019),
            again: None
        }
    );
    assert_eq!(
        link.offer(SPEECH, ms(1000)),
        Fate::Arrives {
            at: ms(1080),
            again: None
        }
    );
}

#[test]
fn settings_survive_being_written_down() {
    let settings = Settings {
        loss: 0.05,
        jitter: ms(30),
        only_tcp: true,
        ..Settings::default()
    };
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
}

#[test]
fn what_a_link_remembers_does_not_grow_with_flows() {
    let rate = Some(Rate {
        bits_per_second: 64_000,
        queue: ms(200),
    });
    let mut link = Link::new(
        Settings {
            rate,
            ..Settings::default()
        },
        2,
    );
    for n in 0..100_000 {
        link.offer(Packet { flow: n, ..SPEECH }, ms(n));
    }
    assert!(
        link.counts.len() + link.lines.len() < 100,
        "{} flows kept",
        link.lines.len()
    );
}

#[test]
fn only_packets_from_or_to_an_open_port_pass() {
    let only_ports = Some(vec![7880, 3478]);
    let settings = Settings {
        only_ports,
        ..Settings::default()
    };
    let mut link = Link::new(settings, 2);
    for (ports, passes) in [
        ([Some(50_000), Some(3478)], true),
        ([Some(7880), Some(50_000)], true),
        ([Some(50_000), Some(7882)], false),
        ([None, None], false),
    ] {
        let fate = link.offer(Packet { ports, ..SPEECH }, ms(1));
        assert_eq!(fate != Fate::Dropped(Reason::Blocked), passes, "{ports:?}");
    }
}
