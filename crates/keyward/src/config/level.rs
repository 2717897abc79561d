//! `level` in `[log]`: how much is logged, as a whole and by part.
//!
//! Read strictly: a word that is no level would otherwise be taken for the name of a part, and
//! everything else would go unlogged.

use anyhow::{Result, bail};
use tracing_subscriber::filter::{LevelFilter, Targets};

/// What the rest is logged at when only parts are named.
const REST: LevelFilter = LevelFilter::INFO;
/// Parts that may log header lines, signatures among them: only their warnings are let through.
const QUIET: [&str; 3] = ["h2", "hyper", "rustls"];

/// The filter that these words ask for.
pub(super) fn filter(text: &str) -> Result<Targets> {
    let quiet = QUIET.map(|part| (part, LevelFilter::WARN));
    let mut filter = Targets::new().with_default(REST).with_targets(quiet);
    for word in text.split(',').map(str::trim) {
        filter = match word.split_once('=') {
            None => filter.with_default(level(word)?),
            Some((part, word)) => {
                let part = part.trim();
                require_part(part)?;
                let is_quiet = QUIET.iter().any(|quiet| part.starts_with(quiet));
                let level = level(word.trim())?;
                filter
                    .with_target(part, if is_quiet { level.min(LevelFilter::WARN) } else { level })
            }
        };
    }
    Ok(filter)
}

fn level(word: &str) -> Result<LevelFilter> {
    Ok(match word {
        "error" => LevelFilter::ERROR,
        "warn" => LevelFilter::WARN,
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        "trace" => LevelFilter::TRACE,
        _ => bail!("`{word}` is no level; the levels are error, warn, info, debug and trace"),
    })
}

fn require_part(part: &str) -> Result<()> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_:".contains(c);
    if part.is_empty() || !part.chars().all(is_allowed) {
        bail!("`{part}` is no part of the program, such as keyward_server");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn a_word_alone_is_one_of_the_five_levels() {
        for word in ["error", "warn", "info", "debug", "trace"] {
            filter(word).unwrap();
        }
        for word in [
            "",
            "warning",
            "off",
            "INFO",
            "3",
            "hyper",
            "info,",
            "info,warning",
            "a=b",
            "=info",
            "[x]=info",
        ] {
            assert!(filter(word).is_err(), "{word:?}");
        }
    }

    #[test]
    fn a_part_has_a_level_of_its_own_and_the_rest_the_usual_one() {
        let filter = filter("keyward_server=debug, keyward_engine = error").unwrap();
        assert!(filter.would_enable("keyward_server::listener", &Level::DEBUG));
        assert!(!filter.would_enable("keyward_engine", &Level::WARN));
        assert!(filter.would_enable("keyward", &Level::INFO));
        assert!(!filter.would_enable("keyward", &Level::DEBUG));
    }

    #[test]
    fn parts_that_may_log_headers_never_get_past_their_warnings() {
        for text in
            ["trace", "trace,hyper=trace", "info,h2::codec=debug,rustls=info,hyper_util=trace"]
        {
            let filter = filter(text).unwrap();
            for part in
                ["h2::codec::framed_write", "hyper::proto::h1", "hyper_util::client", "rustls"]
            {
                assert!(filter.would_enable(part, &Level::WARN), "{text} {part}");
                assert!(!filter.would_enable(part, &Level::INFO), "{text} {part}");
            }
        }
        assert!(!filter("info,hyper=error").unwrap().would_enable("hyper", &Level::WARN));
    }
}
