//! What a connection put on the network and took from it.

/// Packets and bytes that crossed the sockets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) packets_sent: u64,
    pub(crate) bytes_sent: u64,
    pub(crate) packets_received: u64,
    pub(crate) bytes_received: u64,
    /// Datagrams that a full or failed socket did not take.
    pub(crate) packets_discarded: u32,
    pub(crate) bytes_discarded: u64,
}

impl Traffic {
    pub(crate) const fn count_sent(&mut self, bytes: usize, accepted: bool) {
        if accepted {
            self.packets_sent += 1;
            self.bytes_sent += bytes as u64;
        } else {
            self.count_discarded(1, bytes as u64);
        }
    }

    /// Datagrams that were counted as sent and were lost while they waited for a socket.
    pub(crate) const fn count_lost(&mut self, packets: u32, bytes: u64) {
        self.packets_sent = self.packets_sent.saturating_sub(packets as u64);
        self.bytes_sent = self.bytes_sent.saturating_sub(bytes);
        self.count_discarded(packets, bytes);
    }

    const fn count_discarded(&mut self, packets: u32, bytes: u64) {
        self.packets_discarded += packets;
        self.bytes_discarded += bytes;
    }
}
