//! Messages arrive, in order, and the buffers are accounted for.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use libwebrtc::prelude::*;

use crate::peers::{negotiate, two_peers, wait_for};

fn lossy() -> DataChannelInit {
    DataChannelInit {
        ordered: false,
        max_retransmits: Some(0),
        ..DataChannelInit::default()
    }
}

fn is_open(channel: &DataChannel) -> bool {
    channel.state() == DataChannelState::Open
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_arrive_in_order_and_the_reported_bytes_add_up() {
    let (alice, bob) = two_peers();
    let channel = alice
        .connection
        .create_data_channel("_reliable", DataChannelInit::default())
        .expect("a channel");
    let reported = Arc::new(AtomicU64::new(0));
    let sum = Arc::clone(&reported);
    channel.on_buffered_amount_change(Some(Box::new(move |bytes| {
        sum.fetch_add(bytes, Ordering::Relaxed);
    })));
    negotiate(&alice, &bob).await;
    wait_for("the channel to open", || is_open(&channel)).await;
    let messages: Vec<Vec<u8>> = (0..200_usize).map(|n| vec![n as u8; 1 + n * 70]).collect();
    for message in &messages {
        channel.send(message, true).expect("room in the buffer");
    }
    wait_for("200 messages", || bob.messages.lock().len() == 200).await;
    let received: Vec<Vec<u8>> = bob
        .messages
        .lock()
        .iter()
        .map(|(_, data)| data.clone())
        .collect();
    assert!(
        received == messages,
        "the messages differ, or are out of order"
    );
    let total: u64 = messages.iter().map(|message| message.len() as u64).sum();
    wait_for("all bytes to be reported", || {
        reported.load(Ordering::Relaxed) >= total
    })
    .await;
    assert_eq!(reported.load(Ordering::Relaxed), total, "reported bytes");
    assert_eq!(channel.buffered_amount(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn lossy_negotiated_and_late_channels_work_side_by_side() {
    let (alice, bob) = two_peers();
    let fast = alice
        .connection
        .create_data_channel("_lossy", lossy())
        .expect("a channel");
    let agreed = DataChannelInit {
        negotiated: true,
        id: 102,
        ..DataChannelInit::default()
    };
    let ours = alice
        .connection
        .create_data_channel("agreed", agreed.clone())
        .expect("a channel");
    let theirs = bob
        .connection
        .create_data_channel("agreed", agreed)
        .expect("a channel");
    negotiate(&alice, &bob).await;
    wait_for("three channels to open", || {
        is_open(&fast) && is_open(&ours) && is_open(&theirs)
    })
    .await;
    assert_eq!((ours.id(), theirs.id()), (102, 102));

    let heard = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    ours.on_message(Some(Box::new(move |message| {
        ear.lock().push((message.data.to_vec(), message.binary))
    })));
    theirs
        .send("grüezi".as_bytes(), false)
        .expect("room in the buffer");
    wait_for("a text", || !heard.lock().is_empty()).await;
    assert_eq!(*heard.lock(), [("grüezi".as_bytes().to_vec(), false)]);

    let late = alice
        .connection
        .create_data_channel("late", DataChannelInit::default())
        .expect("a channel");
    wait_for("a late channel, without a new offer", || is_open(&late)).await;
    late.send(b"x", true).expect("room in the buffer");
    wait_for("its message", || {
        bob.messages
            .lock()
            .contains(&("late".to_owned(), b"x".to_vec()))
    })
    .await;
    let labels: Vec<String> = bob.channels.lock().iter().map(DataChannel::label).collect();
    assert_eq!(
        labels,
        ["_lossy", "late"],
        "channels announced to the other side"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_closed_before_the_answer_never_opens() {
    let (alice, bob) = two_peers();
    let unwanted = alice
        .connection
        .create_data_channel("unwanted", DataChannelInit::default())
        .expect("a channel");
    let wanted = alice
        .connection
        .create_data_channel("wanted", DataChannelInit::default())
        .expect("a channel");
    unwanted.close();
    assert_eq!(unwanted.state(), DataChannelState::Closed);
    negotiate(&alice, &bob).await;
    wait_for("the other channel to open", || is_open(&wanted)).await;
    assert_eq!(unwanted.state(), DataChannelState::Closed);
    assert!(unwanted.send(b"x", true).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_a_channel_closes_it_on_both_sides() {
    let (alice, bob) = two_peers();
    let channel = alice
        .connection
        .create_data_channel("c", DataChannelInit::default())
        .expect("a channel");
    negotiate(&alice, &bob).await;
    wait_for("the peer's side", || !bob.channels.lock().is_empty()).await;
    channel.close();
    let other = bob.channels.lock()[0].clone();
    wait_for("both sides to close", || {
        channel.state() == DataChannelState::Closed && other.state() == DataChannelState::Closed
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_not_open_refuses_messages_and_text_must_be_text() {
    let (alice, bob) = two_peers();
    let channel = alice
        .connection
        .create_data_channel("c", DataChannelInit::default())
        .expect("a channel");
    assert!(matches!(
        channel.send(b"early", true),
        Err(DataChannelError::Send)
    ));
    negotiate(&alice, &bob).await;
    wait_for("the channel to open", || is_open(&channel)).await;
    assert!(matches!(
        channel.send(&[0xff, 0xfe], false),
        Err(DataChannelError::Utf8(_))
    ));
}
