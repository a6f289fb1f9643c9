#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hoplint_fuzz::run("gunicorn", data));
