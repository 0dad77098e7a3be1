use secrecy::ExposeSecret as _;

use super::*;

fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let base = [
        ("LIVEKIT_URL", "ws://127.0.0.1:7880"),
        ("LIVEKIT_API_KEY", "k"),
        ("LIVEKIT_API_SECRET", "s"),
        ("DATABASE_URL", "postgres://u@localhost/d"),
        ("PACK_DIR", "packs/library"),
    ];
    Config::read(&mut Reader::from_pairs(base.iter().chain(pairs).copied()))
}

#[test]
fn the_four_required_keys_are_enough() {
    let config = read(&[]).unwrap();
    assert_eq!(
        config.livekit.public_url, "ws://127.0.0.1:7880",
        "browsers get the worker's address unless told"
    );
    assert!(
        config.llm.is_none(),
        "without a key there is no language model"
    );
    assert!(
        config.http.bind.ip().is_loopback(),
        "the default bind address is private"
    );
}

#[test]
fn every_mistake_is_reported_with_key_value_and_form() {
    let error = read(&[
        ("MAX_CALLS", "many"),
        ("HTTP_BIND", "8080"),
        ("LIVEKIT_URL", "localhost"),
    ])
    .unwrap_err();
    let text = error.to_string();
    for part in [
        "MAX_CALLS",
        "`many`",
        "1 to 1000",
        "HTTP_BIND",
        "`8080`",
        "host:port",
        "LIVEKIT_URL",
        "ws://",
    ] {
        assert!(text.contains(part), "the error should name {part}: {text}");
    }
}

#[test]
fn a_missing_key_is_named() {
    let text = Config::read(&mut Reader::default())
        .unwrap_err()
        .to_string();
    for key in [
        "LIVEKIT_URL",
        "LIVEKIT_API_KEY",
        "LIVEKIT_API_SECRET",
        "DATABASE_URL",
    ] {
        assert!(
            text.contains(key),
            "{key} is missing and should be named: {text}"
        );
    }
}

#[test]
fn secrets_never_reach_an_error_message() {
    let text = read(&[("DATABASE_URL", "hunter2 is no address")])
        .unwrap_err()
        .to_string();
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn encryption_that_is_not_understood_is_named_before_anything_connects() {
    let loose = [(
        "DATABASE_URL",
        "postgres://u:hunter2@db.example/d?sslmode=verify-ca",
    )];
    let text = read(&loose).unwrap_err().to_string();
    assert!(
        text.contains("verify-full") && !text.contains("hunter2"),
        "{text}"
    );
    let text = read(&[("DATABASE_CA_FILE", "/nowhere/ca.pem")])
        .unwrap_err()
        .to_string();
    for part in ["DATABASE_CA_FILE", "/nowhere/ca.pem", "PEM certificates"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(
        read(&[(
            "DATABASE_URL",
            "postgres://u@db.example/d?sslmode=verify-full"
        )])
        .is_ok()
    );
}

#[test]
fn a_supervisors_key_is_never_the_administrators() {
    let both = [("SUPERVISOR_KEY", "hunter2"), ("ADMIN_KEY", "hunter2")];
    let text = read(&both).unwrap_err().to_string();
    assert!(
        text.contains("ADMIN_KEY") && !text.contains("hunter2"),
        "{text}"
    );
    assert!(read(&[("SUPERVISOR_KEY", "one"), ("ADMIN_KEY", "another")]).is_ok());
}

#[test]
fn demonstration_messages_are_refused_on_a_public_address() {
    let text = read(&[("DEMO_MESSAGES", "1"), ("HTTP_BIND", "0.0.0.0:8080")])
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("DEMO_MESSAGES") && text.contains("loopback"),
        "{text}"
    );
}

#[test]
fn a_second_model_shares_the_times_and_the_budget_of_the_first() {
    let first = ("OPENAI_BASE_URL", "http://127.0.0.1:1/v1");
    let second = ("LLM_FALLBACK_BASE_URL", "http://127.0.0.1:2/v1");
    let alone = read(&[first, ("LLM_TOKENS_PER_DAY", "0")]).unwrap();
    assert!(alone.llm_fallback.is_none());
    let alone = alone.llm.expect("it is set");
    assert_eq!(
        (alone.tokens_per_minute, alone.tokens_per_day),
        (None, None)
    );
    let both = read(&[
        first,
        second,
        ("LLM_FALLBACK_MODEL", "small"),
        ("LLM_FIRST_TOKEN_MS", "700"),
        ("LLM_TOKENS_PER_MINUTE", "5000"),
    ])
    .unwrap();
    let fallback = both.llm_fallback.expect("it is set");
    assert_eq!(
        (fallback.model.as_str(), fallback.base_url.as_str()),
        ("small", second.1)
    );
    assert_eq!(fallback.first_token_timeout.as_millis(), 700);
    assert_eq!(fallback.tokens_per_minute, Some(5_000));
    let text = read(&[second]).unwrap_err().to_string();
    assert!(
        text.contains("OPENAI_BASE_URL") && text.contains("a second model needs a first"),
        "{text}"
    );
}

#[test]
fn a_voice_of_this_machine_stands_behind_a_server_and_a_model_only_where_it_is_asked_for() {
    let server = ("STT_BASE_URL", "http://127.0.0.1:1/v1");
    let alone = read(&[server]).unwrap();
    assert!(
        matches!(alone.stt, SttConfig::Remote { fallback: None, .. }),
        "a model takes memory: {:?}",
        alone.stt
    );
    assert_eq!(alone.tts_fallback, Some(LocalVoice::Flite));
    let both = read(&[
        server,
        ("STT_FALLBACK", "whisper"),
        ("WHISPER_MODEL", "small.bin"),
        ("TTS_FALLBACK", "none"),
    ])
    .unwrap();
    assert!(
        matches!(&both.stt, SttConfig::Remote { fallback: Some(local), .. } if local.model.ends_with("small.bin")),
        "{:?}",
        both.stt
    );
    assert_eq!(both.tts_fallback, None);
    let text = read(&[("STT_FALLBACK", "vosk")]).unwrap_err().to_string();
    assert!(
        text.contains("STT_FALLBACK") && text.contains("whisper"),
        "{text}"
    );
}

#[test]
fn the_web_is_searched_only_where_its_address_is_set() {
    let unset = read(&[("WEB_SEARCH_SITES", "www.example.com")]).unwrap();
    assert!(unset.web_search.is_none(), "off unless it is set");
    let plain = read(&[("WEB_SEARCH_URL", "http://127.0.0.1:8888/")]).unwrap();
    let plain = plain.web_search.expect("it is set");
    assert_eq!((plain.per_hour, plain.time.as_secs()), (10, 8));
    assert!(
        plain.sites.is_empty(),
        "no site may be used unless it is named"
    );
    let own = read(&[
        ("WEB_SEARCH_URL", "https://search.example"),
        ("WEB_SEARCH_PER_HOUR", "3"),
        ("WEB_SEARCH_SECONDS", "2"),
        ("WEB_SEARCH_SITES", "www.example.com, *.example.org"),
    ]);
    let own = own.unwrap().web_search.expect("it is set");
    assert_eq!((own.per_hour, own.time.as_secs()), (3, 2));
    assert!(own.sites.contains("a.example.org") && !own.sites.contains("example.com"));
    let wrong = read(&[
        ("WEB_SEARCH_URL", "search.example"),
        ("WEB_SEARCH_PER_HOUR", "0"),
        ("WEB_SEARCH_SECONDS", "soon"),
        ("WEB_SEARCH_SITES", "https://www.example.com"),
    ]);
    let text = wrong.unwrap_err().to_string();
    for part in [
        "WEB_SEARCH_URL",
        "1 to 10000",
        "`soon`",
        "`https://www.example.com`",
        "hosts parted by commas",
    ] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
}

#[test]
fn tokens_of_look_ups_are_those_whose_names_begin_so() {
    let config = read(&[
        ("LOOKUP_TOKEN_RATES", "hunter2"),
        ("LOOKUP_TOKEN_DESK", "hunter3"),
        ("LOOKUP_PRIVATE_HOSTS", "desk.local,*.corp.example"),
        ("OTHER_TOKEN", "hunter4"),
    ])
    .unwrap();
    let names: Vec<&str> = config.lookups.tokens.keys().map(String::as_str).collect();
    assert_eq!(names, ["LOOKUP_TOKEN_DESK", "LOOKUP_TOKEN_RATES"]);
    assert!(config.lookups.private_hosts.contains("a.corp.example"));
    assert!(config.lookups.url.is_none());
    assert!(
        !format!("{config:?}").contains("hunter"),
        "tokens are secrets"
    );
    let text = read(&[("LOOKUP_PRIVATE_HOSTS", "http://desk.local")])
        .unwrap_err()
        .to_string();
    assert!(text.contains("LOOKUP_PRIVATE_HOSTS"), "{text}");
}

#[test]
fn the_back_end_answers_look_ups_unless_somebody_else_does() {
    let backend = [
        ("BACKEND_URL", "https://desk.example/api/"),
        ("BACKEND_TOKEN", "hunter5"),
        ("LOOKUP_KEY", "hunter6"),
    ];
    let config = read(&backend).unwrap();
    let deeds = config.deeds.clone().expect("it is set");
    assert_eq!(deeds.url, "https://desk.example/api");
    let token = |token: Option<SecretString>| token.map(|token| token.expose_secret().to_owned());
    assert_eq!(token(deeds.token), Some("hunter5".to_owned()));
    assert_eq!(
        config.lookups.url.as_deref(),
        Some("https://desk.example/api")
    );
    assert_eq!(
        token(config.lookups.token.clone()),
        Some("hunter5".to_owned()),
        "a key goes to its own address alone"
    );
    assert!(
        !format!("{config:?}").contains("hunter"),
        "tokens are secrets"
    );
    let [url, ..] = backend;
    let both = read(&[
        url,
        ("LOOKUP_URL", "https://facts.example"),
        ("LOOKUP_KEY", "k"),
    ])
    .unwrap();
    assert_eq!(both.lookups.url.as_deref(), Some("https://facts.example"));
    assert_eq!(token(both.lookups.token), Some("k".to_owned()));
    let none = read(&[]).unwrap();
    assert!(none.deeds.is_none() && none.lookups.url.is_none());
    let text = read(&[("BACKEND_URL", "desk.example")]).unwrap_err();
    assert!(text.to_string().contains("BACKEND_URL"), "{text}");
}

#[test]
fn a_natural_voice_is_a_file_or_a_name_and_says_what_it_should_be() {
    let network = |pairs: &[(&str, &str)]| match read(pairs).unwrap().tts {
        Provider::Neural(network) => network,
        other => panic!("{other:?}"),
    };
    let piper = network(&[("TTS_ENGINE", "piper")]);
    assert_eq!(piper.voice.name(), "en_US-joe-medium");
    assert!(piper.library.ends_with("libonnxruntime.so") && piper.threads.is_none());
    let own = network(&[
        ("TTS_ENGINE", "piper"),
        ("TTS_VOICE", "/v/amy.onnx"),
        ("TTS_THREADS", "3"),
    ]);
    assert_eq!(
        (
            own.voice.name().as_str(),
            own.threads.map(NonZeroUsize::get)
        ),
        ("amy", Some(3))
    );
    let kokoro = network(&[("TTS_ENGINE", "kokoro"), ("TTS_VOICE", "am_michael")]);
    assert_eq!(kokoro.voice.name(), "am_michael");
    let text = read(&[
        ("TTS_ENGINE", "piper"),
        ("TTS_VOICE", "amy"),
        ("TTS_THREADS", "99"),
    ]);
    let text = text.unwrap_err().to_string();
    for part in [
        "TTS_VOICE is `amy`",
        ".onnx",
        "TTS_THREADS is `99`",
        "0 to 16",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(
        read(&[("SPEECH_CACHE", "off")])
            .unwrap()
            .speech_cache
            .is_none()
    );
}

#[test]
fn the_example_file_lists_exactly_the_keys_we_read() {
    let mut reader = Reader::from_pairs([("TTS_ENGINE", "openai")]);
    drop(Config::read(&mut reader));
    let example = include_str!("../../../.env.example");
    let mut listed: Vec<&str> = example
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").split_once('='))
        .map(|(key, _)| key)
        .filter(|key| !key.is_empty() && key.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    listed.sort_unstable();
    listed.dedup();
    let mut read: Vec<&str> = reader.keys().collect();
    read.sort_unstable();
    assert_eq!(
        listed, read,
        ".env.example and teller/src/config.rs must name the same keys"
    );
}

#[test]
fn the_network_that_hears_an_end_is_optional_unless_it_is_named() {
    let end_of_turn = |pairs: &[(&str, &str)]| read(pairs).unwrap().end_of_turn;
    let usual = end_of_turn(&[]);
    assert!(usual.model.is_some() && !usual.is_required);
    let named = end_of_turn(&[("END_OF_TURN_MODEL", "/models/turn.onnx")]);
    assert!(named.is_required, "{named:?}");
    assert_eq!(named.model, Some("/models/turn.onnx".into()));
    assert!(end_of_turn(&[("END_OF_TURN_MODEL", "off")]).model.is_none());
    let patience = |value| read(&[("ENDPOINTING", value)]).map(|config| config.patience);
    assert_eq!(patience("patient").unwrap(), Patience::Patient);
    assert_eq!(patience("").unwrap(), Patience::Balanced);
    let text = patience("slow").unwrap_err().to_string();
    assert!(
        text.contains("ENDPOINTING") && text.contains("eager"),
        "{text}"
    );
}
