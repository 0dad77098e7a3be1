//! CPU of streams against the floor, and what happens beyond what the machine carries.

use std::time::{Duration, Instant};

use libwebrtc::native::engine_load;

use crate::{
    app::App,
    floor::{self, Settings},
    meter::Snapshot,
    voice::Talk,
};

const WARM_UP: Duration = Duration::from_secs(2);

/// Whole periods of the voice.
const WINDOW: Duration = Duration::from_secs(10);
const FLOOR_S: u32 = 20;
const PACED_S: u32 = 5;

const FULL_BAND: Settings = Settings {
    source_hz: 48_000,
    listener_hz: 48_000,
    talk: Talk::Always,
    dtx: false,
    complexity: 5,
};
const SPEECH_BAND: Settings = Settings {
    source_hz: 24_000,
    listener_hz: 16_000,
    ..FULL_BAND
};
const CONVERSATION: Settings = Settings {
    talk: Talk::TwoOfFive,
    dtx: true,
    ..SPEECH_BAND
};

/// One line for each load; floor loops run before and after each.
pub(crate) async fn measure(counts: &[usize], words: &[String]) {
    println!(
        "engine: ms CPU per stream and second, both ends; floor: the same primitives in a loop;\npaced: that loop for as many streams, each frame when it is due"
    );
    println!(
        "{:<34} {:>7} {:>8} {:>7} {:>6} {:>7} {:>6} {:>9} {:>7} {:>8} {:>8}",
        "load",
        "streams",
        "engine",
        "floor",
        "ratio",
        "paced",
        "ratio",
        "wakeups/s",
        "app",
        "heard %",
        "skipped"
    );
    let legs: [(&str, &str, Settings, &[usize]); 3] = [
        (
            "full",
            "48 kHz to 48 kHz, always talking",
            FULL_BAND,
            &[1, 10, 50],
        ),
        (
            "speech",
            "24 kHz to 16 kHz, always talking",
            SPEECH_BAND,
            &[1, 10, 50],
        ),
        (
            "conversation",
            "24 kHz to 16 kHz, 2 s of 5, DTX",
            CONVERSATION,
            &[1, 10, 50, 100, 200],
        ),
    ];
    let chosen = legs
        .iter()
        .any(|leg| words.iter().any(|word| word == leg.0));
    for (word, name, settings, usual) in legs {
        if chosen && !words.iter().any(|wanted| wanted == word) {
            continue;
        }
        let counts = if counts.is_empty() { usual } else { counts };
        for count in counts {
            line(name, settings, *count).await;
        }
    }
}

async fn line(name: &str, settings: Settings, count: usize) {
    let floor_before = floor(move || floor::measure(settings, FLOOR_S)).await;
    let app = App::start(
        count,
        settings.source_hz,
        settings.listener_hz,
        settings.talk,
    )
    .await;
    tokio::time::sleep(WARM_UP).await;
    let (sent, heard, load) = (app.sent().await, app.heard(), engine_load());
    let (before, start) = (Snapshot::take(), Instant::now());
    tokio::time::sleep(WINDOW).await;
    let after = Snapshot::take();
    let (engine, application) = (after.since(&before, "rtc-"), after.since(&before, "app"));
    let seconds = start.elapsed().as_secs_f64();
    let (sent_now, heard_now) = (app.sent().await, app.heard());
    drop(app);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let floor_after = floor(move || floor::measure(settings, FLOOR_S)).await;
    let paced = floor(move || floor::measure_paced(settings, PACED_S, count)).await;
    let paced_ms = paced.cpu_per_second.as_secs_f64() * 1e3;

    let per_stream = |cpu: Duration| cpu.as_secs_f64() * 1e3 / seconds / count as f64;
    let floor_ms = (floor_before.cpu_per_second + floor_after.cpu_per_second).as_secs_f64() * 500.0;
    let engine_ms = per_stream(engine.cpu);
    let frames = (heard_now.0 - heard.0) as f64 / (seconds * 100.0 * count as f64);
    println!(
        "{name:<34} {count:>7} {engine_ms:>8.2} {floor_ms:>7.2} {:>6.2} {paced_ms:>7.2} {:>6.2} {:>9.0} {:>7.2} {:>8.1} {:>8}",
        engine_ms / floor_ms,
        engine_ms / paced_ms,
        engine.wakeups as f64 / seconds,
        per_stream(application.cpu),
        frames * 100.0,
        engine_load().skipped_ticks - load.skipped_ticks,
    );
    let packets = (sent_now.0 - sent.0) as f64;
    let (rate, size) = (
        packets / seconds / count as f64,
        (sent_now.1 - sent.1) as f64 / packets.max(1.0),
    );
    let (expected_rate, expected_size) =
        (floor_after.packets_per_second, floor_after.bytes_per_packet);
    let differs = |a: f64, b: f64| (a / b - 1.0).abs() > 0.1;
    if differs(rate, expected_rate) || differs(size, expected_size) {
        println!(
            "  NOT COMPARABLE: the engine sent {rate:.1} packets of {size:.0} bytes a second, the floor {expected_rate:.1} of {expected_size:.0}"
        );
    }
}

/// A floor's loop on a thread that does nothing else.
async fn floor(run: impl FnOnce() -> floor::Floor + Send + 'static) -> floor::Floor {
    let (report, result) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || report.send(run()).ok());
    result.await.expect("the floor's loop ends")
}

/// More work than the machine has processors, then none: do the streams come back?
pub(crate) async fn overload() {
    let count = 40;
    let app = App::start(count, 24_000, 16_000, Talk::Always).await;
    tokio::time::sleep(WARM_UP).await;
    println!("overload: {count} streams, then 8 busy threads beside them for 5 s, then none");
    let busy_until = Instant::now() + Duration::from_secs(5);
    let hogs: Vec<_> = (0..8)
        .map(|_| {
            std::thread::spawn(move || {
                while Instant::now() < busy_until {
                    std::hint::spin_loop()
                }
            })
        })
        .collect();
    for second in 1..=9 {
        let (before, skipped, start) = (app.heard(), engine_load().skipped_ticks, Instant::now());
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (after, seconds) = (app.heard(), start.elapsed().as_secs_f64());
        let share = |n: u64| n as f64 / (seconds * count as f64);
        println!(
            "  second {second}: {:>5.1} % of the frames, {:>5.1} % with sound, {} ticks skipped{}",
            share(after.0 - before.0),
            share(after.1 - before.1),
            engine_load().skipped_ticks - skipped,
            if start < busy_until { ", busy" } else { "" }
        );
    }
    for hog in hogs {
        hog.join().expect("a busy thread ends");
    }
}
