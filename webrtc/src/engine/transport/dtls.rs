//! DTLS with the timers of a call: a lost flight is repeated after 50 ms, not after the second that
//! RFC 6347 section 4.2.4.1 has for every use of it.
//!
//! The handshake has four flights of a few packets. With a second before the first repetition and
//! twice as much before each next, half of the calls over 20 % loss took 1.1 s to connect, one in a
//! hundred took 8 s, and some never did, because four repetitions were all
//! (`paths/lossy_tests.rs`; now 0.2 s and about 1.3 s). ICE has already shown that the peer wants
//! these packets, so that repeating a few too early, where the round trip is longer, harms nobody.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use str0m::crypto::{
    CryptoError, CryptoProvider,
    dtls::{
        DtlsCert, DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion,
        ProtocolVersion,
    },
    from_feature_flags,
};

/// Until a flight is repeated first, as in libwebrtc; twice as long before each next, and a quarter
/// more or less by chance.
const FIRST_REPEAT: Duration = Duration::from_millis(50);

/// Repetitions of a flight, the last 25 s after the first time; the handshake as a whole has 40 s.
/// What the peer repeats is answered out of the same number, so there are more than loss alone
/// needs.
const REPEATS: usize = 9;

/// str0m's own cryptography, with these timers.
pub(crate) fn cryptography() -> CryptoProvider {
    CryptoProvider {
        dtls_provider: &CallDtls,
        ..from_feature_flags()
    }
}

#[derive(Debug)]
struct CallDtls;

impl DtlsProvider for CallDtls {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        from_feature_flags().dtls_provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        dtls_version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        // No cookies: ICE has verified the address.
        let mut config = dimpl::Config::builder()
            .use_server_cookie(false)
            .flight_start_rto(FIRST_REPEAT)
            .flight_retries(REPEATS);
        if let Some(mtu) = mtu {
            config = config.mtu(mtu);
        }
        let config = config
            .build()
            .map_err(|error| CryptoError::Other(format!("DTLS cannot be set up: {error}")))?;
        let (config, cert) = (Arc::new(config), cert.clone());
        let dtls = match dtls_version {
            DtlsVersion::Dtls12 => dimpl::Dtls::new_12(config, cert, now),
            DtlsVersion::Dtls13 => dimpl::Dtls::new_13(config, cert, now),
            DtlsVersion::Auto => dimpl::Dtls::new_auto(config, cert, now),
            other => return Err(CryptoError::Other(format!("there is no DTLS {other}"))),
        };
        Ok(Box::new(Instance(dtls)))
    }
}

/// Forwards what str0m asks of DTLS.
struct Instance(dimpl::Dtls);

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance").finish_non_exhaustive() // it holds keys
    }
}

impl DtlsInstance for Instance {
    fn set_active(&mut self, active: bool) {
        self.0.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.0.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        self.0.poll_output(buf)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.0.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.0.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.0.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.0.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.0.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.0.close()
    }
}
