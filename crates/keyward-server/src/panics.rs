//! A panic in one call ends that call, not the connection or the program.

use tracing::error;

/// From now on every panic of the process is a line in the log that names its place. What it said
/// goes nowhere: it may quote a request. For the program to call once it logs.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        error!(location = panic.location().map(tracing::field::display), "a panic");
    }));
}
