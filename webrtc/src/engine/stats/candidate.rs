//! Candidates, the pair in use, and the certificates.

use std::net::SocketAddr;

use str0m::{
    Candidate, CandidateKind,
    net::{Protocol, TcpType},
};

use crate::{
    engine::{core::Core, transport::paths::Paths},
    types::stats::{
        CandidatePairStats, CertificateStats, IceCandidatePairState, IceCandidateType,
        IceTcpCandidateType, LocalCandidateStats, RemoteCandidateStats, RtcStats,
        dictionaries::IceCandidateStats,
    },
};

/// The identifier of the pair in use.
pub(super) const PAIR_ID: &str = "CP0";
pub(super) const LOCAL_CERTIFICATE_ID: &str = "CF-local";
pub(super) const REMOTE_CERTIFICATE_ID: &str = "CF-remote";

impl Core {
    pub(super) fn candidate_stats(&self) -> Vec<RtcStats> {
        let mut records = Vec::new();
        for (index, candidate) in self.paths.local().iter().enumerate() {
            let mut record = LocalCandidateStats::default();
            record.rtc.id = format!("I-local-{index}");
            record.local_candidate = describe(candidate);
            if let Some(url) = self.paths.url_of(candidate) {
                url.clone_into(&mut record.local_candidate.url);
            }
            records.push(RtcStats::LocalCandidate(record));
        }
        for (index, candidate) in self.paths.remote().iter().enumerate() {
            let mut record = RemoteCandidateStats::default();
            record.rtc.id = format!("I-remote-{index}");
            record.remote_candidate = describe(candidate);
            records.push(RtcStats::RemoteCandidate(record));
        }
        records.extend(self.pair_stats());
        records.extend(self.certificate_stats());
        records
    }

    fn pair_stats(&self) -> Option<RtcStats> {
        let pair = self.paths.pair()?;
        let mut record = CandidatePairStats::default();
        PAIR_ID.clone_into(&mut record.rtc.id);
        let figures = &mut record.candidate_pair;
        "T0".clone_into(&mut figures.transport_id);
        figures.local_candidate_id = id_of(
            "local",
            self.paths.local(),
            pair.stats.local.addr,
            &pair.stats.protocol,
        );
        figures.remote_candidate_id = id_of(
            "remote",
            self.paths.remote(),
            pair.stats.remote.addr,
            &pair.stats.protocol,
        );
        figures.state = Some(IceCandidatePairState::Succeeded);
        figures.nominated = true;
        let (now, then) = (&self.traffic, &pair.traffic_before);
        figures.packets_sent = now.packets_sent - then.packets_sent;
        figures.bytes_sent = now.bytes_sent - then.bytes_sent;
        figures.packets_received = now.packets_received - then.packets_received;
        figures.bytes_received = now.bytes_received - then.bytes_received;
        figures.packets_discarded_on_send = now.packets_discarded - then.packets_discarded;
        figures.bytes_discarded_on_send = now.bytes_discarded - then.bytes_discarded;
        figures.responses_received = pair.stats.responses_received;
        figures.total_round_trip_time = pair.stats.total_round_trip_time.as_secs_f64();
        figures.current_round_trip_time = pair
            .stats
            .current_round_trip_time
            .map_or(0.0, |time| time.as_secs_f64());
        Some(RtcStats::CandidatePair(record))
    }

    fn certificate_stats(&self) -> impl Iterator<Item = RtcStats> {
        let certificate = |id: &str, fingerprint: &str| {
            let (algorithm, digest) = fingerprint.split_once(' ')?;
            let mut record = CertificateStats::default();
            id.clone_into(&mut record.rtc.id);
            algorithm.clone_into(&mut record.certificate.fingerprint_algorithm);
            record.certificate.fingerprint = digest.to_ascii_uppercase();
            Some(RtcStats::Certificate(record))
        };
        let local = self.own_fingerprint();
        let remote = self.paths.peer_fingerprint();
        [
            local.and_then(|text| certificate(LOCAL_CERTIFICATE_ID, &text)),
            remote.and_then(|text| certificate(REMOTE_CERTIFICATE_ID, text)),
        ]
        .into_iter()
        .flatten()
    }
}

/// The candidate with an address; empty for one that was learnt from packets alone.
fn id_of(side: &str, known: &[Candidate], address: SocketAddr, proto: &Protocol) -> String {
    known
        .iter()
        .position(|candidate| candidate.addr() == address && candidate.proto() == *proto)
        .map(|index| format!("I-{side}-{index}"))
        .unwrap_or_default()
}

/// The local record that stands for the pair in use, for [`Paths`] with one.
pub(super) fn selected_pair_id(paths: &Paths) -> String {
    paths.pair().map(|_| PAIR_ID.to_owned()).unwrap_or_default()
}

fn describe(candidate: &Candidate) -> IceCandidateStats {
    IceCandidateStats {
        transport_id: "T0".to_owned(),
        address: candidate.addr().ip().to_string(),
        port: i32::from(candidate.addr().port()),
        protocol: candidate.proto().to_string(),
        candidate_type: Some(match candidate.kind() {
            CandidateKind::Host => IceCandidateType::Host,
            CandidateKind::PeerReflexive => IceCandidateType::Prflx,
            CandidateKind::ServerReflexive => IceCandidateType::Srflx,
            CandidateKind::Relayed => IceCandidateType::Relay,
        }),
        priority: i32::try_from(candidate.prio()).unwrap_or(i32::MAX),
        tcp_type: candidate.tcptype().map(|role| match role {
            TcpType::Active => IceTcpCandidateType::Active,
            TcpType::Passive => IceTcpCandidateType::Passive,
            TcpType::So => IceTcpCandidateType::So,
        }),
        ..IceCandidateStats::default()
    }
}
