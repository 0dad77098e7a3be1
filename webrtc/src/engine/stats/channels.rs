//! What went through the data channels.

use crate::{
    engine::{channels::Channel, core::Core},
    types::stats::{DataChannelStats, RtcStats},
};

impl Core {
    pub(super) fn channel_stats(&self) -> impl Iterator<Item = RtcStats> {
        self.channels.known().map(|channel| record_of(channel))
    }
}

fn record_of(channel: &Channel) -> RtcStats {
    let counters = channel.counters();
    let mut record = DataChannelStats::default();
    record.rtc.id = format!("D{}", channel.id());
    record.dc.label.clone_from(&channel.label);
    record.dc.protocol = channel.protocol().to_owned();
    record.dc.data_channel_identifier = channel.id();
    record.dc.state = Some(channel.state());
    record.dc.messages_sent = counters.messages_sent;
    record.dc.bytes_sent = counters.bytes_sent;
    record.dc.messages_received = counters.messages_received;
    record.dc.bytes_received = counters.bytes_received;
    RtcStats::DataChannel(record)
}
