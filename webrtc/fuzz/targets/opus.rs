#![no_main]

use libfuzzer_sys::fuzz_target;
use libwebrtc::test_support::fuzzing;

fuzz_target!(
    init: fuzzing::survive_contained_panics(),
    |data: &[u8]| fuzzing::opus(data)
);
