//! The in-process server, signing client, mock clock and seeded RNG that tests are written with.
